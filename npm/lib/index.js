// The module as programs see it. `index.js` and `platform/` above give it its names.
//
// A reader's path, from the program inwards:
//
// | file | what it holds |
// |---|---|
// | `websocket.js`, `server.js` | the objects that programs have: calls go in, events come out |
// | `client.js` | the inside of a client: what is called where events come |
// | `held.js`, `iterate.js` | what a paused client keeps; `for await` |
// | `abort.js`, `pings.js`, `questions.js` | signals; `ping()`; functions that options have |
// | `refusal.js` | `error.response` |
// | `connection.js`, `request.js` | a client of a server, and what it asks, as programs have them |
// | `options.js`, `headers.js`, `pem.js` | what programs write, made what the native half takes |
// | `listeners.js` | `on` and `off`, and the calls of listeners (of `message`: the objects) |
// | `answers.js` | the answers to calls: callbacks and promises |
// | `errors.js` | `BusinessError`, and how it is made of what the native half says |
// | `warnings.js` | mistakes that the platform is silent about |
// | `context.js` | the async contexts in which events and callbacks run |
// | `settings.js` | `getApiVersion`, `setApiVersion` and `setPolicy` |
// | `delivery.js` | the loop that hands events to the objects, which call listeners |
// | `runtime.js` | the native half: its functions, turns, and what keeps the process alive |
// | `native.js` | finds and loads it |
// | `web/` | the web's own API, over the same native half |
'use strict';

const { BusinessError } = require('./errors.js');
const { getApiVersion, setApiVersion, setPolicy } = require('./settings.js');
const { createWebSocket } = require('./websocket.js');
const { createWebSocketServer } = require('./server.js');

const TlsProtocol = Object.freeze({ TLS_V_1_0: 0, TLS_V_1_1: 1, TLS_V_1_2: 2, TLS_V_1_3: 3 });

/**
 * The documentation's `webSocket`, as the module that the file `importer` imports as `importName`.
 * The name says which API level it has where nothing else says so. `importer`, an absolute path, is
 * the file whose project says it, and which permission there is; undefined: the main module is.
 */
function makeModule(importName, importer) {
  return {
    createWebSocket() {
      return createWebSocket(importName, importer);
    },
    createWebSocketServer() {
      return createWebSocketServer(importName, importer);
    },
    TlsProtocol,
  };
}

module.exports = { BusinessError, getApiVersion, makeModule, setApiVersion, setPolicy };
