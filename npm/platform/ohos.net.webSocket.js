// `@ohos.net.webSocket`: the contract, API level 10 unless something else says otherwise.
'use strict';

const { makeModule } = require('../lib');

module.exports = (importer) => {
  const webSocket = makeModule('@ohos.net.webSocket', importer);
  // The platform exports a default only. TypeScript compiled to CommonJS without `esModuleInterop`
  // looks for it by name.
  return { ...webSocket, default: webSocket };
};
