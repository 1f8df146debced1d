// The module `@ohos.net.webSocket` in plain JavaScript, over the native half: what programs call,
// and who listens to what. This folder asks its runtime for nothing but the language, and what
// `start` is given: so Node.js (`npm/lib`) and OpenHarmony have one source.
//
// A reader's path, from the program inwards:
//
// | file | what it holds |
// |---|---|
// | `websocket.mjs`, `websocket-server.mjs` | the objects that programs have |
// | `client.mjs`, `server.mjs` | their insides: calls go in, events come out |
// | `requests.mjs`, `rooms.mjs` | more of a server's: what clients ask; messages for many of them |
// | `recipient.mjs` | whom a call of a server is for |
// | `held.mjs`, `iterate.mjs` | what a paused client keeps; `for await` |
// | `abort.mjs`, `pings.mjs`, `questions.mjs` | signals; `ping()`; functions that options have |
// | `refusal.mjs` | `error.response` |
// | `connection.mjs`, `request.mjs` | a server's client, and what it asks, as programs have them |
// | `options.mjs`, `listening.mjs`, `headers.mjs` | what programs write, made what we take |
// | `pem.mjs`, `certificate.mjs` | the same of certificates |
// | `listeners.mjs` | `on` and `off`, and the calls of listeners (of `message`: the objects) |
// | `answers.mjs` | the answers to calls: callbacks and promises |
// | `errors.mjs` | `BusinessError`, and how it is made of what the native half says |
// | `warnings.mjs` | mistakes that the platform is silent about |
// | `context.mjs` | the async contexts in which events and callbacks run |
// | `settings.mjs` | `getApiVersion`, `setApiVersion` and `setPolicy` |
// | `delivery.mjs` | the loop that hands events to the objects, which call listeners |
// | `runtime.mjs` | the native half: its functions, turns, and what keeps the process alive |
// | `host.mjs` | what all of it takes of the JavaScript runtime |
// | `bundle.mjs` | what of it `npm/lib` uses |
import { BusinessError } from './errors.mjs';
import { setHost } from './host.mjs';
import { listenToNetworks, networkChanged } from './runtime.mjs';
import { getApiVersion, setApiVersion, setPolicy } from './settings.mjs';
import { createWebSocket } from './websocket.mjs';
import { createWebSocketServer } from './websocket-server.mjs';

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

/**
 * The module in the runtime that `host` describes. Called once: its objects, settings and events
 * are those of the runtime.
 *
 * @param {import('./host.mjs').Host} host
 */
export function start(host) {
  setHost(host);
  return {
    BusinessError,
    getApiVersion,
    listenToNetworks,
    makeModule,
    networkChanged,
    setApiVersion,
    setPolicy,
  };
}
