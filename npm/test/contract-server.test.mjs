// The server, `createWebSocketServer()`.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import arkws from 'arkws';
import { WebSocket } from 'ws';
import { messages, next, openClient, rejection } from './events.mjs';
import { running } from './servers.mjs';
import { folder, node } from './support.mjs';

const f = () => {};

const code = async (promise) => (await rejection(promise)).code;

describe('messages that do not become whole', { timeout: 60_000 }, () => {
  it('end their connection after messageTimeout', async (t) => {
    const { server, url } = await running(t, { messageTimeout: 100 });
    const joined = next(server, 'connect');
    const client = new WebSocket(url);
    t.after(() => client.terminate());
    await once(client, 'open');
    await joined;
    const reported = next(server, 'error');
    const closed = next(server, 'close');
    const seen = once(client, 'close');
    client.send('the beginning', { fin: false });
    const [error] = await reported;
    assert.equal(error.cause, 'timeout');
    assert.match(
      error.message,
      /rest of a message took longer than 100ms \(the option messageTimeout/,
    );
    assert.equal((await closed)[0].closeReason ?? 1006, 1006);
    assert.equal((await seen)[0], 1008);
  });

  it('end the connection that takes most of maxUnfinishedBytes', async (t) => {
    const { server, url } = await running(t, {
      maxMessageSize: 1000_000,
      maxUnfinishedBytes: 1000_000,
    });
    const clients = [];
    for (let i = 0; i < 3; i++) {
      const client = new WebSocket(url);
      t.after(() => client.terminate());
      await once(client, 'open');
      clients.push(client);
    }
    const reported = next(server, 'error');
    const seen = once(clients[1], 'close');
    clients[1].send(Buffer.alloc(700_000), { fin: false });
    for (const client of [clients[0], clients[2]])
      client.send(Buffer.alloc(200_000), { fin: false });
    const [error] = await reported;
    assert.equal(error.cause, 'too-big');
    assert.match(error.message, /maxUnfinishedBytes/);
    assert.equal((await seen)[0], 1009);
  });
});

describe('start', () => {
  it('refuses wrong arguments with 401', async () => {
    for (const args of [
      [],
      [undefined],
      [null],
      [1],
      [f],
      [{}, f],
      [{}, undefined],
      [{}, true, 1],
    ]) {
      assert.equal(await code(arkws.createWebSocketServer().start(...args)), 401);
    }
  });

  for (const [config, expected] of [
    [{ serverIP: '0.0.0.0..' }, 2302004],
    [{ serverIP: 'localhost' }, 2302004],
    [{ serverPort: undefined }, 401],
    [{ serverPort: '8080' }, 401],
    [{ serverCert: null }, 401],
    [{ serverCert: true }, 401],
    [{ serverCert: 'cert.pem' }, 401],
    [{ serverCert: {} }, 401],
    [{ serverCert: { certPath: 1 } }, 401],
    [{ serverPort: 65536 }, 2302005],
    [{ serverPort: -1 }, 2302005],
    [{ serverPort: 1e12 }, 2302005],
    [{ maxConcurrentClientsNumber: 11 }, 2302999],
    [{ maxConnectionsForOneClient: 11 }, 2302999],
    [{ maxConcurrentClientsNumber: 11, limits: 'platform' }, 2302999],
    [{ limits: 'all' }, 401],
    [{ limits: null }, 401],
    [{ limits: 1 }, 401],
    [{ limits: { perAdress: 1 } }, 401],
    [{ limits: { connections: '1' } }, 401],
    [{ limits: { connections: 0 } }, 401],
    [{ limits: { perAddress: -1 } }, 401],
    [{ limits: { attemptsPerMinute: NaN } }, 401],
    [{ limits: { handshakes: 0 } }, 401],
    [{ limits: 'none', maxConcurrentClientsNumber: 5 }, 401],
    [{ limits: {}, maxConnectionsForOneClient: 5 }, 401],
    [{ trustProxy: '10.0.0.0/8' }, 401],
    [{ trustProxy: null }, 401],
    [{ trustProxy: [1] }, 401],
    [{ trustProxy: ['::1', 'localhost'] }, 401],
    [{ trustProxy: ['10.0.0.1/8'] }, 401],
    [{ requestTimeout: 0 }, 401],
    [{ requestTimeout: '1' }, 401],
    [{ messageTimeout: -1 }, 401],
    [{ maxUnfinishedBytes: 0 }, 401],
    [{ allowedOrigins: 'https://example.org' }, 401],
    [{ allowedOrigins: [1] }, 401],
    [{ allowedOrigins: ['example.org'] }, 401],
    [{ allowedOrigins: ['https://example.org/'] }, 401],
    [{ serverCert: { certPath: '/nowhere', keyPath: '/nowhere' } }, 2302002],
  ]) {
    it(`rejects ${JSON.stringify(config)} with ${expected}`, async () => {
      const server = arkws.createWebSocketServer();
      assert.equal(
        await code(server.start({ serverPort: 0, serverIP: '127.0.0.1', ...config })),
        expected,
      );
    });
  }

  it('rejects a port that is taken with 2302007, and the object can start elsewhere', async (t) => {
    const { server } = await running(t);
    const second = arkws.createWebSocketServer();
    t.after(() => second.stop().catch(f));
    assert.equal(
      await code(second.start({ serverIP: '127.0.0.1', serverPort: server.listAddress().port })),
      2302007,
    );
    assert.equal(await second.start({ serverIP: '127.0.0.1', serverPort: 0 }), true);
  });

  it('works right after a stop that was not awaited, on the same port', async (t) => {
    const { server, url } = await running(t);
    await openClient(t, url);
    const { port } = server.listAddress();
    for (let i = 0; i < 5; i++) {
      server.stop();
      assert.equal(await server.start({ serverIP: '127.0.0.1', serverPort: port }), true);
    }
    assert.equal(server.listAddress().port, port);
  });

  it('takes the second argument of the platform', async (t) => {
    const server = arkws.createWebSocketServer();
    t.after(() => server.stop());
    assert.equal(await server.start({ serverPort: 0 }, true), true);
    assert.equal(server.listAddress().address, '0.0.0.0');
  });
});

describe('a server', () => {
  it('exchanges messages of both kinds with a client of ours and of others', async (t) => {
    const { server, url } = await running(t);
    server.on('messageReceive', function (message, ...rest) {
      assert.equal(this, undefined);
      assert.equal(rest.length, 0);
      assert.deepEqual(Object.keys(message), ['data', 'clientConnection']);
      server.send(message.data, message.clientConnection);
    });
    const texts = ['a', '', 'é€\0', 'x'.repeat(100_000)];
    const buffers = [new Uint8Array([1, 2]).buffer, new ArrayBuffer(0), new ArrayBuffer(300_000)];

    const ws = await openClient(t, url);
    const echoed = messages(ws, texts.length + buffers.length);
    for (const data of [...texts, ...buffers]) ws.send(data);
    assert.deepEqual(await echoed, [...texts, ...buffers]);

    const other = new WebSocket(url);
    await once(other, 'open');
    for (const data of [...texts, ...buffers]) {
      other.send(data);
      const [echo, isBinary] = await once(other, 'message');
      assert.equal(isBinary, typeof data !== 'string');
      assert.deepEqual(echo, Buffer.from(data));
    }
    other.close();
    await once(other, 'close');
  });

  it('tells of clients that come and go', async (t) => {
    const { server, url } = await running(t);
    const connect = next(server, 'connect');
    const ws = new WebSocket(url);
    const [[client, ...rest]] = await Promise.all([connect, once(ws, 'open')]);
    assert.deepEqual({ ...client }, { clientIP: '127.0.0.1', clientPort: ws._socket.localPort });
    assert.deepEqual(rest, []);
    const close = next(server, 'close');
    ws.close(3001, 'done');
    assert.deepEqual(await close, [client, { code: 3001, reason: 'done', closeReason: 'done' }]);
  });

  it('tells of a lost client: error, then close with 1006', async (t) => {
    const { server, url } = await running(t);
    const connect = next(server, 'connect');
    const ws = new WebSocket(url);
    ws.on('error', f);
    const [[client]] = await Promise.all([connect, once(ws, 'open')]);
    const [error, close] = [next(server, 'error'), next(server, 'close')];
    ws.terminate();
    const [{ code: errorCode, cause }] = await error;
    assert.equal(errorCode, 200);
    assert.equal(cause, 'reset');
    const [of, { code: closeCode }] = await close;
    assert.deepEqual(of, client);
    assert.equal(closeCode, 1006);
  });

  it('lists its clients, at once and awaited', async (t) => {
    const { server, url } = await running(t);
    const clients = [];
    server.on('connect', (client) => clients.push(client));
    for (let i = 0; i < 3; i++) await openClient(t, url);
    while (clients.length < 3) await next(server, 'connect');
    clients.sort((a, b) => a.clientPort - b.clientPort);

    const list = server.listAllConnections();
    assert.ok(Array.isArray(list));
    assert.equal(list.length, 3);
    assert.deepEqual(Object.keys(list), ['0', '1', '2']);
    assert.equal(
      JSON.stringify(list[0]),
      JSON.stringify({ clientIP: list[0].clientIP, clientPort: list[0].clientPort }),
    );
    const byPort = (a, b) => a.clientPort - b.clientPort;
    assert.deepEqual([...list].sort(byPort), clients);
    const awaited = await list;
    assert.ok(Array.isArray(awaited));
    assert.equal(Object.hasOwn(awaited, 'then'), false);
    assert.deepEqual(awaited.sort(byPort), clients);
    assert.equal(await list.then(({ length }) => length), 3);
    assert.equal(await list.finally(f).then(({ length }) => length), 3);
    assert.equal(await code(server.listAllConnections(1)), 2302999);
  });

  it('lists a client within 20 ms of its connecting', async (t) => {
    const { server, url } = await running(t);
    const ws = new WebSocket(url);
    await once(ws, 'open');
    const end = performance.now() + 20;
    while (server.listAllConnections().length === 0 && performance.now() < end)
      await new Promise(setImmediate);
    assert.equal(server.listAllConnections().length, 1);
    ws.terminate();
  });

  it('gives 2302999 before start and after stop, 2302006 for a client it does not have', async (t) => {
    const nobody = { clientIP: '127.0.0.1', clientPort: 1 };
    const server = arkws.createWebSocketServer();
    assert.equal(await code(server.stop()), 2302999);
    assert.equal(await code(server.listAllConnections()), 2302999);
    assert.equal(await code(server.broadcast('a')), 2302999);
    assert.equal(await code(server.send('a', nobody)), 2302006);
    assert.equal(await code(server.close(nobody)), 2302006);
    assert.equal(server.listAddress(), undefined);
    const { server: other } = await running(t);
    assert.equal(await code(other.send('a', nobody)), 2302006);
    assert.equal(await code(other.close(nobody)), 2302006);
    for (const clientPort of [70000, -1, 1.5, NaN])
      assert.equal(await code(other.send('a', { ...nobody, clientPort })), 2302006);
    assert.equal(await code(other.send('a', { clientIP: '', clientPort: 1 })), -1);
    assert.equal(await code(other.stop(1)), 401);
    assert.equal(await other.stop(), true);
    assert.equal(await code(other.stop()), 2302999);
  });

  it('refuses wrong arguments with 401', async (t) => {
    const { server } = await running(t);
    const c = { clientIP: '127.0.0.1', clientPort: 1 };
    const sends = [
      [],
      ['a'],
      ['a', c, f],
      [1, c],
      [new Uint8Array(1), c],
      [{}, c],
      ['a', null],
      ['a', {}],
    ];
    sends.push(
      ['a', { clientIP: 1, clientPort: 1 }],
      ['a', { ...c, clientPort: '1' }],
      ['x'.repeat(5242865), c],
    );
    for (const args of sends) assert.equal(await code(server.send(...args)), 401, String(args));
    const closes = [
      [],
      [null],
      [{}],
      [c, undefined],
      [c, {}],
      [c, { code: 1000 }],
      [c, { code: '1', reason: '' }],
    ];
    for (const args of closes) assert.equal(await code(server.close(...args)), 401);
    for (const args of [[], [1], [{}], ['a', {}], ['a', [c, null]]])
      assert.equal(await code(server.broadcast(...args)), 401);
    for (const args of [[], ['connect'], [1, f], ['connect', undefined]])
      assert.throws(() => server.on(...args), { code: 401 });
  });

  it('closes one client with code and reason', async (t) => {
    const { server, url } = await running(t);
    const connect = next(server, 'connect');
    // On this thread, so that it cannot answer before the second call.
    const ws = new WebSocket(url);
    const [[client]] = await Promise.all([connect, once(ws, 'open')]);
    const closed = once(ws, 'close');
    const told = next(server, 'close');
    const closing = server.close(client, { code: 4004, reason: 'go' });
    const again = code(server.close(client));
    assert.equal(await closing, true);
    assert.equal(await again, 2302999);
    const [closeCode, reason] = await closed;
    assert.deepEqual([closeCode, String(reason)], [4004, 'go']);
    assert.deepEqual(await told, [client, { code: 4004, reason: 'go', closeReason: 'go' }]);
  });

  it('closes everyone with 1001 when it stops, and tells of each', async (t) => {
    const { server, url } = await running(t);
    const clients = [];
    for (let i = 0; i < 5; i++) clients.push(await openClient(t, url));
    while (server.listAllConnections().length < 5) await new Promise(setImmediate);
    const told = [];
    const all = new Promise((resolve) =>
      server.on('close', (_, { code }) => told.push(code) === 5 && resolve()),
    );
    const closed = clients.map((ws) => next(ws, 'close'));
    assert.equal(await server.stop(), true);
    for (const close of closed) assert.equal((await close)[1].code, 1001);
    await all;
    assert.deepEqual(told, Array(5).fill(1001));
  });

  it('sends to all but some', async (t) => {
    const { server, url } = await running(t);
    const clients = [];
    for (let i = 0; i < 4; i++) {
      const connect = next(server, 'connect');
      const ws = await openClient(t, url);
      const [connection] = await connect;
      const got = [];
      ws.on('message', (_, value) => got.push(value));
      clients.push({ ws, connection, got });
    }
    assert.equal(await server.broadcast('to all'), 4);
    assert.equal(await server.broadcast(new ArrayBuffer(3), clients[0].connection), 3);
    assert.equal(
      await server.broadcast(
        'to two',
        clients.slice(0, 2).map(({ connection }) => connection),
      ),
      2,
    );
    for (const { connection } of clients) server.send('end', connection);
    await Promise.all(
      clients.map(
        ({ ws, got }) =>
          got.at(-1) === 'end' ||
          new Promise((resolve) => ws.on('message', (_, value) => value === 'end' && resolve())),
      ),
    );
    assert.deepEqual(
      clients.map(({ got }) => got.length),
      [2, 3, 4, 4],
    );
  });

  it('rejects sends to a client that is lost, but that is no unhandledRejection', async () => {
    const cwd = await folder({
      'server.mjs': `
        import arkws from 'arkws';
        const server = arkws.createWebSocketServer();
        server.on('error', () => {});
        server.on('connect', (client) => {
          for (let i = 0; i < 3; i++) server.send(new ArrayBuffer(4 << 20), client).then(() => 'sent', (error) => error.code).then((result) => results.push(result));
          for (let i = 0; i < 10; i++) server.send('forgotten', client);
          ws.close();
        });
        const results = [];
        server.on('close', (_, { code }) => setImmediate(() => { console.log(results.length, new Set(results).has(-1)); server.stop(); }));
        await server.start({ serverPort: 0, serverIP: '127.0.0.1' });
        const { connect } = await import('node:net');
        const socket = connect(server.listAddress().port, '127.0.0.1');
        const ws = { close: () => socket.resetAndDestroy() };
        socket.pause();
        socket.on('error', () => {});
        socket.write('GET / HTTP/1.1\\r\\nHost: x\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\n\\r\\n');
      `,
    });
    const { code: exit, stderr, lines } = await node(['server.mjs'], { cwd });
    assert.deepEqual({ exit, stderr, lines }, { exit: 0, stderr: '', lines: ['3 true'] });
  });

  it('rejects sends to a client that went before the program can know, but that is no unhandledRejection', async () => {
    const cwd = await folder({
      'server.mjs': `
        import arkws from 'arkws';
        import { connect } from 'node:net';
        const server = arkws.createWebSocketServer();
        server.on('error', () => {});
        server.on('connect', (client) => {
          socket.resetAndDestroy();
          while (server.listAllConnections().length > 0);
          server.send('forgotten', client);
          server.close(client);
          server.send('too late', client).catch(({ code }) => console.log('rejected', code));
        });
        server.on('close', (client) => {
          console.log('close');
          server.stop();
          process.on('unhandledRejection', ({ code }) => console.log('unhandled', code));
          server.send('too late as well', client);
        });
        await server.start({ serverPort: 0, serverIP: '127.0.0.1' });
        const socket = connect(server.listAddress().port, '127.0.0.1');
        socket.write('GET / HTTP/1.1\\r\\nHost: x\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\n\\r\\n');
      `,
    });
    const { code: exit, stderr, lines } = await node(['server.mjs'], { cwd });
    assert.deepEqual(
      { exit, stderr, lines },
      { exit: 0, stderr: '', lines: ['rejected 2302006', 'close'] },
    );
  });
});

describe('request', () => {
  const knock = async (url, headers = {}) => {
    const ws = new WebSocket(url, { headers });
    const [kind, response] = await Promise.race([
      once(ws, 'open').then(() => ['open']),
      once(ws, 'unexpected-response').then(([, response]) => ['refused', response]),
    ]);
    ws.on('error', f);
    if (kind === 'open') return 'open';
    const body = (await response.setEncoding('utf8').toArray()).join('');
    return `${response.statusCode} ${body}`;
  };

  it('shows path, header fields and address, and lets in who is not refused', async (t) => {
    let seen;
    const { url } = await running(t, {}, (server) =>
      server.on('request', (request) => void (seen = request)),
    );
    assert.equal(await knock(`${url}/a/b?c=d`, { 'X-Token': 'secret' }), 'open');
    assert.equal(seen.path, '/a/b?c=d');
    assert.equal(seen.headers['x-token'], 'secret');
    assert.equal(seen.connection.clientIP, '127.0.0.1');
  });

  it('refuses with a status and a reason, at once or later', async (t) => {
    const { url } = await running(t, {}, (server) =>
      server.on('request', async (request) => {
        if (request.path === '/now') request.refuse(403, 'Go away');
        if (request.path === '/later') {
          await new Promise((resolve) => setTimeout(resolve, 10));
          request.refuse(401);
        }
        if (request.path === '/bad') assert.throws(() => request.refuse(200), { code: 401 });
      }),
    );
    assert.equal(await knock(`${url}/now`), '403 Go away');
    assert.equal(await knock(`${url}/later`), '401 ');
    assert.equal(await knock(`${url}/bad`), 'open');
  });

  it('asks all listeners: one refusal is enough', async (t) => {
    const { url } = await running(t, {}, (server) => {
      server.on('request', () => {});
      server.on('request', (request) => request.refuse(418));
      server.on('request', () => {});
    });
    assert.match(await knock(url), /^418/);
  });

  it('gives 500 when a listener throws, and the exception is not lost', async () => {
    const cwd = await folder({
      'server.mjs': `
        import arkws from 'arkws';
        process.on('uncaughtException', ({ message }) => console.log(message));
        const server = arkws.createWebSocketServer();
        server.on('request', ({ path }) => { if (path === '/throw') throw new Error('thrown'); });
        server.on('request', async ({ path }) => { if (path === '/reject') throw new Error('rejected'); });
        await server.start({ serverPort: 0, serverIP: '127.0.0.1' });
        const { port } = server.listAddress();
        for (const path of ['throw', 'reject']) {
          const ws = arkws.createWebSocket();
          const failed = new Promise((resolve) => ws.on('error', resolve));
          await ws.connect('ws://127.0.0.1:' + port + '/' + path);
          console.log((await failed).data);
        }
        server.stop();
      `,
    });
    const { lines, stderr } = await node(['server.mjs'], { cwd });
    assert.equal(stderr, '');
    assert.deepEqual(lines.sort(), ['500', '500', 'rejected', 'thrown']);
  });
});
