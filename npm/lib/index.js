// The module as programs see it. `index.js` and `platform/` above give it its names.
//
// A reader's path, from the program inwards:
//
// | file | what it holds |
// |---|---|
// | `websocket.js`, `server.js` | the objects that programs have: calls go in, events come out |
// | `options.js`, `headers.js` | what programs write, made what the native half takes |
// | `listeners.js` | `on` and `off`, and the calls of listeners |
// | `answers.js` | the answers to calls: callbacks and promises |
// | `errors.js` | `BusinessError`, and how it is made of what the native half says |
// | `context.js` | the async contexts in which events and callbacks run |
// | `settings.js` | `setApiVersion` and `setPolicy` |
// | `runtime.js` | the native half: its functions, and the loop that hands on its events |
// | `native.js` | finds and loads it |
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
