// Calls every function of the public API with any values: `node random-calls.mjs SEED CALLS`. What
// comes back has to be a BusinessError, and the module has to work as ever at the end.
import assert from 'node:assert/strict';
import { setImmediate, setTimeout } from 'node:timers/promises';
import * as arkws from 'arkws';
import { connected, next } from './events.mjs';

const [seed = '1', count = '1000'] = process.argv.slice(2);

// mulberry32, by Tommy Ettinger: the order is that of the seed, but for what the network adds.
let state = Number(seed) >>> 0;
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}
const below = (limit) => Math.floor(random() * limit);
const oneOf = (list) => list[below(list.length)];

/** What getters, conversions and traps of ours throw: none of it may come out. */
const OURS = new Error('of the program');
const thrower = () => {
  throw OURS;
};

/** A function that throws, calls the API again, or gives any value. */
function hook(depth) {
  return oneOf([
    thrower,
    () => (called < count ? call(depth + 1) : undefined),
    () => value(depth + 1),
    () => {
      globalThis.gc?.();
      return {};
    },
  ]);
}

function traps(depth) {
  const names = Reflect.ownKeys(Reflect).filter((name) => typeof Reflect[name] === 'function');
  return Object.fromEntries(
    names.map((name) => [name, random() < 0.3 ? hook(depth) : (...args) => Reflect[name](...args)]),
  );
}

function detached(buffer) {
  structuredClone(buffer, { transfer: [buffer] });
  return buffer;
}

const PRIMITIVES = [
  ...[undefined, null, true, false, 0, -0, 1, -1, 0.5, NaN, Infinity, -Infinity, 1e308],
  ...[2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 63), 10n, -(2n ** 64n), Symbol('s')],
  ...[Symbol.iterator, '', 'a', '\0', '\ud800', '\udc00\ud800', '🐻', 'a\r\nb: c'],
  ...['ws://127.0.0.1:1/', 'ws://', 'wss://127.0.0.1:1', 'http://a', 'null', '*', '__proto__'],
  ...['127.0.0.1', '::1', 'open', 'message', 'error', 'close', 'connect', 'request', 'ping'],
  ...['x'.repeat(70_000), 'é'.repeat(5000)],
];

/** Without those that would have it listen on any port, or on a descriptor of the process, or ask
 * for the address of any name. */
const NAMES = [
  ...['header', 'caPath', 'clientCert', 'proxy', 'protocol', 'pingInterval', 'pongTimeout', 'then'],
  ...['connectTimeout', 'handshakeTimeout', 'writeTimeout', 'messageTimeout', 'maxRedirects'],
  ...['maxHeaderBytes', 'maxHeaders', 'maxMessageSize', 'maxFragments', 'maxQueuedBytes'],
  ...['perMessageDeflate', 'reconnect', 'binaryType', 'signal', 'serverIP', 'code'],
  ...['serverCert', 'limits', 'trustProxy', 'allowedOrigins', 'path', 'reason', 'timeout'],
  ...['maxConcurrentClientsNumber', 'maxConnectionsForOneClient', 'clientIP', 'clientPort', 'id'],
  ...['port', 'username', 'exclusionList', 'initialDelay', 'factor', 'retryOn', 'status'],
  ...['body', 'headers', 'internet', 'allowedHosts', 'except', 'room', 'length', 'byteLength'],
  ...['message', 'name', 'certPath', 'keyPath', 'url', 'toString', 'server', 'noServer'],
];

/** Objects of every kind, each time new ones. */
const OBJECTS = [
  (depth) => Object.fromEntries(some(4, () => [oneOf(NAMES), value(depth + 1)])),
  (depth) => {
    const object = {};
    for (const name of some(3, () => oneOf(NAMES))) {
      Object.defineProperty(object, name, {
        configurable: true,
        enumerable: true,
        get: hook(depth),
      });
    }
    return object;
  },
  (depth) => some(4, () => value(depth + 1)),
  (depth) => new Proxy(oneOf([{}, [], () => {}, new Uint8Array(4)]), traps(depth)),
  () => {
    const { proxy, revoke } = Proxy.revocable(oneOf([{}, [], () => {}]), {});
    revoke();
    return proxy;
  },
  (depth) => ({ toString: hook(depth), valueOf: hook(depth) }),
  (depth) => ({ [Symbol.toPrimitive]: hook(depth) }),
  (depth) => ({ then: hook(depth) }),
  (depth) => ({ [Symbol.iterator]: hook(depth), [Symbol.asyncIterator]: hook(depth) }),
  () => {
    const cyclic = {};
    cyclic.header = cyclic.proxy = cyclic.then = cyclic;
    return cyclic;
  },
  () => Object.create(null),
  () => Object.freeze({ code: 1000, reason: 'frozen' }),
  () => new Map([['a', 'b']]),
  () => new Date(NaN),
  () => /a/,
  () => new (class extends Array {})(3),
  () => Promise.resolve(1),
  () => new ArrayBuffer(below(100_000)),
  () => detached(new ArrayBuffer(16)),
  () => {
    const view = new Uint8Array(16);
    detached(view.buffer);
    return view;
  },
  () => new ArrayBuffer(8, { maxByteLength: 64 }),
  () => {
    const buffer = new ArrayBuffer(64, { maxByteLength: 64 });
    const view = new DataView(buffer, 32, 32);
    buffer.resize?.(8);
    return view;
  },
  () => new SharedArrayBuffer(32),
  () => new Uint8Array(new SharedArrayBuffer(32)),
  () => new Float64Array(9).subarray(3),
  () => Buffer.from('buffer'),
  () => new DataView(new ArrayBuffer(9), 1, 7),
  () => AbortSignal.abort(),
  () => new AbortController().signal,
  () => new URL('ws://127.0.0.1:1/'),
  () => () => {},
  () => class {},
  (depth) => oneOf(receivers)?.object ?? value(depth + 1),
];

function some(most, make) {
  return Array.from({ length: below(most + 1) }, make);
}

function value(depth = 0) {
  if (depth > 4 || random() < 0.4) return random() < 0.1 ? url : oneOf(PRIMITIVES);
  return oneOf(OBJECTS)(depth);
}

/** What a call would take, now and then, so that there is something to do harm to. */
const SENSIBLE = {
  connect: () => [url, { reconnect: random() < 0.3 ? { initialDelay: 1 } : undefined }],
  start: () => [{ serverIP: '127.0.0.1', serverPort: 0 }],
  send: () => [oneOf(['text', new ArrayBuffer(8)]), oneOf(connections)],
  close: () => [oneOf([connections[0], { code: 1000 }]), { code: 1001, reason: 'r' }],
  on: () => [oneOf(['message', 'close', 'error', 'ping', 'request', 'httpRequest']), listener],
  join: () => [oneOf(connections), 'room'],
  leave: () => [oneOf(connections), 'room'],
  broadcastTo: () => ['room', 'text'],
  broadcast: () => ['text'],
};

const connections = [];

/** What arkws calls. It never throws: that would be the program's fault. */
function listener(...args) {
  for (const argument of args) {
    if (argument?.clientIP !== undefined) connections[below(4)] = argument;
    if (typeof argument?.accept === 'function' || typeof argument?.respond === 'function') {
      add('request', argument);
    }
  }
  if (called < count && random() < 0.2) call(3);
}

/** Whose functions are called. */
const receivers = [];

function add(kind, object) {
  receivers[receivers.length < 24 ? receivers.length : 2 + below(22)] = { kind, object };
}

function functionsOf(object) {
  const names = new Set();
  for (let at = object; at && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const name of Reflect.ownKeys(at)) {
      if (name !== 'constructor' && typeof object[name] === 'function') names.add(name);
    }
  }
  return [...names];
}

let called = 0;
let failed = 0;
const reached = new Set();

/** Only errors of the API come out of it. */
function check(error, what) {
  failed += 1;
  assert.ok(error instanceof arkws.BusinessError, `${what} threw ${error?.stack}`);
  assert.ok(Number.isInteger(error.code) && error.code !== 0, `${what}: ${error.code}`);
  assert.equal(typeof error.message, 'string', what);
  assert.doesNotMatch(error.message, /[\x00-\x1f]/, what);
  assert.notEqual(error.code, 2303999, `${what}: ${error.message}`);
}

function call(depth = 0) {
  const { kind, object } = oneOf(receivers);
  const name = oneOf(functionsOf(object));
  const what = `${kind}.${String(name)}`;
  if (depth > 6) return undefined;
  called += 1;
  reached.add(what);
  const sensible = SENSIBLE[name];
  const args = sensible && random() < 0.5 ? sensible() : some(3, () => value(1));
  if (random() < 0.2) args.push(listener);
  let result;
  try {
    const receiver = random() < 0.03 ? value(2) : object;
    result = Reflect.apply(object[name], receiver, args);
  } catch (error) {
    check(error, what);
    return undefined;
  }
  if (result instanceof Promise) {
    result.catch((error) => check(error, what));
  }
  if (name === 'createWebSocket' || name === 'createWebSocketServer') add(name, result);
  // Most calls are to get beyond the first check.
  if (random() < 0.8) {
    arkws.setPolicy(undefined);
    arkws.setApiVersion(undefined);
  }
  return result;
}

process.on('uncaughtException', (error, origin) => {
  // What listeners of ours throw, such as Proxies and classes, is the program's.
  const isOfListener = error === OURS || /without 'new'|'apply' on a proxy/.test(error?.message);
  if (isOfListener && origin === 'uncaughtException') return;
  console.error(origin, error);
  process.exit(1);
});

const echo = arkws.createWebSocketServer();
echo.on('messageReceive', ({ clientConnection, data }) => {
  echo.send(data, clientConnection).catch(() => {});
});
await echo.start({ serverIP: '127.0.0.1', serverPort: 0 });
const { port } = echo.listAddress();
const url = `ws://127.0.0.1:${port}/`;

const { setApiVersion, setPolicy, networkChanged, getApiVersion } = arkws;
const { createWebSocket, createWebSocketServer } = arkws;
add('arkws', { setApiVersion, setPolicy, networkChanged, getApiVersion });
add('arkws', { createWebSocket, createWebSocketServer });
while (called < count) {
  call();
  if (called % 16 === 0) await setImmediate();
}

// It works as ever.
setPolicy(undefined);
setApiVersion(undefined);
const server = createWebSocketServer();
server.on('messageReceive', ({ clientConnection, data }) => {
  server.send(data, clientConnection).catch(() => {});
});
await server.start({ serverIP: '127.0.0.1', serverPort: 0 });
const ws = await connected(`ws://127.0.0.1:${server.listAddress().port}/`);
const answer = next(ws, 'message');
await ws.send('still here');
assert.equal((await answer)[1], 'still here');
await ws.close();
for (const { kind, object } of receivers) {
  if (kind === 'createWebSocket') object.terminate();
  if (kind === 'createWebSocketServer') object.stop({ timeout: 0 }).catch(() => {});
}
// Whatever was still on its way may fail now.
await setTimeout(100);
console.log(JSON.stringify({ seed, called, failed, reached: [...reached].sort() }));
process.exit(0);
