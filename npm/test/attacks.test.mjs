// What has been done to others: values that say one thing and mean another, and names that do
// something. (What is shown of them: shown.test.mjs.)
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import arkws from 'arkws';
import { WebSocket } from 'ws';
import { deferred, next, openClient, rejection } from './events.mjs';
import { acceptance } from './handshake.mjs';
import { OBEYED } from './hostile.mjs';
import { listen, running, serve } from './servers.mjs';

describe('a close code', () => {
  // ws 8.20.1; and what a conversion to 32 or 16 bits would make 1001 of.
  const converted = [2 ** 32 + 1001, 2 ** 16 + 1001, 1001 - 2 ** 32, 1001.5, 2 ** 53, NaN];
  const reserved = [0, 999, 1004, 1005, 1006, 1015, 2999, 5000];
  const none = [...converted, -1, -0.5, Infinity, -Infinity, ...reserved];
  for (const code of none) {
    it(`${code} goes as 1000, from either side`, async (t) => {
      const closed = deferred();
      const url = await serve(t, (socket) => socket.on('close', (...end) => closed.resolve(end)));
      const ws = await openClient(t, url);
      await ws.close({ code, reason: 'x' });
      assert.deepEqual((await closed.promise).map(String), ['1000', 'x']);

      const { server, port } = await running(t);
      const joined = next(server, 'connect');
      const client = new WebSocket(`ws://127.0.0.1:${port}`);
      const [connection] = await joined;
      const end = once(client, 'close');
      await server.close(connection, { code, reason: 'x' });
      assert.deepEqual((await end).map(String), ['1000', 'x']);
    });
  }

  it('has a reason that is a string, and nothing of the memory of another thing', async (t) => {
    const object = { toString: () => 'a' };
    const buffers = [new Float32Array(16), Buffer.allocUnsafe(64), new ArrayBuffer(8)];
    for (const reason of [...buffers, object, ['a'], 7]) {
      const closed = deferred();
      const url = await serve(t, (socket) => socket.on('close', (...end) => closed.resolve(end)));
      const ws = await openClient(t, url);
      await ws.close({ code: 1000, reason });
      const [code, said] = await closed.promise;
      assert.equal(code, 1000);
      assert.ok(said.length === 0 || `${said}` === 'CLOSE_NORMAL', `${said}`);
    }
  });
});

describe('header fields of a peer', () => {
  /** Fields of these names are there, and nothing is that was not sent. */
  function check(headers) {
    assert.equal(Object.getPrototypeOf(headers), null);
    assert.equal(headers.__proto__, 'evil');
    assert.deepEqual(headers.constructor, ['1', '2', '3']);
    assert.equal(headers.valueOf, undefined);
    assert.equal({}.evil, undefined);
  }

  it('of a server inherit nothing', async (t) => {
    const { port } = await listen(t, (socket) => {
      socket.on('data', (request) => {
        const fields = ['__proto__: evil', 'constructor: 1', 'CONSTRUCTOR: 2', 'constructor: 3'];
        socket.write(acceptance(request, ...fields));
      });
    });
    const ws = arkws.createWebSocket();
    t.after(() => ws.close().catch(() => {}));
    const received = next(ws, 'headerReceive');
    await ws.connect(`ws://127.0.0.1:${port}`);
    const [headers] = await received;
    check(headers);
  });

  it('of a client inherit nothing', async (t) => {
    const asked = deferred();
    const { port } = await running(t, {}, (server) => {
      server.on('request', (request) => asked.resolve(request.headers));
    });
    const client = new WebSocket(`ws://127.0.0.1:${port}`, {
      headers: JSON.parse('{ "__proto__": "evil", "constructor": ["1", "2", "3"] }'),
    });
    client.on('error', () => {});
    t.after(() => client.terminate());
    const headers = await asked.promise;
    check(headers);
  });
});

// undici CVE-2026-1527.
describe('a line break in a value of the program', () => {
  const evil = 'a\r\nX-Evil: 1';
  for (const [what, options] of [
    ['a field', { header: { 'X-A': evil } }],
    ['a list of values', { header: { 'X-A': ['a', evil] } }],
    ['the name of a field', { header: { [evil]: 'a' } }],
    ['pairs', { header: [['X-A', evil]] }],
    ['a Map', { header: new Map([['X-A', evil]]) }],
    ['a bare line feed', { header: { 'X-A': 'a\nX-Evil: 1' } }],
    ['a bare carriage return', { header: { 'X-A': 'a\rX-Evil: 1' } }],
    ['NUL', { header: { 'X-A': 'a\0' } }],
    ['Host', { header: { Host: evil } }],
    ['Origin', { header: { Origin: evil } }],
    ['User-Agent', { header: { 'User-Agent': evil } }],
    ['Sec-WebSocket-Protocol', { header: { 'Sec-WebSocket-Protocol': evil } }],
    ['protocol', { protocol: evil }],
    ['a proxy', { proxy: { host: evil, port: 80, exclusionList: [] } }],
  ]) {
    it(`is refused with 401 in ${what}`, async (t) => {
      let connections = 0;
      const { port } = await listen(t, () => connections++);
      const call = arkws.createWebSocket().connect(`ws://127.0.0.1:${port}`, options);
      const error = await rejection(call);
      assert.equal(error.code, 401);
      assert.doesNotMatch(error.message, OBEYED);
      assert.equal(connections, 0);
    });
  }

  it('stays escaped or away in a URL and in the credentials of a proxy', async (t) => {
    let request = '';
    const got = deferred();
    const { port } = await listen(t, (socket) => {
      socket.on('data', (data) => {
        request += data;
        if (!request.includes('\r\n\r\n')) return;
        socket.end('HTTP/1.1 403 No\r\n\r\n');
        got.resolve();
      });
    });
    const ws = arkws.createWebSocket();
    const failed = next(ws, 'error');
    const path = '/a%0d%0aX-Evil: 1?b\r\nX-Evil: 1';
    await ws.connect(`ws://us%0d%0aX-Evil:pw@127.0.0.1:${port}${path}`);
    await got.promise;
    await failed;
    assert.doesNotMatch(request, /\nX-Evil/);

    request = '';
    const second = arkws.createWebSocket();
    const refused = next(second, 'error');
    await second.connect('ws://a.test/', {
      proxy: { host: '127.0.0.1', port, username: evil, password: evil, exclusionList: [] },
    });
    await refused;
    assert.match(request, /^CONNECT a.test:80/);
    assert.doesNotMatch(request, /\nX-Evil/);
  });

  it('is refused with 401 in the options of a server', async () => {
    const server = arkws.createWebSocketServer();
    for (const config of [{ protocol: evil }, { allowedOrigins: [evil] }]) {
      const call = server.start({ serverIP: '127.0.0.1', serverPort: 0, ...config });
      const error = await rejection(call);
      assert.equal(error.code, 401);
      assert.doesNotMatch(error.message, OBEYED);
    }
  });

  it('in the reason of a refusal is in the body only', async (t) => {
    const { port } = await running(t, {}, (server) => {
      server.on('request', ({ refuse }) => refuse(403, evil));
    });
    const client = new WebSocket(`ws://127.0.0.1:${port}`);
    const [, response] = await once(client, 'unexpected-response');
    assert.equal(response.statusCode, 403);
    assert.equal(response.headers['x-evil'], undefined);
    let body = '';
    for await (const piece of response) body += piece;
    assert.equal(body, evil);
  });
});

// undici CVE-2026-1528, Tomcat CVE-2020-13935, gorilla CVE-2020-27813.
describe('a frame that announces', () => {
  for (const [length, expected] of [
    [2n ** 32n, 1009],
    [2n ** 32n + 5n, 1009],
    [2n ** 63n - 1n, 1009],
    [2n ** 63n, 1002],
    [2n ** 64n - 1n, 1002],
  ]) {
    /** The header alone: what it announces never comes. */
    const header = (mask) => {
      const bytes = Buffer.alloc(mask === 0 ? 10 : 14);
      bytes.set([0x82, mask | 127]);
      bytes.writeBigUInt64BE(length, 2);
      return bytes;
    };
    /** The code of the close frame that begins here; a client's has a `key`. */
    const codeOf = (frame, key) =>
      key ? frame.readUInt16BE(6) ^ frame.readUInt16BE(2) : frame.readUInt16BE(2);

    it(`${length} bytes ends a client with ${expected}, without memory`, async (t) => {
      const answered = deferred();
      const { port } = await listen(t, (socket) => {
        socket.once('data', (request) => {
          socket.write(Buffer.concat([Buffer.from(acceptance(request)), header(0)]));
          socket.once('data', (frame) => {
            answered.resolve(codeOf(frame, true));
            socket.end();
          });
        });
      });
      const before = process.memoryUsage().rss;
      const ws = arkws.createWebSocket();
      const failed = next(ws, 'error');
      await ws.connect(`ws://127.0.0.1:${port}`, { maxMessageSize: 2 ** 32 - 1 });
      assert.equal(await answered.promise, expected);
      const [error] = await failed;
      assert.equal(error.cause, expected === 1009 ? 'too-big' : 'protocol');
      assert.ok(process.memoryUsage().rss - before < 64 << 20);
    });

    it(`${length} bytes ends the client of a server with ${expected}`, async (t) => {
      const { server, port } = await running(t, { maxMessageSize: 2 ** 32 - 1 });
      const failed = next(server, 'error');
      const socket = connect(port, '127.0.0.1');
      // The server ends the connection by itself, before or after it has told of it.
      const closed = once(socket, 'close');
      t.after(() => socket.destroy());
      const head =
        'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
      socket.write(Buffer.concat([Buffer.from(head), header(0x80)]));
      let got = Buffer.alloc(0);
      socket.on('data', (data) => (got = Buffer.concat([got, data])));
      const [error] = await failed;
      assert.equal(error.cause, expected === 1009 ? 'too-big' : 'protocol');
      await closed;
      const end = got.indexOf('\r\n\r\n') + 4;
      assert.equal(codeOf(got.subarray(end), false), expected);
    });
  }
});
