// `preset: 'arkws'` in jest's configuration.
'use strict';

module.exports = require('./jest.js').preset;
