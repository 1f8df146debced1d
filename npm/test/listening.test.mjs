// Where a server listens: Unix sockets, descriptors, ports that processes share.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, openSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import arkws from 'arkws';
import { WebSocket } from 'ws';
import { folder, node } from './support.mjs';

const onUnix = {
  skip: process.platform === 'win32' && 'sockets have no paths and no numbers here',
};

/** The code that a start is refused with. */
const codeOf = (start) => start.then(assert.fail, ({ code }) => code);

/** A server object that sends every message back; stopped after the test. */
function echoServer(t) {
  const server = arkws.createWebSocketServer();
  server.on('messageReceive', ({ data, clientConnection }) => server.send(data, clientConnection));
  t.after(() => server.stop().catch(() => {}));
  return server;
}

/** What a client of npm `ws` gets back; it stays connected until the end of the test. */
async function echoed(t, url, text) {
  const client = new WebSocket(url);
  t.after(() => client.terminate());
  await once(client, 'open');
  client.send(text);
  const [data] = await once(client, 'message');
  return String(data);
}

describe('a Unix socket', onUnix, () => {
  it('serves clients that are told apart, and is gone after a stop', async (t) => {
    const path = join(await folder(), 'socket');
    const server = echoServer(t);
    const connections = [];
    server.on('connect', (connection) => connections.push({ ...connection }));
    assert.equal(await server.start({ path }), true);
    assert.deepEqual(server.listAddress(), { address: path, port: 0 });
    assert.equal(await echoed(t, `ws+unix:${path}:/chat`, 'one'), 'one');
    assert.equal(await echoed(t, `ws+unix:${path}:/chat`, 'two'), 'two');
    assert.deepEqual(connections, [
      { clientIP: 'local', clientPort: 1 },
      { clientIP: 'local', clientPort: 2 },
    ]);
    assert.equal(server.listAllConnections().length, 2);

    const second = echoServer(t);
    assert.equal(await codeOf(second.start({ path })), 2302007);
    await server.stop();
    // A start waits until the file is gone.
    assert.equal(await server.start({ path }), true);
    await server.stop();
  });

  it('does not touch a file that it has not made', async (t) => {
    const path = join(await folder({ file: 'mine' }), 'file');
    assert.equal(await codeOf(echoServer(t).start({ path })), 2302007);
    assert.ok(existsSync(path));
  });
});

describe('a descriptor', onUnix, () => {
  it('of a socket that listens serves, and stays the program’s', async (t) => {
    const listener = createServer().listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const { port } = listener.address();
    const server = echoServer(t);
    assert.equal(await server.start({ fd: listener._handle.fd }), true);
    assert.deepEqual(server.listAddress(), { address: '127.0.0.1', port });
    listener.close();
    assert.equal(await echoed(t, `ws://127.0.0.1:${port}`, 'hello'), 'hello');
  });

  it('of anything else is 401', async (t) => {
    const file = join(await folder(), 'file');
    writeFileSync(file, '');
    const server = echoServer(t);
    for (const fd of [openSync(file), 99_999]) {
      assert.equal(await codeOf(server.start({ fd })), 401);
    }
  });
});

describe('start', () => {
  const here = { serverPort: 0 };
  for (const config of [
    { fd: -1 },
    { fd: 1.5 },
    { fd: '3' },
    { fd: 2 ** 32 },
    { fd: null },
    { path: '' },
    { path: 1 },
    { path: null },
    { path: `/${'x'.repeat(200)}` },
    { path: '/nowhere', fd: 3 },
    { path: '/nowhere', ...here },
    { path: '/nowhere', serverIP: '127.0.0.1' },
    { path: '/nowhere', reusePort: true },
    { path: '/nowhere', serverCert: { certPath: 'package.json', keyPath: 'package.json' } },
    { fd: 0, ...here },
    { ...here, reusePort: 1 },
    { ...here, serverPort: '1' },
  ]) {
    it(`refuses ${JSON.stringify(config)} with 401`, async () => {
      assert.equal(await codeOf(arkws.createWebSocketServer().start(config)), 401);
    });
  }

  it('warns once of a certificate without a path, and speaks without TLS', async () => {
    const cwd = await folder({
      'main.mjs': `
        import arkws from 'arkws';
        process.on('warning', ({ code }) => console.log(code));
        for (let i = 0; i < 2; i++) {
          const server = arkws.createWebSocketServer();
          const serverCert = { certPath: '', keyPath: '' };
          // What is refused is no reason to warn.
          await server.setCertificate(serverCert).catch(({ code }) => console.log(code));
          await server.start({ serverPort: 0, serverIP: '127.0.0.1', serverCert });
          const client = arkws.createWebSocket();
          const { port } = server.listAddress();
          const open = new Promise((resolve) => client.on('open', resolve));
          client.connect('ws://127.0.0.1:' + port);
          await open;
          console.log('open');
          await client.close();
          await server.stop();
        }`,
    });
    const { lines } = await node(['main.mjs'], { cwd });
    assert.deepEqual(lines, ['401', 'ARKWS_SERVER_CERT', 'open', '401', 'open']);
  });
});

describe('a port', { skip: process.platform !== 'linux' && 'it is for one server here' }, () => {
  it('is shared with reusePort', async (t) => {
    const config = { serverIP: '127.0.0.1', reusePort: true };
    const [one, other] = [echoServer(t), echoServer(t)];
    await one.start({ ...config, serverPort: 0 });
    const { port } = one.listAddress();
    assert.equal(await other.start({ ...config, serverPort: port }), true);
    const alone = { ...config, serverPort: port, reusePort: false };
    assert.equal(await codeOf(echoServer(t).start(alone)), 2302007);
    // With options it answers when the socket, which gets connections till then, is gone.
    await one.stop({});
    assert.equal(await echoed(t, `ws://127.0.0.1:${port}`, 'hello'), 'hello');
  });

  it('is shared by the workers of node:cluster, and all of them serve', async () => {
    const cwd = await folder({
      'main.mjs': `
        import cluster from 'node:cluster';
        import { once } from 'node:events';
        import arkws from 'arkws';

        const WORKERS = 3;
        if (cluster.isPrimary) {
          const workers = [cluster.fork({ PORT: '0' })];
          const [port] = await once(workers[0], 'message');
          while (workers.length < WORKERS) {
            const worker = cluster.fork({ PORT: String(port) });
            await once(worker, 'message');
            workers.push(worker);
          }
          // The system picks a worker for each client. That one of them is never picked has a
          // chance of less than one in a billion.
          const seen = new Set();
          for (let i = 0; i < 60; i++) {
            const client = new WebSocket('ws://127.0.0.1:' + port);
            const [{ data }] = await once(client, 'message');
            seen.add(data);
            client.close();
            await once(client, 'close');
          }
          console.log(seen.size);
          for (const worker of workers) worker.kill();
        } else {
          const server = arkws.createWebSocketServer();
          server.on('connect', (connection) => server.send(String(process.pid), connection));
          await server.start({ serverIP: '127.0.0.1', serverPort: Number(process.env.PORT) });
          process.send(server.listAddress().port);
        }`,
    });
    const { lines, stderr } = await node(['--experimental-websocket', 'main.mjs'], { cwd });
    assert.deepEqual(lines, ['3'], stderr);
  });
});
