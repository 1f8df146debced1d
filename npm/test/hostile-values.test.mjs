// Values of the program that do something when they are read: calls never throw, whatever they are
// given.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, it } from 'node:test';
import arkws, { BusinessError, setPolicy } from 'arkws';
import { WebSocket } from 'ws';
import { called, next, openClient, rejection } from './events.mjs';
import { serve } from './servers.mjs';
import { folder, node } from './support.mjs';

const thrower = () => {
  throw new Error('boom');
};

/** An object whose property `name` throws when it is read. */
function throwing(name, others = {}) {
  return Object.defineProperty({ ...others }, name, { enumerable: true, get: thrower });
}

/** A Proxy for `target`, all of whose traps throw. */
function closedProxy(target = {}) {
  const traps = Reflect.ownKeys(Reflect).filter((name) => typeof Reflect[name] === 'function');
  return new Proxy(target, Object.fromEntries(traps.map((name) => [name, thrower])));
}

function revoked(target = {}) {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

/** A value that throws when it is converted. */
const conversions = () => [
  { toString: thrower, valueOf: thrower },
  { [Symbol.toPrimitive]: thrower },
  Object.create(null),
  Symbol('symbol'),
  closedProxy(),
  revoked(),
  10n,
];

/** An array of a string, which is a number when it is read again. */
function changing() {
  const values = ['a'];
  return new Proxy([], {
    get: (target, name) => {
      if (name === 'length') return 1;
      return name === '0' ? (values.pop() ?? 0) : Reflect.get(target, name);
    },
  });
}

const CLIENT_OPTIONS = [
  ...['header', 'caPath', 'clientCert', 'skipServerCertVerification', 'minSupportTlsProtocol'],
  ...['proxy', 'protocol', 'pingInterval', 'pongTimeout', 'supportOriginPort', 'connectTimeout'],
  ...[
    'handshakeTimeout',
    'writeTimeout',
    'messageTimeout',
    'maxRedirects',
    'maxHeaderBytes',
    'maxHeaders',
  ],
  ...[
    'maxMessageSize',
    'maxFragments',
    'maxQueuedBytes',
    'perMessageDeflate',
    'reconnect',
    'binaryType',
  ],
  ...['acceptViews', 'signal', 'ca', 'cert', 'key', 'passphrase', 'servername', 'localAddress'],
  'lookup',
];

const SERVER_OPTIONS = [
  ...[
    'serverIP',
    'serverPort',
    'serverCert',
    'maxConcurrentClientsNumber',
    'maxConnectionsForOneClient',
    'limits',
    'trustProxy',
  ],
  ...['protocol', 'pingInterval', 'maxMessageSize', 'maxFragments', 'maxHeaderBytes', 'maxHeaders'],
  ...['perMessageDeflate', 'handshakeTimeout', 'requestTimeout', 'writeTimeout', 'messageTimeout'],
  ...['maxUnfinishedBytes', 'maxQueuedBytes', 'allowedOrigins', 'fd', 'path', 'reusePort'],
  ...['server', 'noServer'],
];

/** The same, and what is neither text nor bytes, nor a function. */
const values = () => [...conversions(), 7, true, {}, null];

/** What is used of an AbortSignal. */
const signal = () => ({ aborted: false, addEventListener() {}, removeEventListener() {} });

/** What a getter may throw: nothing of it may come out. */
const THROWN = [
  new Error('boom'),
  new BusinessError(5, 'boom'),
  Object.assign(new BusinessError(401, 'boom'), { cause: 'dns' }),
  undefined,
  null,
  'boom\x1b[2J\r\n',
  Symbol('boom'),
  { message: Symbol('boom') },
  { message: { toString: thrower } },
  throwing('message'),
  Object.create(null),
  closedProxy(new Error()),
  revoked(),
];

function assertParameterError(error, what) {
  assert.ok(error instanceof BusinessError, what);
  assert.equal(error.code, 401, what);
  assert.match(error.message, /^Parameter error/, what);
  assert.doesNotMatch(error.message, /[\x00-\x1f]/, what);
  assert.equal(error.cause, undefined, what);
}

describe('a client', () => {
  const url = 'ws://127.0.0.1:9';

  const options = [
    ...CLIENT_OPTIONS.map((name) => [`a getter of ${name}`, throwing(name)]),
    ['a Proxy', closedProxy()],
    ['a revoked Proxy', revoked()],
    ['header with a getter', { header: throwing('a') }],
    ['header that is a Proxy', { header: closedProxy() }],
    ['header that is a revoked Proxy', { header: revoked() }],
    ['header with a value that is a Proxy', { header: { a: closedProxy([]) } }],
    ['header with a value that is a revoked array', { header: { a: revoked([]) } }],
    ['header with an iterator that throws', { header: { [Symbol.iterator]: thrower } }],
    ['header with pairs that throw', { header: [closedProxy(['a', 'b'])] }],
    ['header with a name that throws', { header: [[{ toString: thrower }, 'b']] }],
    ['header with a name without a conversion', { header: [[Object.create(null), 'b']] }],
    ['a Map that throws', Object.assign(new Map([['a', 'b']]), { [Symbol.iterator]: thrower })],
    ...['certPath', 'keyPath', 'keyPassword'].map((name) => [
      `clientCert with a getter of ${name}`,
      { clientCert: throwing(name) },
    ]),
    ...['host', 'port', 'username', 'password', 'exclusionList'].map((name) => [
      `proxy with a getter of ${name}`,
      { proxy: throwing(name, { host: 'a', port: 1 }) },
    ]),
    ['proxy that is a Proxy', { proxy: closedProxy() }],
    [
      'an exclusionList that is a Proxy',
      { proxy: { host: 'a', port: 1, exclusionList: closedProxy([]) } },
    ],
    ...[
      'initialDelay',
      'maxDelay',
      'factor',
      'jitter',
      'maxAttempts',
      'retryOn',
      'maxQueuedBytes',
    ].map((name) => [`reconnect with a getter of ${name}`, { reconnect: throwing(name) }]),
    ['a retryOn that is a Proxy', { reconnect: { retryOn: closedProxy([]) } }],
    [
      'a retryOn with a getter',
      { reconnect: { retryOn: Object.defineProperty([], 0, { get: thrower }) } },
    ],
    ...['url', 'header'].map((name) => [
      `reconnect with a getter of ${name}`,
      { reconnect: throwing(name) },
    ]),
    ...['ca', 'lookup', 'signal', 'passphrase', 'servername', 'localAddress'].flatMap((name) =>
      values().map((value, i) => [
        `${name} of a wrong kind, ${i}`,
        { cert: '', key: '', [name]: value },
      ]),
    ),
    ...values().flatMap((value, i) => [
      [`a cert of a wrong kind, ${i}`, { cert: value, key: '' }],
      [`a key of a wrong kind, ${i}`, { cert: '', key: value }],
    ]),
    ['ca that is a Proxy for an array', { ca: closedProxy([]) }],
    ['ca that is a revoked Proxy for an array', { ca: revoked([]) }],
    ['ca in which nothing was set', { ca: new Array(2) }],
    ['ca that changes while it is read', { ca: changing() }],
    ...['aborted', 'addEventListener', 'removeEventListener'].map((name) => [
      `a signal with a getter of ${name}`,
      { signal: throwing(name, signal()) },
    ]),
    ...['addEventListener', 'removeEventListener'].map((name) => [
      `a signal without ${name}`,
      { signal: { ...signal(), [name]: undefined } },
    ]),
    ['a signal that cannot be listened to', { signal: { ...signal(), addEventListener: thrower } }],
  ];
  for (const [what, given] of options) {
    it(`answers connect with 401: ${what}`, async () => {
      const ws = arkws.createWebSocket();
      ws.on('error', assert.fail);
      assertParameterError(await rejection(ws.connect(url, given)), what);
      const [error, value] = await called((callback) => ws.connect(url, given, callback));
      assertParameterError(error, what);
      assert.equal(value, undefined);
      assert.equal(ws.readyState, 3);
    });
  }

  it('answers with 401 whatever is thrown', async (t) => {
    const server = await serve(t, () => {});
    const ws = await openClient(t, server);
    for (const thrown of THROWN) {
      const given = Object.defineProperty({}, 'header', {
        get() {
          throw thrown;
        },
      });
      const other = arkws.createWebSocket();
      assertParameterError(await rejection(other.connect(url, given)));
      const code = Object.defineProperty(
        {},
        'code',
        Object.getOwnPropertyDescriptor(given, 'header'),
      );
      assertParameterError(await rejection(ws.close(code)));
    }
    assert.equal(ws.readyState, 1);
  });

  it('answers send and close with 401, and goes on', async (t) => {
    const arrived = [];
    let done;
    const all = new Promise((resolve) => (done = resolve));
    const server = await serve(t, (socket) =>
      socket.on('message', (data) => {
        arrived.push(String(data));
        done();
      }),
    );
    const ws = await openClient(t, server);
    for (const value of conversions()) {
      assertParameterError(await rejection(ws.send(value)));
      assertParameterError((await called((callback) => ws.send(value, callback)))[0]);
    }
    for (const data of [
      closedProxy(new ArrayBuffer(4)),
      revoked(new ArrayBuffer(4)),
      throwing('byteLength'),
    ]) {
      assertParameterError(await rejection(ws.send(data)));
    }
    for (const given of [throwing('code'), throwing('reason'), closedProxy(), revoked()]) {
      assertParameterError(await rejection(ws.close(given)));
      assertParameterError((await called((callback) => ws.close(given, callback)))[0]);
    }
    for (const value of conversions().filter((value) => typeof value !== 'object')) {
      assertParameterError(await rejection(ws.close(value)));
      assertParameterError(await rejection(arkws.createWebSocket().connect(value)));
    }
    await ws.send('still here');
    await all;
    assert.deepEqual(arrived, ['still here']);
  });

  it('answers ping with 401, and goes on', async (t) => {
    const server = await serve(t, () => {});
    const ws = await openClient(t, server);
    const view = new Uint8Array(4);
    const dataView = new DataView(new ArrayBuffer(4));
    structuredClone(null, { transfer: [view.buffer, dataView.buffer] });
    for (const data of [...conversions(), dataView, revoked(new Uint8Array(4)), closedProxy()]) {
      assertParameterError(await rejection(ws.ping(data)));
    }
    // It has no bytes any more.
    const given = await Promise.allSettled([ws.ping(view)]);
    if (given[0].status === 'rejected') assertParameterError(given[0].reason);
    assert.equal(typeof (await ws.ping('still here')), 'number');
  });

  it('is done with a connection whose signal cannot be left', async (t) => {
    const server = await serve(t, () => {});
    const ws = arkws.createWebSocket();
    const given = { signal: { ...signal(), removeEventListener: thrower } };
    for (let i = 0; i < 2; i++) {
      const open = next(ws, 'open');
      assert.equal(await ws.connect(server, given), true);
      await open;
      const closed = next(ws, 'close');
      await ws.close();
      await closed;
    }
  });

  it('connects again after a signal that could not be listened to', async (t) => {
    const server = await serve(t, () => {});
    const ws = arkws.createWebSocket();
    const given = { signal: { ...signal(), addEventListener: thrower } };
    assertParameterError(await rejection(ws.connect(server, given)));
    assert.equal(ws.readyState, 3);
    const open = next(ws, 'open');
    assert.equal(await ws.connect(server), true);
    await open;
    const closed = next(ws, 'close');
    await ws.close();
    await closed;
  });

  it('may be used again while its options are read', async (t) => {
    const server = await serve(t, () => {});
    const ws = arkws.createWebSocket();
    t.after(() => ws.close().catch(() => {}));
    const open = next(ws, 'open');
    let inner;
    const first = await rejection(
      ws.connect(server, {
        get header() {
          inner ??= ws.connect(server);
          return {};
        },
      }),
    );
    assert.equal(first.code, 2302003);
    assert.equal(await inner, true);
    await open;
  });
});

describe('the policy', () => {
  for (const [what, given] of [
    ['a getter of internet', throwing('internet')],
    ['a getter of allowedHosts', throwing('allowedHosts')],
    ['a Proxy', closedProxy()],
    ['a revoked Proxy', revoked()],
    ['allowedHosts that is a Proxy', { allowedHosts: closedProxy([]) }],
    ['allowedHosts that is a revoked Proxy', { allowedHosts: revoked([]) }],
    ['allowedHosts in which nothing was set', { allowedHosts: new Array(2) }],
    ['allowedHosts that changes while it is read', { allowedHosts: changing() }],
  ]) {
    it(`is refused with 401: ${what}`, () => {
      assert.throws(
        () => setPolicy(given),
        (error) => {
          assertParameterError(error, what);
          return true;
        },
      );
    });
  }
});

describe('a server', () => {
  const config = { serverIP: '127.0.0.1', serverPort: 0 };

  for (const [what, given] of [
    ...SERVER_OPTIONS.map((name) => [`a getter of ${name}`, throwing(name, config)]),
    ['a Proxy', closedProxy()],
    ['a revoked Proxy', revoked()],
    ['serverCert with a getter of certPath', { ...config, serverCert: throwing('certPath') }],
    ['serverCert with a getter of keyPath', { ...config, serverCert: throwing('keyPath') }],
    ['serverCert that is a Proxy', { ...config, serverCert: closedProxy() }],
    ['limits with a getter', { ...config, limits: throwing('connections') }],
    ['limits that is a Proxy', { ...config, limits: closedProxy() }],
    ['allowedOrigins that is a Proxy', { ...config, allowedOrigins: closedProxy([]) }],
    ...['cert', 'key', 'clientCa', 'requireClientCert'].flatMap((name) => [
      [
        `serverCert with a getter of ${name}`,
        { ...config, serverCert: throwing(name, { cert: '', key: '' }) },
      ],
      ...values()
        // It is a boolean.
        .filter((value) => name !== 'requireClientCert' || value !== true)
        .map((value, i) => [
          `serverCert with ${name} of a wrong kind, ${i}`,
          { ...config, serverCert: { cert: '', key: '', clientCa: '', [name]: value } },
        ]),
    ]),
    ...['server', 'noServer', 'fd', 'path'].flatMap((name) =>
      values()
        .filter((value) => !(name === 'noServer' && value === true))
        .map((value, i) => [`${name} of a wrong kind, ${i}`, { [name]: value }]),
    ),
    ...['on', 'removeListener', 'listenerCount', 'address', 'headersTimeout'].map((name) => [
      `an HTTP server with a getter of ${name}`,
      { server: Object.defineProperty(createServer(), name, { get: thrower }) },
    ]),
    [
      'an HTTP server that cannot be listened to',
      { server: Object.assign(createServer(), { on: thrower }) },
    ],
    ['allowedOrigins that is a revoked Proxy', { ...config, allowedOrigins: revoked([]) }],
  ]) {
    it(`answers start with 401: ${what}`, async () => {
      const server = arkws.createWebSocketServer();
      assertParameterError(await rejection(server.start(given)), what);
      assert.equal(server.listAddress(), undefined);
    });
  }

  it('is attached once that can be heard, and stops if it cannot be left', async () => {
    const http = createServer();
    const { on } = http;
    const server = arkws.createWebSocketServer();
    http.on = thrower;
    assertParameterError(await rejection(server.start({ server: http })));
    http.on = on;
    assert.equal(await server.start({ server: http }), true);
    assert.equal(http.listenerCount('upgrade'), 1);
    http.removeListener = thrower;
    assert.equal(await server.stop(), true);
  });

  it('answers send, close and broadcast with 401, and goes on', async (t) => {
    const server = arkws.createWebSocketServer();
    await server.start(config);
    t.after(() => server.stop());
    const joined = next(server, 'connect');
    const client = new WebSocket(`ws://127.0.0.1:${server.listAddress().port}`);
    const [connection] = await joined;

    const connections = [
      throwing('clientIP', { clientPort: 1 }),
      throwing('clientPort', { clientIP: '127.0.0.1' }),
      closedProxy(connection),
      revoked(connection),
      ...conversions(),
      ...conversions().map((clientIP) => ({ ...connection, clientIP })),
      ...conversions().map((clientPort) => ({ ...connection, clientPort })),
    ];
    for (const other of connections) {
      assertParameterError(await rejection(server.send('x', other)));
      assertParameterError(await rejection(server.close(other)));
      assertParameterError(await rejection(server.close(other, { code: 1000, reason: '' })));
      assertParameterError(await rejection(server.broadcast('x', other)));
      assertParameterError(await rejection(server.broadcast('x', [connection, other])));
    }
    assertParameterError(await rejection(server.broadcast('x', closedProxy([connection]))));
    assertParameterError(await rejection(server.broadcast('x', revoked([connection]))));
    for (const data of conversions()) {
      assertParameterError(await rejection(server.send(data, connection)));
      assertParameterError(await rejection(server.broadcast(data)));
    }
    for (const given of [
      throwing('code', { reason: '' }),
      throwing('reason', { code: 1000 }),
      closedProxy(),
      revoked(),
      ...conversions(),
      ...conversions().map((code) => ({ code, reason: '' })),
      ...conversions().map((reason) => ({ code: 1000, reason })),
    ]) {
      assertParameterError(await rejection(server.close(connection, given)));
    }

    // Read once: what is checked is what is used.
    let reads = 0;
    const changing = {
      clientIP: connection.clientIP,
      get clientPort() {
        return reads++ === 0 ? connection.clientPort : 'another';
      },
    };
    const message = once(client, 'message');
    assert.equal(await server.send('still here', changing), true);
    assert.equal(String((await message)[0]), 'still here');
    assert.equal(reads, 1);
    const closed = once(client, 'close');
    await server.close(connection, { code: 3000, reason: 'done' });
    assert.equal((await closed)[0], 3000);
  });

  it('refuses a request with what is no status or reason in words', async (t) => {
    const thrown = [];
    const server = arkws.createWebSocketServer();
    server.on('request', ({ refuse }) => {
      for (const status of [...conversions(), 399, 600, 404.5, NaN, '404', undefined]) {
        try {
          refuse(status);
        } catch (error) {
          thrown.push(error);
        }
      }
      for (const reason of [...conversions(), 7, null]) {
        try {
          refuse(404, reason);
        } catch (error) {
          thrown.push(error);
        }
      }
      refuse(404, 'in the end');
    });
    await server.start(config);
    t.after(() => server.stop());
    const client = new WebSocket(`ws://127.0.0.1:${server.listAddress().port}`);
    const [, response] = await once(client, 'unexpected-response');
    response.resume();
    assert.equal(response.statusCode, 404);
    assert.equal(thrown.length, 2 * conversions().length + 8);
    for (const error of thrown) assertParameterError(error);
  });
});

describe('a program that has frozen what errors are made of', () => {
  it('gets them all the same', async (t) => {
    const url = await serve(t, () => {});
    const root = await folder({
      'app.mjs': `
        import webSocket from 'arkws';
        Object.freeze(Error);
        Object.freeze(Error.prototype);
        const ws = webSocket.createWebSocket();
        ws.on('open', async () => {
          // The second goes beyond the limit; the third is one too many.
          const results = ['a', 'b', 'c'].map((text) => ws.send(text).catch((error) => error));
          for (const result of await Promise.all(results)) console.log(result === true || result.code);
          console.log(await ws.send(1).catch((error) => error.code));
          ws.close();
        });
        ws.connect('${url}', { maxQueuedBytes: 600 });
      `,
    });
    const { code, stderr, lines } = await node(['app.mjs'], { cwd: root });
    assert.equal(code, 0, stderr);
    assert.deepEqual(lines, ['true', 'true', '-1', '401']);
  });
});
