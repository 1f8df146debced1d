// What has been done to others: values that say one thing and mean another, names and words that
// do something where they are shown, and secrets in messages and logs.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { describe, it } from 'node:test';
import arkws from 'arkws';
import { WebSocket } from 'ws';
import { connected, next, rejection } from './events.mjs';
import { folder, serve } from './support.mjs';

/** It clears a screen, rings, and forges a line. */
const HOSTILE = '\x1b[2J\r\n\x07forged \u009b31m\u202e\u2028';

/** What a terminal or a reader of lines obeys. */
const OBEYED = /[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

/** A promise that others settle. */
function deferred() {
  let resolve;
  const promise = new Promise((given) => (resolve = given));
  return { promise, resolve };
}

/** A TCP server that does what `handle` does; ended after the tests of `t`. */
async function listen(t, handle) {
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    handle(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return server.address().port;
}

/** A server object that runs, and its port; stopped after the tests of `t`. */
async function started(t, config = {}, prepare = () => {}) {
  const server = arkws.createWebSocketServer();
  prepare(server);
  await server.start({ serverIP: '127.0.0.1', serverPort: 0, ...config });
  t.after(() => server.stop());
  return { server, port: server.listAddress().port };
}

/** The head of an acceptance of this request, with more lines. */
function acceptance(request, ...lines) {
  const [, key] = /sec-websocket-key: (\S+)/i.exec(request);
  const accept = createHash('sha1')
    .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  return [
    'HTTP/1.1 101 S',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${accept}`,
    ...lines,
    '',
    '',
  ].join('\r\n');
}

describe('a close code', () => {
  // ws 8.20.1; and what a conversion to 32 or 16 bits would make 1001 of.
  const converted = [2 ** 32 + 1001, 2 ** 16 + 1001, 1001 - 2 ** 32, 1001.5, 2 ** 53, NaN];
  const reserved = [0, 999, 1004, 1005, 1006, 1015, 2999, 5000];
  const none = [...converted, -1, -0.5, Infinity, -Infinity, ...reserved];
  for (const code of none) {
    it(`${code} goes as 1000, from either side`, async (t) => {
      const closed = deferred();
      const url = await serve(t, (socket) => socket.on('close', (...end) => closed.resolve(end)));
      const ws = await connected(t, url);
      await ws.close({ code, reason: 'x' });
      assert.deepEqual((await closed.promise).map(String), ['1000', 'x']);

      const { server, port } = await started(t);
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
      const ws = await connected(t, url);
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
    const port = await listen(t, (socket) => {
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
    const { port } = await started(t, {}, (server) => {
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
      const port = await listen(t, () => connections++);
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
    const port = await listen(t, (socket) => {
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
    const { port } = await started(t, {}, (server) => {
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
      const port = await listen(t, (socket) => {
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
      const { server, port } = await started(t, { maxMessageSize: 2 ** 32 - 1 });
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

/** A program with a log, and what it has said, on either stream, when it has ended. */
async function said(t, body) {
  const cwd = await folder({ 'main.mjs': `import webSocket from 'arkws';\n${body}` });
  const env = { ...process.env, ARKWS_LOG: 'trace' };
  const child = spawn(process.execPath, ['main.mjs'], { cwd, env });
  t.after(() => child.kill());
  let out = '';
  const line = deferred();
  child.stdout.setEncoding('utf8').on('data', (text) => {
    out += text;
    if (out.includes('\n')) line.resolve(out.split('\n')[0]);
  });
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (err += text));
  const ended = once(child, 'close').then(([code]) => {
    line.resolve(out);
    assert.equal(code, 0, err);
    return { out, err };
  });
  return { line: line.promise, ended };
}

/** Each line of a log is one that we have begun, and none does anything to a terminal. */
function assertLog(err) {
  assert.notEqual(err, '', 'there is a log');
  for (const line of err.split('\n').slice(0, -1)) {
    assert.doesNotMatch(line, OBEYED);
    assert.match(line, /^\d{4}-\d\d-\d\dT|^\s|^\(/, `begun by ${JSON.stringify(line)}`);
  }
}

describe('messages and logs', () => {
  /** A close frame of a server with this reason. */
  const closing = (code, reason) => {
    const body = Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]);
    return Buffer.concat([Buffer.from([0x88, body.length]), body]);
  };

  it('show what a server says escaped', async (t) => {
    const answers = [
      (request) => Buffer.concat([Buffer.from(acceptance(request)), closing(1012, HOSTILE)]),
      (request) => Buffer.concat([Buffer.from(acceptance(request)), closing(1008, HOSTILE)]),
      (request) => acceptance(request, 'Sec-WebSocket-Protocol: \u009b2J\u202e'),
      (request) => acceptance(request, 'Sec-WebSocket-Extensions: \u009b2J\u202e'),
      (request) => acceptance(request).replace('websocket', '\u009b2J'),
      (request) => acceptance(request).replace('101 S', '403 \u009b2J\u202e'),
      () => HOSTILE,
      () => 'HTTP/1.1 302 F\r\nLocation: \u009b2J\u202e://x\r\n\r\n',
      () => 'HTTP/1.1 302 F\r\nLocation: ftp://x/\u009b2J\u202e\r\n\r\n',
    ];
    const port = await listen(t, (socket) => {
      socket.once('data', (request) => {
        // One of the redirects comes back.
        const number = /^GET \/(\d)/.exec(request)?.[1] ?? 5;
        socket.end(answers[number](request));
      });
    });
    const { ended } = await said(
      t,
      `
      const messages = [];
      for (let k = 0; k < ${answers.length}; k++) {
        const ws = webSocket.createWebSocket();
        await new Promise((over) => {
          ws.on('reconnecting', ({ cause }) => { messages.push(cause.message); ws.close(); });
          ws.on('error', (error) => { messages.push(error.message); over(); });
          ws.on('close', () => over());
          ws.connect('ws://127.0.0.1:${port}/' + k, { reconnect: { retryOn: [] } });
        });
      }
      console.log(JSON.stringify(messages));`,
    );
    const { out, err } = await ended;
    const messages = JSON.parse(out);
    assert.ok(messages.length >= answers.length - 2, out);
    for (const message of messages) assert.doesNotMatch(message, OBEYED);
    assertLog(err);
  });

  it('show what a client says escaped', async (t) => {
    const { line, ended } = await said(
      t,
      `
      const server = webSocket.createWebSocketServer();
      const messages = [];
      server.on('error', (error) => messages.push(error.message));
      server.on('connect', (c) => {
        server.send('x'.repeat(1 << 20), c).catch((error) => messages.push(error.message));
      });
      let closes = 0;
      server.on('close', async () => {
        if (++closes < 2) return;
        console.log(JSON.stringify(messages));
        await server.stop();
      });
      const allowedOrigins = ['https://a.test'];
      await server.start({ serverIP: '127.0.0.1', serverPort: 0, allowedOrigins });
      console.log(server.listAddress().port);`,
    );
    const port = Number(await line);
    const head = (field = '') =>
      'GET /\u009b2J HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      `Sec-WebSocket-Version: 13\r\n${field}` +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
    const talk = async (...pieces) => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      socket.resume();
      socket.write(Buffer.concat(pieces.map((piece) => Buffer.from(piece))));
      await once(socket, 'close');
    };
    for (const field of [
      'Origin: \u009b2J\u202e\r\n',
      'Sec-WebSocket-Protocol: \u009b2J\r\n',
      'Sec-WebSocket-Extensions: \u009b2J\r\n',
      `X: ${HOSTILE}`,
    ]) {
      await talk(head(field));
    }
    await talk(HOSTILE);
    const masked = ([start, length, ...body]) => [start, 0x80 | length, 0, 0, 0, 0, ...body];
    await talk(head().replace('\u009b2J', ''), masked(closing(1000, HOSTILE)));
    await talk(head().replace('\u009b2J', ''), masked(closing(3000, HOSTILE)));
    const { out, err } = await ended;
    const messages = JSON.parse(out.split('\n')[1]);
    assert.ok(messages.length >= 3, out);
    for (const message of messages) assert.doesNotMatch(message, OBEYED);
    assertLog(err);
  });

  it('show no secrets of a client', async (t) => {
    let turn = 0;
    const port = await listen(t, (socket) => {
      socket.once('data', (request) => {
        const answers = [
          'HTTP/1.1 403 No\r\nSet-Cookie: id=s3cret\r\n\r\n',
          'HTTP/1.1 302 F\r\nLocation: ftp://x/?token=s3cret\r\n\r\n',
          'HTTP/1.1 407 No\r\n\r\n',
          `${acceptance(`${request}\r\nsec-websocket-key: x`)}`,
        ];
        socket.end(answers[turn++ % answers.length]);
      });
    });
    const { ended } = await said(
      t,
      `
      import { inspect } from 'node:util';
      const header = { Authorization: 'Bearer s3cret', Cookie: 'id=s3cret', 'X-Api-Key': 's3cret' };
      const credentials = { username: 'me', password: 's3cret' };
      const proxy = { host: '127.0.0.1', port: ${port}, ...credentials, exclusionList: [] };
      const words = [];
      const attempt = async (url, options) => {
        const ws = webSocket.createWebSocket();
        await new Promise((over) => {
          ws.on('error', (error) => { words.push(inspect(error)); over(); });
          ws.on('close', (_, value) => { words.push(inspect(value)); over(); });
          ws.connect(url, { header, ...options }).catch((error) => {
            words.push(inspect(error));
            over();
          });
        });
      };
      const url = 'ws://me:s3cret@127.0.0.1:${port}/path?token=s3cret';
      await attempt(url);
      await attempt(url);
      await attempt('ws://a.test/?token=s3cret', { proxy });
      await attempt(url);
      await attempt(url.replace('ws:', 'http:'));
      await attempt(url.replace(':${port}', ':99999'));
      await attempt('ws://127.0.0.1:1/?token=s3cret');
      await attempt(url, { header: { ...header, 'X-A': 's3cret\\r\\n' } });
      for (const host of [
        'me:s3cret@proxy:x',
        'proxy:8080:me:s3cret',
        'me:s3cret:proxy',
        'gopher://s3cret',
        'http://s3cret:x',
        'http://[s3cret',
      ]) {
        await attempt(url, { proxy: { ...proxy, host } });
        process.env.no_proxy = '';
        process.env.http_proxy = host;
        await attempt('ws://a.test/?token=s3cret');
        delete process.env.http_proxy;
      }
      for (const bad of ['://127', '://127.0.0.1:x', '://', '://[', 's://a b', 'x:']) {
        await attempt(url.replace('://127', bad));
        await attempt('ws' + bad + '/#s3cret');
      }
      const clientCert = { certPath: '/none', keyPath: '/none', keyPassword: 's3cret' };
      await attempt(url, { clientCert });
      console.log(JSON.stringify(words));`,
    );
    const { out, err } = await ended;
    const secret = /s3cret|czNjcmV0|OnMzY3JldA/;
    for (const words of JSON.parse(out)) assert.doesNotMatch(words, secret);
    assert.doesNotMatch(err, secret);
    assertLog(err);
  });

  it('show no secrets of the clients of a server', async (t) => {
    const { line, ended } = await said(
      t,
      `
      const server = webSocket.createWebSocketServer();
      const messages = [];
      server.on('error', (error) => messages.push(error.message));
      server.on('request', ({ path, refuse }) => path.startsWith('/no') && refuse(403, 'no'));
      server.on('close', () => { console.log(JSON.stringify(messages)); server.stop(); });
      await server.start({ serverIP: '127.0.0.1', serverPort: 0 });
      console.log(server.listAddress().port);`,
    );
    const url = `ws://127.0.0.1:${await line}`;
    const headers = { Authorization: 'Bearer s3cret', Cookie: 'id=s3cret', 'X-Api-Key': 's3cret' };
    const tried = async (path, more) => {
      const client = new WebSocket(`${url}${path}?token=s3cret`, {
        headers: { ...headers, ...more },
      });
      client.on('error', () => {});
      client.on('open', () => client.close());
      await new Promise((closed) => client.on('close', closed));
    };
    await tried('/no');
    await tried('/', { Upgrade: 'other' });
    await tried('/', { 'Sec-WebSocket-Version': '8' });
    await tried('/');
    const { out, err } = await ended;
    assert.doesNotMatch(out, /s3cret/);
    assert.doesNotMatch(err, /s3cret/);
    assertLog(err);
  });
});
