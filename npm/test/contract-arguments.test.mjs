// What calls accept, and how they answer.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import arkws from 'arkws';
import { called, messages, next, openClient, rejection } from './events.mjs';
import { serve } from './servers.mjs';
import { folder, node } from './support.mjs';

const f = () => {};
const o = {};
const nobody = 'ws://127.0.0.1:1';

/**
 * Makes a call with a callback in place of each `f` and tells how it was answered: by the callback,
 * or by the promise.
 */
async function answerOf(method, args) {
  const ws = arkws.createWebSocket();
  ws.on('error', f);
  let byCallback;
  const callback = new Promise((resolve) => {
    byCallback = (...result) => resolve({ by: 'callback', result });
  });
  const returned = ws[method](...args.map((arg) => (arg === f ? byCallback : arg)));
  if (returned === undefined) {
    const { result } = await callback;
    assert.equal(result.length, 2);
    return { by: 'callback', code: result[0]?.code, value: result[1] };
  }
  return returned.then(
    (value) => ({ by: 'promise', code: undefined, value }),
    (error) => ({ by: 'promise', code: error.code, value: undefined }),
  );
}

const refused = (by) => ({ by, code: 401, value: undefined });

describe('the arguments of connect', () => {
  const accepted = [[nobody], [nobody, f], [nobody, o], [nobody, []], [nobody, o, f]];
  for (const args of accepted) {
    it(`are accepted as ${show(args)}`, async () => {
      const by = args.at(-1) === f ? 'callback' : 'promise';
      assert.deepEqual(await answerOf('connect', args), { by, code: undefined, value: true });
    });
  }
  const wrong = [
    [],
    [undefined],
    [null],
    [1],
    [o],
    [new String(nobody)],
    [nobody, undefined],
    [nobody, null],
    [nobody, 1],
    [nobody, nobody],
    [nobody, o, undefined],
    [nobody, o, o],
    [nobody, f, o],
    [nobody, o, f, f],
    [nobody, o, f, undefined],
  ];
  const wrongWithCallback = [
    [f],
    [1, f],
    [nobody, f, f],
    [nobody, null, f],
    [nobody, undefined, f],
    [1, o, f],
  ];
  refuse('connect', wrong, wrongWithCallback);
});

describe('the arguments of send', () => {
  const wrong = [
    [],
    [undefined],
    [null],
    [1],
    [true],
    [o],
    [new Uint8Array(1)],
    [new DataView(new ArrayBuffer(1))],
    [Buffer.from('a')],
    [new SharedArrayBuffer(1)],
    ['a', undefined],
    ['a', o],
    ['a', f, f],
  ];
  const wrongWithCallback = [[f], [1, f], [o, f], [undefined, f], [new Uint8Array(1), f]];
  refuse('send', wrong, wrongWithCallback);

  it('are refused if the buffer was transferred away', async () => {
    const buffer = new ArrayBuffer(1);
    structuredClone(buffer, { transfer: [buffer] });
    assert.deepEqual(await answerOf('send', [buffer]), refused('promise'));
  });

  it('are right, but there is no connection: -1', async () => {
    assert.deepEqual(await answerOf('send', ['a']), { by: 'promise', code: -1, value: undefined });
    assert.deepEqual(await answerOf('send', [new ArrayBuffer(1), f]), {
      by: 'callback',
      code: -1,
      value: undefined,
    });
  });
});

describe('the arguments of close', () => {
  const wrong = [[undefined], [null], [1], ['a'], [o, undefined], [o, o], [f, o], [o, f, f]];
  const wrongWithCallback = [
    [f, f],
    [null, f],
    [1, f],
    [undefined, f],
  ];
  refuse('close', wrong, wrongWithCallback);

  for (const args of [
    [],
    [f],
    [o],
    [o, f],
    [{ code: -100, reason: null }],
    [{ code: '1', reason: 1 }, f],
  ]) {
    it(`are right as ${show(args)}, but there is no connection: 2302999`, async () => {
      const by = args.at(-1) === f ? 'callback' : 'promise';
      assert.deepEqual(await answerOf('close', args), { by, code: 2302999, value: undefined });
    });
  }
});

function refuse(method, wrong, wrongWithCallback) {
  for (const args of wrong) {
    it(`are refused as ${show(args)}, by the promise`, async () => {
      assert.deepEqual(await answerOf(method, args), refused('promise'));
    });
  }
  for (const args of wrongWithCallback) {
    it(`are refused as ${show(args)}, by the callback`, async () => {
      assert.deepEqual(await answerOf(method, args), refused('callback'));
    });
  }
}

function show(args) {
  const one = (arg) => {
    if (arg === f) return 'f';
    if (ArrayBuffer.isView(arg) || arg instanceof SharedArrayBuffer) return arg.constructor.name;
    if (arg instanceof String) return 'String object';
    return arg === undefined ? 'undefined' : JSON.stringify(arg);
  };
  return `(${args.map(one).join(', ')})`;
}

describe('options of connect', () => {
  const wrong = [
    { proxy: undefined },
    { proxy: null },
    { proxy: '' },
    { proxy: 'http://proxy' },
    { proxy: 1 },
    { proxy: { host: 'proxy', port: -1, exclusionList: [] } },
    { proxy: { host: 'proxy', port: 65536, exclusionList: [] } },
    { proxy: { host: 'proxy', port: 2 ** 32 + 80, exclusionList: [] } },
    { proxy: { host: 'proxy', port: 80.5, exclusionList: [] } },
    { protocol: undefined },
    { protocol: null },
    { protocol: ['chat'] },
    { connectTimeout: '1' },
    { connectTimeout: -1 },
    { connectTimeout: 0 },
    { handshakeTimeout: NaN },
    { handshakeTimeout: 0 },
    { maxHeaderBytes: 0 },
    { maxHeaders: '1' },
    { maxRedirects: -1 },
    { maxRedirects: '4' },
    { maxMessageSize: null },
    { maxMessageSize: 0 },
    { perMessageDeflate: 1 },
    { reconnect: 'yes' },
    { reconnect: { retryOn: 'reset' } },
    { reconnect: { maxDelay: -1 } },
    { reconnect: { maxDelay: Infinity } },
    { reconnect: { initialDelay: NaN } },
    { reconnect: { factor: Infinity } },
    { reconnect: { retryOn: ['bad luck'] } },
    { maxQueuedBytes: '1' },
    { binaryType: 'blob' },
    { binaryType: null },
    { header: { 'a b': 'c' } },
    { header: { a: 'b\r\nc: d' } },
    { header: { 'Sec-WebSocket-Key': 'a' } },
    { header: { Host: 'a/b' } },
  ];
  for (const options of wrong) {
    it(`are refused as ${JSON.stringify(options, (_, value) => (value === undefined ? 'undefined' : value))}`, async () => {
      assert.deepEqual(await answerOf('connect', [nobody, options]), refused('promise'));
      assert.deepEqual(await answerOf('connect', [nobody, options, f]), refused('callback'));
    });
  }

  const ignored = [
    { header: 1 },
    { header: null },
    { header: { a: 1, b: null, c: {}, d: undefined } },
    { caPath: 1 },
    { caPath: '' },
    { clientCert: 1 },
    { clientCert: { certPath: '', keyPath: 1 } },
    { skipServerCertVerification: 1 },
    { pingInterval: '1', pongTimeout: null },
    { pingInterval: -1 },
    { minSupportTlsProtocol: 9 },
    { supportOriginPort: 'yes' },
    { reconnect: false },
  ];
  for (const options of ignored) {
    it(`are ignored, as the platform does, where they are wrong: ${JSON.stringify(options)}`, async () => {
      assert.deepEqual(await answerOf('connect', [nobody, options]), {
        by: 'promise',
        code: undefined,
        value: true,
      });
    });
  }

  const fractions = [
    { connectTimeout: 1e-9 },
    { handshakeTimeout: 1e-9 },
    { maxHeaderBytes: 0.1 },
    { maxHeaders: 0.1 },
    { maxMessageSize: 0.1 },
    { maxFragments: 0.1 },
  ];
  for (const options of fractions) {
    it(`are over 0, however little: ${JSON.stringify(options)}`, async () => {
      const expected = { by: 'promise', code: undefined, value: true };
      assert.deepEqual(await answerOf('connect', [nobody, options]), expected);
    });
  }

  it('of a server are over 0, however little', async (t) => {
    const server = arkws.createWebSocketServer();
    t.after(() => server.stop().catch(f));
    const config = { serverIP: '127.0.0.1', serverPort: 0, maxUnfinishedBytes: 0.1 };
    for (const options of fractions) Object.assign(config, options);
    config.limits = { connections: 0.1, perAddress: 0.1, attemptsPerMinute: 0.1, handshakes: 0.1 };
    config.requestTimeout = 1e-9;
    delete config.connectTimeout;
    assert.equal(await server.start(config), true);
  });

  it('that throw when they are read refuse the call', async () => {
    const options = {
      get header() {
        throw new Error('not today');
      },
    };
    const error = await rejection(arkws.createWebSocket().connect(nobody, options));
    assert.equal(error.code, 401);
    assert.match(error.message, /not today/);
  });
});

describe('results', () => {
  it('never come inside the call', async (t) => {
    const url = await serve(t, f);
    const ws = arkws.createWebSocket();
    t.after(() => ws.close().catch(f));
    ws.on('error', f);
    const open = next(ws, 'open');
    for (const call of [
      (callback) => ws.send('too early', callback),
      (callback) => ws.connect(url, callback),
      (callback) => ws.connect(url, callback),
      (callback) => ws.send(1, callback),
      (callback) => ws.send('a', callback),
    ]) {
      let within = true;
      const result = called((callback) => {
        assert.equal(
          call((...args) => {
            assert.equal(within, false);
            callback(...args);
          }),
          undefined,
        );
        within = false;
      });
      await result;
    }
    await open;
  });

  it('of connect come before any event of the connection, also when connecting from a listener', async (t) => {
    const url = await serve(t, (socket) => socket.send('hello'));
    const order = [];
    const ws = arkws.createWebSocket();
    ws.on('headerReceive', () => order.push('headerReceive'));
    ws.on('open', () => order.push('open'));
    ws.on('message', () => ws.close());
    ws.on('error', () => order.push('error'));
    const connect = () => {
      ws.connect(url, () => order.push('callback'));
      // Give an event every chance to be the first.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    };
    connect();
    await next(ws, 'close');
    ws.on('close', () => connect());
    // A second round, begun inside the first one's last listener.
    connect();
    await next(ws, 'close');
    assert.deepEqual(order.slice(0, 6), [
      'callback',
      'headerReceive',
      'open',
      'callback',
      'headerReceive',
      'open',
    ]);
    ws.off('close');
    await next(ws, 'close');
  });

  it('of a promise come before any event as well', async (t) => {
    const url = await serve(t, f);
    const ws = arkws.createWebSocket();
    await ws.connect(url);
    // Listening only now is early enough.
    await next(ws, 'open');
    await ws.close();
    await next(ws, 'close');
  });

  it('are (undefined, true) or (error, undefined)', async (t) => {
    const url = await serve(t, f);
    const ws = await openClient(t, url);
    assert.deepEqual(await called((callback) => ws.send('a', callback)), [undefined, true]);
    const [error, value] = await called((callback) => ws.connect(url, callback));
    assert.equal(error.code, 2302003);
    assert.equal(value, undefined);
    assert.deepEqual(await called((callback) => ws.close(callback)), [undefined, true]);
    const [again] = await called((callback) => ws.close({}, callback));
    assert.equal(again.code, 2302999);
  });
});

describe('a message of the largest size', () => {
  const LIMIT = 5 * 1024 * 1024 - 16;

  it('is sent; one byte more is refused, by the callback too', async (t) => {
    const url = await serve(
      t,
      (socket) => socket.on('message', (data) => socket.send(String(data.length))),
      {
        maxPayload: 0,
      },
    );
    const ws = await openClient(t, url);
    const lengths = messages(ws, 4);
    const largest = [
      'a'.repeat(LIMIT),
      new ArrayBuffer(LIMIT),
      // Counted in bytes of UTF-8.
      'é'.repeat(LIMIT / 2),
      '😀'.repeat(LIMIT / 4),
    ];
    for (const data of largest) assert.equal(await ws.send(data), true);
    assert.deepEqual(await lengths, Array(4).fill(String(LIMIT)));

    for (const data of [
      'a'.repeat(LIMIT + 1),
      new ArrayBuffer(LIMIT + 1),
      `${'é'.repeat(LIMIT / 2)}a`,
    ]) {
      assert.equal((await rejection(ws.send(data))).code, 401);
      const [error] = await called((callback) => assert.equal(ws.send(data, callback), undefined));
      assert.equal(error.code, 401);
    }
  });
});

describe('a foreign this', () => {
  const objects = {
    WebSocket: arkws.createWebSocket,
    WebSocketServer: arkws.createWebSocketServer,
  };
  const answering = [
    'connect',
    'send',
    'close',
    'ping',
    'start',
    'stop',
    'listAllConnections',
    'broadcast',
    'broadcastTo',
    'join',
    'leave',
    'setCertificate',
  ];
  const foreign = (make) => [undefined, null, 1, {}, Object.create(make()), new Proxy(make(), {})];

  const is401 = (error, name, kind) => {
    assert.equal(error.name, 'BusinessError');
    assert.equal(error.code, 401);
    assert.match(
      error.message,
      new RegExp(`^Parameter error: ${name} was called on what is no ${kind} of arkws`),
    );
    assert.match(error.stack, /contract-arguments/);
  };

  for (const [kind, make] of Object.entries(objects)) {
    const { constructor: _, ...members } = Object.getOwnPropertyDescriptors(
      Object.getPrototypeOf(make()),
    );
    const methods = Object.entries(members).filter(([, { get }]) => get === undefined);
    assert.ok(methods.length > 15);

    for (const [name, { value: method }] of methods) {
      it(`is a mistake: ${name} of ${kind}`, async () => {
        for (const self of foreign(make)) {
          if (answering.includes(name))
            is401(await rejection(method.call(self, 'open', f, f, f)), name, kind);
          else
            assert.throws(
              () => method.call(self, 'open', f),
              (error) => (is401(error, name, kind), true),
            );
        }
      });
    }
  }

  for (const [name, args] of [
    ['connect', ['ws://127.0.0.1']],
    ['send', ['x']],
    ['close', []],
  ]) {
    it(`is told to the callback of ${name}`, async () => {
      for (const self of foreign(arkws.createWebSocket)) {
        const method = arkws.createWebSocket()[name];
        const [error, value] = await called((callback) =>
          assert.equal(method.call(self, ...args, callback), undefined),
        );
        is401(error, name, 'WebSocket');
        assert.equal(value, undefined);
      }
    });
  }

  it('of a property is undefined, and warned of once', async () => {
    const root = await folder({
      'main.mjs': `
        import arkws from 'arkws';
        process.on('warning', ({ code, message }) => console.log(code, message));
        const behind = new Proxy({ ws: arkws.createWebSocket() }, { get: (target, key) => new Proxy(target[key], {}) });
        for (const ws of [behind.ws, Object.create(behind.ws)]) console.log(ws.readyState, ws.bufferedAmount);`,
    });
    const { stdout, stderr, code } = await node(['--no-warnings', 'main.mjs'], { cwd: root });
    assert.deepEqual([stderr, code], ['', 0]);
    const warning =
      'ARKWS_FOREIGN_THIS Parameter error: readyState was called on what is no WebSocket of arkws: ' +
      'the method was taken from its object, or the object is behind a Proxy. It is undefined';
    assert.equal(stdout, `undefined undefined\nundefined undefined\n${warning}\n`);
  });

  it('is none of a request: refuse needs no this', async (t) => {
    const server = arkws.createWebSocketServer();
    t.after(() => server.stop().catch(() => {}));
    server.on('request', ({ refuse }) => refuse(403, 'detached'));
    await server.start({ serverIP: '127.0.0.1', serverPort: 0 });
    const ws = arkws.createWebSocket();
    const error = new Promise((resolve) => ws.on('error', resolve));
    await ws.connect(`ws://127.0.0.1:${server.listAddress().port}`);
    assert.equal((await error).data, '403');
  });
});
