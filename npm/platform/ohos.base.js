// `@ohos.base`: the rest of it are types.
'use strict';

exports.BusinessError = require('../lib').BusinessError;
