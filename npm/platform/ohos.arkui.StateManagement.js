// `@ohos.arkui.StateManagement`: see `@kit.ArkUI`.
'use strict';

exports.Type = require('./kit.ArkUI.js').Type;
