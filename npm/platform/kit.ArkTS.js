// `@kit.ArkTS`, as far as networking code uses it.
'use strict';

exports.buffer = require('./ohos.buffer.js').default;
exports.util = require('./ohos.util.js').default;
