// `@ohos.net.webSocket`: the contract, API level 10 unless something else says otherwise.
'use strict';

const webSocket = require('../lib').makeModule('@ohos.net.webSocket');

// The platform exports a default only. TypeScript compiled to CommonJS without `esModuleInterop`
// looks for it by name.
module.exports = { ...webSocket, default: webSocket };
