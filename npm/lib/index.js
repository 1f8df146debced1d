// The module as programs see it. `index.js` and `platform/` above give it its names.
'use strict';

const { BusinessError } = require('./errors.js');
const { setApiVersion, setPolicy } = require('./settings.js');
const { createWebSocket } = require('./websocket.js');
const { createWebSocketServer } = require('./server.js');

const TlsProtocol = Object.freeze({ TLS_V_1_0: 0, TLS_V_1_1: 1, TLS_V_1_2: 2, TLS_V_1_3: 3 });

/** The documentation's `webSocket`, at API level `level` where nothing else says which. */
function makeModule(level) {
  return {
    createWebSocket() {
      return createWebSocket(level);
    },
    createWebSocketServer() {
      return createWebSocketServer(level);
    },
    TlsProtocol,
  };
}

module.exports = { BusinessError, makeModule, setApiVersion, setPolicy };
