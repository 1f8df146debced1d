// `@kit.NetworkKit`: the module as programs import it since API level 12, so the newest level
// unless something else says otherwise.
'use strict';

exports.connection = require('./ohos.net.connection.js').default;
exports.webSocket = require('../lib').makeModule('@kit.NetworkKit');
