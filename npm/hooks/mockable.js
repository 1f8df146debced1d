// For `mock.module` of node:test on Node.js 22: its hooks are on the loader's thread, where they
// load what they mock before they replace it. There, too, our modules must be found.
'use strict';

exports.load = require('./platform.js').load;
