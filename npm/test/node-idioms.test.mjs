// What Node's programmers are used to, for objects made through `import 'arkws'`; through the
// platform's modules it is refused or ignored, as on a device.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import arkws from 'arkws';
import { connected, messages, openClient, rejection } from './events.mjs';
import { echo, serve } from './servers.mjs';
import { folder, node } from './support.mjs';

const require = createRequire(import.meta.url);
const platform = require('../platform/ohos.net.webSocket.js')().default;
const kit = require('../platform/kit.NetworkKit.js')().webSocket;
const MODULES = { '@ohos.net.webSocket': platform, '@kit.NetworkKit': kit };

const f = () => {};

/** A server, and the headers of the requests that have come to it. */
async function recorder(t) {
  const requests = [];
  const url = await serve(t, (_, request) => requests.push(request));
  return { url, requests };
}

/** An open client of a module, closed after the test. */
function client(t, module_, url, options) {
  const ws = module_.createWebSocket();
  t.after(() => ws.close().catch(f));
  return connected(url, options, ws);
}

describe('a URL object', () => {
  it('is connected to', async (t) => {
    const { url, requests } = await recorder(t);
    await openClient(t, new URL('/a?b=c', url));
    assert.equal(requests[0].url, '/a?b=c');
  });

  it('of another realm as well', async (t) => {
    const { url } = await recorder(t);
    const { runInNewContext } = await import('node:vm');
    const Other = runInNewContext(
      '(class { get href() { return u; } get [Symbol.toStringTag]() { return "URL"; } })',
      { u: url },
    );
    await openClient(t, new Other());
  });

  it('through the platform is 401', async () => {
    for (const module_ of Object.values(MODULES)) {
      const error = await rejection(module_.createWebSocket().connect(new URL('ws://localhost')));
      assert.equal(error.code, 401);
    }
  });

  it('that cannot be read is 401', async () => {
    const hostile = {
      get [Symbol.toStringTag]() {
        throw new Error('no');
      },
    };
    assert.equal((await rejection(arkws.createWebSocket().connect(hostile))).code, 401);
    assert.equal((await rejection(arkws.createWebSocket().connect({ href: 'ws://a' }))).code, 401);
  });
});

describe('acceptViews', () => {
  const bytes = Buffer.from('..bytes');
  const views = {
    Buffer: bytes.subarray(2),
    Uint8Array: new Uint8Array(bytes.buffer, bytes.byteOffset + 2, 5),
    DataView: new DataView(bytes.buffer, bytes.byteOffset + 2, 5),
  };

  it('has send take the bytes of views', async (t) => {
    const url = await serve(t, echo);
    const ws = await openClient(t, url, { acceptViews: true });
    for (const view of Object.values(views)) {
      const got = messages(ws, 1);
      await ws.send(view);
      assert.equal(Buffer.from((await got)[0]).toString(), 'bytes');
    }
    const numbers = [
      new Float64Array([1, 2]),
      new Uint16Array([1, 2, 3]),
      new BigInt64Array([7n]),
      new Uint8Array(0),
    ];
    if (globalThis.Float16Array) numbers.push(new globalThis.Float16Array([0.5]));
    for (const view of numbers) {
      const got = messages(ws, 1);
      await ws.send(view);
      assert.deepEqual(Buffer.from((await got)[0]), Buffer.from(view.buffer));
    }
    const got = messages(ws, 1);
    await ws.send(new Uint8Array([1]).buffer);
    assert.equal((await got)[0].byteLength, 1);
  });

  it('refuses what is shared, detached or no view', async (t) => {
    const url = await serve(t, echo);
    const ws = await openClient(t, url, { acceptViews: true });
    const detached = new Uint8Array(4);
    structuredClone(detached.buffer, { transfer: [detached.buffer] });
    for (const data of [new Uint8Array(new SharedArrayBuffer(4)), detached, {}, 5, null]) {
      assert.equal((await rejection(ws.send(data))).code, 401);
    }
  });

  it('is off by default, and the error says how to convert', async (t) => {
    const url = await serve(t, echo);
    const ws = await openClient(t, url);
    for (const view of Object.values(views)) {
      const error = await rejection(ws.send(view));
      assert.equal(error.code, 401);
      assert.match(error.message, /view\.buffer\.slice\(.*acceptViews: true/);
    }
    await assert.rejects(ws.connect(url, { acceptViews: 1 }), { code: 401 });
  });

  it('is ignored through the platform', async (t) => {
    const url = await serve(t, echo);
    for (const module_ of Object.values(MODULES)) {
      const ws = await client(t, module_, url, { acceptViews: true });
      assert.equal((await rejection(ws.send(views.Buffer))).code, 401);
    }
  });
});

describe('header: { Origin: null }', () => {
  it('leaves the Origin out', async (t) => {
    const { url, requests } = await recorder(t);
    const none = [{ Origin: null }, new Map([['origin', null]]), [['ORIGIN', null]]];
    for (const header of none) await openClient(t, url, { header });
    assert.deepEqual(
      requests.map(({ headers }) => headers.origin),
      [undefined, undefined, undefined],
    );
  });

  it('is ignored through the platform', async (t) => {
    const { url, requests } = await recorder(t);
    for (const module_ of Object.values(MODULES))
      await client(t, module_, url, { header: { Origin: null } });
    for (const { headers } of requests) assert.equal(headers.origin, 'http://127.0.0.1');
  });
});

describe('once', () => {
  it('hears one event', async (t) => {
    const url = await serve(t, (socket) => ['a', 'b', 'c'].forEach((text) => socket.send(text)));
    const heard = [];
    const ws = arkws.createWebSocket();
    t.after(() => ws.close().catch(f));
    ws.once('message', (_, text) => heard.push(text));
    const removed = () => heard.push('removed');
    ws.once('message', removed);
    ws.off('message', removed);
    const always = () => heard.push('always');
    // The same function counts once; `on` wins.
    ws.once('message', always);
    ws.on('message', always);
    const got = messages(ws, 3);
    await ws.connect(url);
    await got;
    assert.deepEqual(heard, ['a', 'always', 'always', 'always']);
  });

  it('takes what on takes', () => {
    const ws = arkws.createWebSocket();
    for (const args of [[], ['open'], ['open', 1], [1, f], ['open', f, f]]) {
      assert.throws(() => ws.once(...args), { code: 401 });
    }
    const server = arkws.createWebSocketServer();
    server.once('connect', f);
  });
});

describe('a mistake is told once', () => {
  /** The warnings of a program. */
  async function warnings(body) {
    const cwd = await folder({
      'main.mjs': `
        import arkws from 'arkws';
        import { createRequire } from 'node:module';
        const require = createRequire(import.meta.url);
        process.on('warning', ({ code, message }) => console.log(code, message));
        ${body}`,
    });
    const { code, stdout, stderr } = await node(['--no-warnings', 'main.mjs'], { cwd });
    assert.equal(code, 0, stderr);
    return stdout.split('\n').slice(0, -1);
  }

  it('of an error event without a listener', async () => {
    const lines = await warnings(`
      for (let i = 0; i < 2; i++) {
        const ws = arkws.createWebSocket();
        await ws.connect('ws://127.0.0.1:9', { proxy: 'no-proxy' });
      }`);
    assert.equal(lines.length, 1, lines);
    assert.match(lines[0], /^ARKWS_UNHEARD_ERROR an error event of a WebSocket .*127\.0\.0\.1:9/);
  });

  it('not of one that somebody hears, or that a promise tells', async () => {
    const lines = await warnings(`
      const ws = arkws.createWebSocket();
      ws.once('error', () => {});
      await ws.connect('ws://127.0.0.1:9', { proxy: 'no-proxy' });
      await arkws.createWebSocket().connect('ws://').catch(() => {});`);
    assert.deepEqual(lines, []);
  });

  it('of an event that does not exist', async () => {
    const lines = await warnings(`
      const ws = arkws.createWebSocket();
      for (let i = 0; i < 2; i++) ws.on('mesage', () => {});
      ws.off('opened');
      ws.once('opened', () => {});
      ws.on('open', () => {});
      const server = arkws.createWebSocketServer();
      server.on('message', () => {});
      server.on('messageReceive', () => {});`);
    assert.equal(lines.length, 3, lines);
    assert.match(
      lines[0],
      /^ARKWS_UNKNOWN_EVENT on\("mesage"\): .*there are headerReceive, open, /,
    );
    assert.match(lines[1], /^ARKWS_UNKNOWN_EVENT off\("opened"\)/);
    assert.match(lines[2], /^ARKWS_UNKNOWN_EVENT on\("message"\): no WebSocketServer/);
  });

  it('of an option that does not exist', async () => {
    const lines = await warnings(`
      const ws = arkws.createWebSocket();
      ws.on('error', () => {});
      const options = {
        header: {}, caPath: '', clientCert: {}, proxy: 'no-proxy', protocol: '',
        skipServerCertVerification: false, pingInterval: 1, pongTimeout: 1,
        minSupportTlsProtocol: 2, supportOriginPort: true, maxRedirects: 1,
      };
      for (let i = 0; i < 2; i++) {
        await ws.connect('ws://127.0.0.1:9', { ...options, headers: {}, reconnect: { delay: 1, maxAttempts: 0 } });
        await new Promise((resolve) => ws.once('error', resolve));
      }
      await ws.close({ code: 1000, reason: '', timeout: 5 }).catch(() => {});
      const server = arkws.createWebSocketServer();
      await server.start({ serverIP: '127.0.0.1', serverPort: 0, port: 1 });
      await server.stop();
      await require('./node_modules/arkws/platform/kit.NetworkKit.js')().webSocket
        .createWebSocket().connect('ws://', { acceptViews: true }).catch(() => {});`);
    const names = lines.map((line) =>
      /^ARKWS_UNKNOWN_OPTION the option "(\w+)" of (\w+)/.exec(line).slice(1, 3).join(' '),
    );
    assert.deepEqual(names, [
      'delay reconnect',
      'headers connect',
      'timeout close',
      'port start',
      'acceptViews connect',
    ]);
    assert.match(lines.at(-1), /import 'arkws' have it/);
  });
});
