// `@ohos.base`, and `@kit.BasicServicesKit`, as far as `@ohos.net.webSocket` needs it: the rest of
// it are types.
'use strict';

exports.BusinessError = require('../lib').BusinessError;
