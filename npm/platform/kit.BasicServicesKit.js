// `@kit.BasicServicesKit`: errors and events.
'use strict';

exports.BusinessError = require('../lib').BusinessError;
exports.emitter = require('./ohos.events.emitter.js').default;
