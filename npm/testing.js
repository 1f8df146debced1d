// `arkws/testing`: what a test can do to the platform that the program sees.
'use strict';

exports.network = require('./platform/network.js').network;
