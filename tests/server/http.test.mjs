// A server object beside the HTTP servers of Node.js, on the same port: Express, node:http and
// node:https, clients of npm `ws`, and clients that misbehave.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import { connect, createServer as createTcpServer } from 'node:net';
import { describe, it } from 'node:test';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { PassThrough, Duplex } from 'node:stream';
import webSocket from 'arkws';
import express from 'express';
import WebSocket, { WebSocketServer } from 'ws';
import { next } from '../../npm/test/events.mjs';
import { echoMessages } from '../../npm/test/servers.mjs';
import { folder, node } from '../../npm/test/support.mjs';
import { certificates } from '../support.mjs';
import { join, refusal } from './support.mjs';

/** A server that listens, and is closed after the test. */
async function listening(t, http, ...where) {
  http.listen(...(where.length > 0 ? where : [0, '127.0.0.1']));
  await once(http, 'listening');
  t.after(() => {
    http.closeAllConnections();
    http.close();
  });
  return http.address();
}

/** A server object that was started, sends messages back, and is stopped after the test. */
async function started(t, config, prepare = () => {}) {
  const server = webSocket.createWebSocketServer();
  echoMessages(server);
  prepare(server);
  assert.equal(await server.start({ limits: 'none', ...config }), true);
  t.after(() => server.stop().catch(() => {}));
  return server;
}

/** The whole answer to these bytes. */
async function answerTo(port, bytes) {
  const socket = connect(port, '127.0.0.1');
  socket.write(bytes);
  let answer = '';
  for await (const piece of socket.setEncoding('latin1')) answer += piece;
  return answer;
}

const HEAD =
  'GET /chat HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

/** The same, as `node:http` has it. */
const REQUEST = {
  method: 'GET',
  url: '/chat',
  httpVersion: '1.1',
  rawHeaders: HEAD.split('\r\n')
    .slice(1, -1)
    .flatMap((line) => line.split(': ')),
};

/** "hi" in a frame whose masking key is zero. */
const HI = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]);

describe('a server object that is attached to an HTTP server', { timeout: 60_000 }, () => {
  it('serves beside Express, on the same port', async (t) => {
    const app = express();
    app.get('/hello', (_, response) => response.send('from Express'));
    const http = createServer(app);
    const { port } = await listening(t, http);
    const server = await started(t, { server: http });
    assert.deepEqual(server.listAddress(), { address: '127.0.0.1', port });

    const connect = next(server, 'connect');
    const client = await join(t, `ws://127.0.0.1:${port}/chat?room=1`);
    const [connection] = await connect;
    assert.deepEqual({ ...connection }, client.connection);
    assert.equal(connection.path, '/chat?room=1');
    client.send('hello');
    assert.equal(await client.take(), 'hello');
    client.send('a'.repeat(1_000_000));
    assert.equal((await client.take()).length, 1_000_000);
    const page = await fetch(`http://127.0.0.1:${port}/hello`);
    assert.equal(await page.text(), 'from Express');
    assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 404);

    const closed = next(server, 'close');
    client.close(4000, 'bye');
    assert.deepEqual((await closed)[1], { code: 4000, reason: 'bye', closeReason: 'bye' });
  });

  it('leaves other paths to others, and answers those of nobody with 404', async (t) => {
    const http = createServer();
    const { port } = await listening(t, http);
    const chat = await started(t, { server: http, path: '/chat' });
    const news = await started(t, { server: http, path: '/news' });
    const url = `ws://127.0.0.1:${port}`;
    await join(t, `${url}/chat?a=b`);
    await join(t, `${url}/news`);
    assert.equal(chat.listAllConnections().length, 1);
    assert.equal(news.listAllConnections().length, 1);
    const { status, body } = await refusal(`${url}/chat/other`);
    assert.deepEqual([status, body], [404, 'there is no WebSocket server at this path']);

    const paths = [];
    http.on('upgrade', ({ url }, socket) => {
      paths.push(url);
      if (url === '/mine') socket.end('HTTP/1.1 418 mine\r\nContent-Length: 0\r\n\r\n');
    });
    assert.equal((await refusal(`${url}/mine`)).status, 418);
    await join(t, `${url}/chat`);
    assert.deepEqual(paths, ['/mine', '/chat']);

    const twice = webSocket.createWebSocketServer();
    await assert.rejects(twice.start({ server: http, path: '/chat' }), { code: 401 });
    await chat.stop();
    assert.equal(await twice.start({ server: http, path: '/chat', limits: 'none' }), true);
    t.after(() => twice.stop());
    await join(t, `${url}/chat`);
  });

  it('leaves the HTTP server as it was when it stops', async (t) => {
    const http = createServer((_, response) => response.end('still here'));
    const { port } = await listening(t, http);
    for (let i = 0; i < 3; i++) {
      const server = await started(t, { server: http });
      const client = await join(t, `ws://127.0.0.1:${port}`);
      await server.stop();
      assert.equal(server.listAddress(), undefined);
      assert.equal((await client.closed).code, 1001);
      assert.equal(http.listenerCount('upgrade'), 0);
      assert.equal(await (await fetch(`http://127.0.0.1:${port}`)).text(), 'still here');
    }
  });

  it('has the same rules as any: origins, requests, limits, heads', async (t) => {
    const http = createServer();
    const { port } = await listening(t, http);
    const config = {
      server: http,
      allowedOrigins: ['https://example.org'],
      protocol: 'chat.v1',
      maxHeaderBytes: 2000,
      limits: { perAddress: 1 },
    };
    const server = await started(t, config, (server) => {
      server.on('error', () => {});
      server.on('request', ({ headers, refuse }) => headers['x-no'] && refuse(403, 'no'));
    });
    const url = `ws://127.0.0.1:${port}`;
    assert.equal((await refusal(url, { origin: 'https://example.com' })).status, 403);
    assert.equal((await refusal(url, { headers: { 'X-No': '1' } })).body, 'no');
    assert.equal((await refusal(url, { headers: { 'X-Long': 'x'.repeat(3000) } })).status, 431);
    const client = await join(t, url, { protocols: ['chat.v2', 'chat.v1'] });
    assert.equal(client.protocol, 'chat.v1');
    assert.equal((await refusal(url)).status, 503);
    assert.equal(server.listAllConnections().length, 1);
    assert.match(
      await answerTo(port, HEAD.replace(/Sec-WebSocket-Key.*/, '') + '\r\n'),
      /^HTTP\/1.1 400/,
    );
    assert.match(
      await answerTo(port, HEAD.replace('Upgrade: websocket', 'Upgrade: h2c') + '\r\n'),
      /^HTTP\/1.1 4/,
    );
  });

  it('loses nothing of what comes in the same packet as the request', async (t) => {
    const http = createServer((_, response) => response.end('a page'));
    const { port } = await listening(t, http);
    const server = await started(t, { server: http });
    const message = next(server, 'messageReceive');
    const socket = connect(port, '127.0.0.1');
    t.after(() => socket.destroy());
    // On a connection that has been kept alive.
    socket.write('GET / HTTP/1.1\r\nHost: example.org\r\n\r\n');
    await once(socket, 'data');
    socket.write(Buffer.concat([Buffer.from(`${HEAD}\r\n`), HI, HI]));
    assert.equal((await message)[0].data, 'hi');
    assert.equal(http._connections, 0, 'it is not the HTTP server’s any more');
  });

  it('is not disturbed by a client that asks before its last question is answered', async (t) => {
    const http = createServer(() => {
      // It is never answered.
    });
    const { port } = await listening(t, http);
    const server = await started(t, { server: http });
    server.on('error', () => {});
    const connected = next(server, 'connect');
    const socket = connect(port, '127.0.0.1');
    t.after(() => socket.destroy());
    socket.write(`GET / HTTP/1.1\r\nHost: example.org\r\n\r\n${HEAD}\r\n`);
    await connected;
    const client = await join(t, `ws://127.0.0.1:${port}`);
    client.send('hello');
    assert.equal(await client.take(), 'hello');
  });

  it('keeps the process alive while it has clients, and no longer', async () => {
    const cwd = await folder({
      'main.mjs': `
        import { createServer } from 'node:http';
        import { once } from 'node:events';
        import arkws from 'arkws';
        const http = createServer().listen(0, '127.0.0.1');
        await once(http, 'listening');
        const server = arkws.createWebSocketServer();
        server.on('messageReceive', ({ data, clientConnection }) => {
          console.log(data);
          server.close(clientConnection);
        });
        await server.start({ server: http });
        // In a thread that does not keep the process alive.
        const { Worker } = await import('node:worker_threads');
        const worker = new Worker(
          \`const socket = new WebSocket('ws://127.0.0.1:\${http.address().port}');
          socket.onopen = () => setTimeout(() => socket.send('late'), 50);\`,
          { eval: true, execArgv: ['--experimental-websocket'] },
        );
        worker.unref();
        await new Promise((resolve) => server.on('connect', resolve));
        http.close();
        server.on('close', () => console.log('close'));`,
    });
    const { lines, signal, stderr } = await node(['main.mjs'], { cwd });
    assert.deepEqual([lines, signal], [['late', 'close'], null], stderr);
  });

  it('keeps the process alive until what it was handed is a client, or answered', async () => {
    const cwd = await folder({
      'main.mjs': `
        import { Duplex } from 'node:stream';
        import arkws from 'arkws';
        const server = arkws.createWebSocketServer();
        await server.start({ noServer: true });
        const hand = (rawHeaders) => {
          const stream = new Duplex({
            read() {},
            write(chunk, _, done) {
              console.log(String(chunk).split('\\r\\n')[0]);
              done();
            },
          });
          server.handleUpgrade({ method: 'GET', url: '/', httpVersion: '1.1', rawHeaders }, stream);
          return stream;
        };
        const asked = ${JSON.stringify(REQUEST.rawHeaders)};
        const client = hand(asked);
        server.on('error', () => {});
        server.on('connect', () => client.destroy());
        server.on('close', (_, { code }) => {
          console.log(code);
          server.on('request', ({ refuse }) => refuse(403));
          hand(asked);
        });`,
    });
    const { code, lines, stderr } = await node(['main.mjs'], { cwd });
    assert.equal(stderr, '');
    const [accepted, refused] = ['101 Switching Protocols', '403 Forbidden'];
    assert.deepEqual(lines, [`HTTP/1.1 ${accepted}`, '1006', `HTTP/1.1 ${refused}`]);
    assert.equal(code, 0);
  });

  it('goes on when the HTTP server is closed', async (t) => {
    const http = createServer();
    const { port } = await listening(t, http);
    const server = await started(t, { server: http });
    const client = await join(t, `ws://127.0.0.1:${port}`);
    http.close();
    await once(http, 'close');
    assert.equal(server.listAddress(), undefined);
    client.send('still');
    assert.equal(await client.take(), 'still');
    await server.stop();
  });

  it('serves at the Unix socket of an HTTP server', {
    skip: process.platform === 'win32',
  }, async (t) => {
    const path = joinPath(tmpdir(), `arkws-http-${process.pid}.sock`);
    const http = createServer();
    await listening(t, http, path);
    const server = await started(t, { server: http });
    assert.deepEqual(server.listAddress(), { address: path, port: 0 });
    const connect = next(server, 'connect');
    const client = new WebSocket(`ws+unix:${path}:/`);
    const open = once(client, 'open');
    t.after(() => client.terminate());
    const [connection] = await connect;
    assert.deepEqual({ ...connection }, { clientIP: 'local', clientPort: 1 });
    await open;
    client.send('hello');
    assert.equal(String((await once(client, 'message'))[0]), 'hello');
  });

  it('is wss beside an HTTPS server, whose TLS Node.js speaks', async (t) => {
    const files = await certificates();
    const tls = await files.read('valid');
    const http = createHttpsServer(tls, (_, response) => response.end('a page'));
    const { port } = await listening(t, http);
    const server = await started(t, { server: http });
    const connect = next(server, 'connect');
    const client = await join(t, `wss://localhost:${port}`, { ca: await readFile(files.ca) });
    const [connection] = await connect;
    assert.equal(connection.clientPort, client._socket.localPort);
    for (const size of [1, 70_000, 1_000_000]) {
      client.send('a'.repeat(size));
      assert.equal((await client.take()).length, size);
    }
    // Both ways at once, more than any buffer holds.
    const sends = [];
    for (let i = 0; i < 32; i++) {
      client.send(Buffer.alloc(100_000, i));
      sends.push(server.send(new ArrayBuffer(100_000), connection));
    }
    await Promise.all(sends);
    let bytes = 0;
    for (let i = 0; i < 64; i++) bytes += (await client.take()).length;
    assert.equal(bytes, 64 * 100_000);

    const closed = next(server, 'close');
    client.close(4000, 'bye');
    assert.equal((await closed)[1].code, 4000);
    assert.equal((await client.closed).code, 4000);

    const connected = next(server, 'connect');
    const lost = await join(t, `wss://localhost:${port}`, { ca: await readFile(files.ca) });
    await connected;
    const gone = next(server, 'close');
    server.on('error', () => {});
    lost.terminate();
    assert.equal((await gone)[1].code, 1006);
  });
});

describe('handleUpgrade', { timeout: 60_000 }, () => {
  it('takes what the program has decided on, in its own time', async (t) => {
    const http = createServer();
    const { port } = await listening(t, http);
    const server = await started(t, { noServer: true });
    assert.equal(server.listAddress(), undefined);
    http.on('upgrade', async (request, socket, head) => {
      await new Promise(setImmediate);
      if (request.headers.authorization !== 'Bearer sesame') {
        return socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n');
      }
      server.handleUpgrade(request, socket, head);
    });
    const url = `ws://127.0.0.1:${port}`;
    assert.equal((await refusal(url)).status, 401);
    const message = next(server, 'messageReceive');
    const socket = connect(port, '127.0.0.1');
    t.after(() => socket.destroy());
    socket.write(`${HEAD}Authorization: Bearer sesame\r\n\r\n`);
    // It comes while the program decides, or after: it is not lost.
    socket.write(HI);
    assert.equal((await message)[0].data, 'hi');
  });

  it('works on a server with a port of its own, too', async (t) => {
    const http = createServer();
    const { port } = await listening(t, http);
    const server = await started(t, { serverIP: '127.0.0.1', serverPort: 0 });
    http.on('upgrade', (request, socket, head) => server.handleUpgrade(request, socket, head));
    await join(t, `ws://127.0.0.1:${port}`);
    await join(t, `ws://127.0.0.1:${server.listAddress().port}`);
    assert.equal(server.listAllConnections().length, 2);
  });

  it('takes any stream', async (t) => {
    const server = await started(t, { noServer: true });
    const [toServer, toClient] = [new PassThrough(), new PassThrough()];
    const stream = Duplex.from({ readable: toServer, writable: toClient });
    t.after(() => stream.destroy());
    server.handleUpgrade(REQUEST, stream, HI.subarray(0, 3));
    let answer = '';
    for await (const piece of toClient.iterator({ destroyOnReturn: false })) {
      answer += piece.toString('latin1');
      if (answer.endsWith('\r\n\r\n')) break;
    }
    assert.match(answer, /^HTTP\/1.1 101 /);
    const message = next(server, 'messageReceive');
    toServer.write(HI.subarray(3));
    const [{ data, clientConnection }] = await message;
    assert.deepEqual([data, { ...clientConnection }], ['hi', { clientIP: 'local', clientPort: 1 }]);
    const closed = next(server, 'close');
    server.on('error', () => {});
    toServer.end();
    assert.equal((await closed)[1].code, 1006);
  });

  it('throws 401 for what is no request, no socket, no head', async (t) => {
    const server = await started(t, { noServer: true });
    const request = { method: 'GET', url: '/', httpVersion: '1.1', rawHeaders: ['Host', 'a'] };
    const socket = new PassThrough();
    for (const args of [
      [],
      [undefined, socket],
      ['GET /', socket],
      [{}, socket],
      [{ ...request, url: undefined }, socket],
      [{ ...request, url: '/\r\nX: y' }, socket],
      [{ ...request, method: 'GET\u010a' }, socket],
      [{ ...request, httpVersion: '2.0' }, socket],
      [{ ...request, rawHeaders: undefined }, socket],
      [{ ...request, rawHeaders: ['a'] }, socket],
      [{ ...request, rawHeaders: ['a', 1] }, socket],
      [{ ...request, rawHeaders: ['a', 'b\nc: d'] }, socket],
      [request],
      [request, null],
      [request, {}],
      [request, socket, 'head'],
      [request, socket, null],
      [
        {
          get method() {
            throw new Error('boom');
          },
        },
        socket,
      ],
    ]) {
      assert.throws(() => server.handleUpgrade(...args), { code: 401 });
    }
    const never = webSocket.createWebSocketServer();
    assert.throws(() => never.handleUpgrade(request, socket), { code: 2302999 });
    assert.throws(() => server.handleUpgrade.call({}, request, socket), { code: 401 });
  });

  for (const [scheme, create] of [
    ['ws', () => createServer()],
    ['wss', async (files) => createHttpsServer(await files.read('valid'))],
  ]) {
    it(`throws 401 for a socket that it has, and its client stays: ${scheme}`, async (t) => {
      const files = await certificates();
      const http = await create(files);
      const { port } = await listening(t, http);
      const server = await started(t, { noServer: true });
      // It is the other's, and is neither served nor refused here.
      await started(t, { server: http });
      const codes = [];
      http.prependListener('upgrade', (...args) => {
        server.handleUpgrade(...args);
        try {
          server.handleUpgrade(...args);
        } catch ({ code }) {
          codes.push(code);
        }
      });
      const ca = await readFile(files.ca);
      const client = await join(t, `${scheme}://localhost:${port}`, { ca });
      client.send('hello');
      assert.equal(await client.take(), 'hello');
      assert.deepEqual(codes, [401]);
    });
  }

  it('leaves a socket alone that the program has answered', async (t) => {
    const http = createServer();
    const { port } = await listening(t, http);
    const server = await started(t, { noServer: true }, (server) => {
      server.on('connect', () => assert.fail('it has come in'));
      server.on('error', assert.fail);
    });
    http.on('upgrade', (request, socket, head) => {
      socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
      server.handleUpgrade(request, socket, head);
    });
    const { status, body } = await refusal(`ws://127.0.0.1:${port}`);
    assert.deepEqual([status, body], [403, 'no']);
    await server.stop({});
  });

  for (const [what, break_] of [
    [
      'throws',
      (stream) => {
        stream.write = () => {
          throw new Error('broken');
        };
      },
    ],
    ['gives what are no bytes', (stream) => stream.push({})],
  ]) {
    it(`loses a stream that ${what}, and tells it why`, async (t) => {
      const server = await started(t, { noServer: true });
      server.on('error', () => {});
      const stream = new Duplex({ objectMode: true, read() {}, write: (_, __, done) => done() });
      const connect = next(server, 'connect');
      server.handleUpgrade(REQUEST, stream);
      const [connection] = await connect;
      const closed = next(server, 'close');
      const failed = once(stream, 'error');
      break_(stream);
      server.send('hello', connection).catch(() => {});
      const [error] = await failed;
      assert.ok(error instanceof Error);
      assert.equal((await closed)[1].code, 1006);
      assert.ok(stream.destroyed);
    });
  }

  it('does nothing with a socket that is gone, and refuses one after a stop', async (t) => {
    const http = createServer();
    const { port } = await listening(t, http);
    const server = await started(t, { noServer: true });
    const upgrade = (handle) =>
      new Promise((resolve, reject) => {
        http.once('upgrade', (...args) => {
          try {
            resolve(handle(...args));
          } catch (error) {
            reject(error);
          }
        });
      });
    let handled = upgrade((request, socket, head) => {
      socket.destroy();
      server.handleUpgrade(request, socket, head);
    });
    const gone = new WebSocket(`ws://127.0.0.1:${port}`);
    gone.on('error', () => {});
    await handled;

    handled = upgrade(async (request, socket, head) => {
      await server.stop();
      server.handleUpgrade(request, socket, head);
    });
    const { status } = await refusal(`ws://127.0.0.1:${port}`);
    await handled;
    assert.equal(status, 503);
  });
});

describe('start', () => {
  const http = createServer();
  for (const config of [
    { server: {} },
    { server: null },
    { server: 'http' },
    { server: createTcpServer() },
    { server: createHttp2Server() },
    { server: new WebSocketServer({ noServer: true }) },
    { server: http, serverPort: 0 },
    { server: http, noServer: true },
    { server: http, fd: 3 },
    { server: http, path: 'chat' },
    { server: http, path: '/chat?room=1' },
    { server: http, path: 1 },
    { server: http, serverCert: { certPath: 'package.json', keyPath: 'package.json' } },
    { noServer: false },
    { noServer: 1 },
    { noServer: true, path: '/chat' },
    { noServer: true, serverPort: 0 },
  ]) {
    const shown = JSON.stringify(config, (name, value) =>
      name === 'server' ? (value?.constructor.name ?? null) : value,
    );
    it(`refuses ${shown} with 401`, async () => {
      const server = webSocket.createWebSocketServer();
      await assert.rejects(server.start(config), { code: 401 });
      assert.equal(http.listenerCount('upgrade'), 0);
    });
  }
});
