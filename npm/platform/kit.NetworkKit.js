// `@kit.NetworkKit`: the module as programs import it since API level 12, so the newest level
// unless something else says otherwise.
'use strict';

const { makeModule } = require('../lib');
const connection = require('./ohos.net.connection.js').default;

module.exports = (importer) => ({ connection, webSocket: makeModule('@kit.NetworkKit', importer) });
