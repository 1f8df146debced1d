// `@kit.ArkTS`, as far as networking code uses it.
'use strict';

exports.JSON = require('./ohos.util.json.js').default;
exports.buffer = require('./ohos.buffer.js').default;
exports.url = require('./ohos.url.js').default;
exports.util = require('./ohos.util.js').default;
