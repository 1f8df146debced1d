// All codes of the contract's table, by every way in which they are delivered.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { after, describe, it } from 'node:test';
import webSocket, { BusinessError, setApiVersion, setPolicy } from 'arkws';
import { next, rejection } from '../../npm/test/events.mjs';
import { serve } from '../../npm/test/servers.mjs';

const { makeModule } = createRequire(import.meta.url)('../../npm/lib/index.js');

const NOWHERE = 'ws://127.0.0.1:1';
const client = () => webSocket.createWebSocket();
const server = () => webSocket.createWebSocketServer();
/** One that a program of the platform has. */
const platformServer = () => makeModule('@ohos.net.webSocket').createWebSocketServer();
const somebody = { clientIP: '127.0.0.1', clientPort: 1 };
const tooLong = 'a'.repeat(5 * 1024 * 1024 - 15);

/** A client that has an open connection, or is about to. */
async function busy(t) {
  const ws = client();
  await ws.connect(await serve(t, () => {}));
  t.after(() => ws.close().catch(() => {}));
  return ws;
}

/** A server that listens, and is stopped after the test; `make` makes its object. */
async function running(t, make = server) {
  const running = make();
  await running.start({ serverIP: '127.0.0.1', serverPort: 0 });
  t.after(() => running.stop().catch(() => {}));
  return running;
}

/** A policy for the time of a test. */
function policy(t, policy) {
  setPolicy(policy);
  t.after(() => setPolicy(undefined));
}

// Calls of a client, each answered by promise or by callback:
// `[what, () => [method, ...arguments], conditions]`. Where they say `event`, an `error` event
// tells it as well (A3).
const CLIENT = {
  401: {
    text: 'Parameter error',
    calls: [
      ['connect to what is no string', () => ['connect', 1]],
      ['connect with options that are none', () => ['connect', NOWHERE, null]],
      ['connect with a proxy that is none', () => ['connect', NOWHERE, { proxy: 'no' }]],
      [
        'connect with a header that is none',
        () => ['connect', NOWHERE, { header: { 'a b': 'c' } }],
      ],
      ['connect with a bad option of ours', () => ['connect', NOWHERE, { reconnect: 1 }]],
      [
        'connect to what is no URL at level 10',
        () => ['connect', 'hello'],
        { event: true, level: 10 },
      ],
      ['send of what is neither string nor ArrayBuffer', () => ['send', new Uint8Array(1)]],
      ['send of too much', () => ['send', tooLong], { open: true }],
      ['close with options that are none', () => ['close', 1]],
    ],
  },
  201: {
    text: 'Permission denied',
    calls: [
      [
        'connect without the permission',
        () => ['connect', NOWHERE],
        { policy: { internet: false } },
      ],
      ['send without the permission', () => ['send', 'a'], { policy: { internet: false } }],
      ['close without the permission', () => ['close'], { policy: { internet: false } }],
    ],
  },
  [-1]: {
    text: 'Websocket connect failed',
    calls: [
      ['connect to a URL without a host', () => ['connect', 'ws://'], { event: true }],
      [
        'connect to a URL without a host at level 10',
        () => ['connect', 'ws://'],
        { event: true, level: 10 },
      ],
    ],
  },
  '-1 of send': {
    text: 'Websocket Unknown Other Error',
    code: -1,
    calls: [['send without a connection', () => ['send', 'a']]],
  },
  2302001: {
    text: 'Websocket url error',
    calls: [
      ['connect to what is no URL', () => ['connect', 'hello'], { event: true }],
      [
        'connect to a URL of another scheme',
        () => ['connect', 'https://127.0.0.1'],
        { event: true },
      ],
      [
        'connect to a URL that is too long',
        () => ['connect', `ws://127.0.0.1/${'a'.repeat(8200)}`],
        { event: true },
      ],
    ],
  },
  2302002: {
    text: 'Websocket certificate file does not exist',
    calls: [
      [
        'connect with a missing caPath',
        () => ['connect', 'wss://127.0.0.1:1', { caPath: '/no/ca.pem' }],
        { event: true },
      ],
      [
        'connect with a missing certificate',
        () => [
          'connect',
          NOWHERE,
          { clientCert: { certPath: '/no/cert.pem', keyPath: '/no/key.pem' } },
        ],
        { event: true },
      ],
    ],
  },
  2302003: {
    text: 'Websocket connection already exist',
    calls: [
      [
        'connect of an object that is connected',
        () => ['connect', NOWHERE],
        { open: true, event: true },
      ],
    ],
  },
  2302998: {
    text: 'It is not allowed to access this domain',
    calls: [
      [
        'connect to a host that is not on the list',
        () => ['connect', NOWHERE],
        { event: true, policy: { allowedHosts: ['example.org'] } },
      ],
    ],
  },
  2302999: {
    text: 'Websocket Unknown Other Error',
    calls: [['close without a connection', () => ['close']]],
  },
};

// Calls of a server, each answered by promise: `[what, call, conditions]`.
const SERVER = {
  401: {
    text: 'Parameter error',
    calls: [
      ['start without a configuration', (server) => server.start()],
      [
        'start with sub-protocols that are none',
        (server) => server.start({ serverPort: 0, protocol: 'a b' }),
      ],
      [
        'start with a bad option of ours',
        (server) => server.start({ serverPort: 0, pingInterval: -1 }),
      ],
      ['send without a connection', (server) => server.send('a')],
      ['send of what is neither string nor ArrayBuffer', (server) => server.send(1, somebody)],
      ['close without a connection', (server) => server.close()],
      ['close with options that lack a reason', (server) => server.close(somebody, { code: 1000 })],
      ['broadcast of nothing', (server) => server.broadcast()],
      ['stop with options that are none', (server) => server.stop(1), { running: true }],
    ],
  },
  201: {
    text: 'Permission denied',
    policy: { internet: false },
    calls: [
      ['start', (server) => server.start({ serverPort: 0 })],
      ['stop', (server) => server.stop()],
      ['listAllConnections', (server) => server.listAllConnections()],
      ['send', (server) => server.send('a', somebody)],
      ['close', (server) => server.close(somebody)],
      ['broadcast', (server) => server.broadcast('a')],
    ],
  },
  [-1]: {
    text: 'Websocket Unknown Other Error',
    calls: [
      [
        'send to a client without an address',
        (server) => server.send('a', { clientIP: '', clientPort: 1 }),
      ],
    ],
  },
  2302002: {
    text: 'Websocket certificate file does not exist',
    calls: [
      [
        'start with a missing certificate',
        (server) =>
          server.start({
            serverPort: 0,
            serverCert: { certPath: '/no/cert.pem', keyPath: '/no/key.pem' },
          }),
      ],
    ],
  },
  2302004: {
    text: "Can't listen to the given NIC",
    calls: [
      [
        'start at what is no address',
        (server) => server.start({ serverIP: '0.0.0.0..', serverPort: 0 }),
      ],
      [
        'start at the address of another machine',
        (server) => server.start({ serverIP: '192.0.2.1', serverPort: 0 }),
      ],
    ],
  },
  2302005: {
    text: "Can't listen to the given Port",
    calls: [
      ['start at a port over 65535', (server) => server.start({ serverPort: 65536 })],
      ['start at a port far over it', (server) => server.start({ serverPort: 4294975384 })],
      ['start at a negative port', (server) => server.start({ serverPort: -1 })],
    ],
  },
  2302006: {
    text: 'websocket connection does not exist',
    running: true,
    calls: [
      ['send to nobody', (server) => server.send('a', somebody)],
      ['close of nobody', (server) => server.close(somebody)],
    ],
  },
  2302007: {
    text: 'Websocket port already occupied',
    calls: [
      [
        'start at a port in use',
        (server, { port }) => server.start({ serverIP: '127.0.0.1', serverPort: port }),
        { occupied: true },
      ],
    ],
  },
  2302999: {
    text: 'Websocket Unknown Other Error',
    calls: [
      [
        'start with too many clients',
        (server) => server.start({ serverPort: 0, maxConcurrentClientsNumber: 11 }),
      ],
      [
        'start with too many connections',
        (server) => server.start({ serverPort: 0, maxConnectionsForOneClient: 11 }),
      ],
      [
        'start of a server that runs',
        (server) => server.start({ serverPort: 0 }),
        { running: true },
      ],
      ['stop without a start', (server) => server.stop()],
      ['stop with an argument', (server) => server.stop(1), { running: true, isPlatforms: true }],
      ['listAllConnections without a start', (server) => server.listAllConnections()],
      [
        'listAllConnections with an argument',
        (server) => server.listAllConnections(1),
        { running: true },
      ],
      [
        'close of a client without an address',
        (server) => server.close({ clientIP: '', clientPort: 1 }),
        { running: true },
      ],
      ['broadcast without a start', (server) => server.broadcast('a')],
    ],
  },
};

/** Fails unless this is the error of the contract with that code and text. */
function assertError(error, code, text) {
  assert.ok(error instanceof Error);
  assert.ok(error instanceof BusinessError);
  assert.equal(error.name, 'BusinessError');
  assert.equal(typeof error.stack, 'string');
  assert.equal(error.code, code, error.message);
  assert.ok(error.message.startsWith(text), error.message);
  // Ours go on after the contract's text: what happened.
  assert.ok(error.message.length > text.length, error.message);
  for (const name of ['code', 'message']) {
    const { enumerable } = Object.getOwnPropertyDescriptor(error, name);
    assert.ok(enumerable, name);
  }
  const shown = JSON.parse(JSON.stringify(error));
  assert.equal(shown.code, code);
  assert.equal(shown.message, error.message);
}

/**
 * Fails unless this is a client's `error` event; one that tells of a failed call begins as that
 * call's error does.
 */
function assertEvent(error, text = 'Websocket connect failed') {
  assertError(error, 200, text);
  assert.ok(Object.getOwnPropertyDescriptor(error, 'data').enumerable);
  assert.match(error.data, /^\d+$/);
  assert.equal(JSON.parse(JSON.stringify(error)).data, error.data);
  assert.equal(typeof error.cause, 'string');
}

/**
 * Ready when the events of all that was done before have been delivered: there is one queue for
 * them.
 */
async function eventsDelivered() {
  setPolicy(undefined);
  const other = client();
  const failed = next(other, 'error');
  await other.connect(NOWHERE);
  await failed;
}

after(() => setApiVersion(undefined));

for (const [key, { text, code = Number(key), calls }] of Object.entries(CLIENT)) {
  describe(`${key}, ${text}`, { timeout: 60_000 }, () => {
    for (const [what, call, { level = 26, policy: restriction, open, event } = {}] of calls) {
      for (const way of ['promise', 'callback']) {
        it(`is the answer to ${what}, by ${way}${event ? ', and an event tells of it' : ''}`, async (t) => {
          setApiVersion(level);
          const ws = open ? await busy(t) : client();
          if (restriction) policy(t, restriction);
          const events = [];
          ws.on('error', (error) => events.push(error));
          const [method, ...args] = call();
          let error;
          if (way === 'promise') {
            error = await rejection(ws[method](...args));
          } else {
            const answer = new Promise((resolve) => {
              const returned = ws[method](...args, (...answer) => resolve(answer));
              assert.equal(returned, undefined);
            });
            const [first, ...others] = await answer;
            assert.deepEqual(others, [undefined]);
            error = first;
          }
          assertError(error, code, text);
          await eventsDelivered();
          assert.equal(events.length, event ? 1 : 0);
          for (const told of events) assertEvent(told, text);
        });
      }
    }
  });
}

for (const [
  key,
  { text, code = Number(key), policy: restriction, running: always, calls },
] of Object.entries(SERVER)) {
  describe(`${key}, ${text}, of a server`, { timeout: 60_000 }, () => {
    for (const [what, call, { running: started = always, occupied, isPlatforms } = {}] of calls) {
      it(`is the answer to ${what}`, async (t) => {
        const make = isPlatforms ? platformServer : server;
        const object = started || key === '-1' ? await running(t, make) : make();
        if (restriction) policy(t, restriction);
        let port;
        if (occupied) {
          const occupant = createServer().listen(0, '127.0.0.1');
          t.after(() => occupant.close());
          await once(occupant, 'listening');
          ({ port } = occupant.address());
        }
        assertError(await rejection(call(object, { port })), code, text);
      });
    }
  });
}

describe('401, Parameter error, of on and off', () => {
  for (const make of [client, server]) {
    for (const [what, call] of [
      ['on without a listener', (object) => object.on('close')],
      ['off of undefined', (object) => object.off('close', undefined)],
    ]) {
      it(`is thrown by ${what} of a ${make.name}`, () => {
        assert.throws(
          () => call(make()),
          (error) => {
            assertError(error, 401, 'Parameter error');
            return true;
          },
        );
      });
    }
  }
});

describe('200, what events bring', { timeout: 60_000 }, () => {
  it('tells of an attempt that failed', async () => {
    const ws = client();
    const failed = next(ws, 'error');
    assert.equal(await ws.connect(NOWHERE), true);
    const [error] = await failed;
    assertEvent(error);
    assert.deepEqual([error.data, error.cause], ['0', 'refused']);
  });

  it('tells of a refused handshake with its status', async (t) => {
    const ws = client();
    const failed = next(ws, 'error');
    await ws.connect(await serve(t, () => {}, { verifyClient: (_, done) => done(false, 404) }));
    const [error] = await failed;
    assertEvent(error);
    assert.deepEqual([error.data, error.cause], ['404', 'handshake']);
  });

  it('tells a server of a client that was not let in', async (t) => {
    const object = server();
    await object.start({ serverIP: '127.0.0.1', serverPort: 0, maxConnectionsForOneClient: 0 });
    t.after(() => object.stop());
    const failed = next(object, 'error');
    client().connect(`ws://127.0.0.1:${object.listAddress().port}`);
    const [error] = await failed;
    assertError(error, 200, 'client 127.0.0.1:');
    assert.deepEqual([error.data, error.cause], ['0', 'limit']);
  });
});

it('the table has every code of the contract', () => {
  const codes = new Set(
    [...Object.entries(CLIENT), ...Object.entries(SERVER)].map(
      ([key, { code }]) => code ?? Number(key),
    ),
  );
  const contract = [
    -1, 201, 401, 2302001, 2302002, 2302003, 2302004, 2302005, 2302006, 2302007, 2302998, 2302999,
  ];
  assert.deepEqual(
    [...codes].sort((a, b) => a - b),
    contract,
  );
});
