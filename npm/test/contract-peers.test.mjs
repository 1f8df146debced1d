// What a peer does, or leaves undone, ends no process: neither a client's nor a server's program
// needs a `catch` for it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { describe, it } from 'node:test';
import { WebSocket } from 'ws';
import { acceptance } from './handshake.mjs';
import { folder } from './support.mjs';

/**
 * A program with an arkws server `server`, which prints what it prints; ended after the tests of
 * `t`.
 */
async function program(t, code, args = []) {
  const root = await folder({
    'app.mjs': `
      import webSocket from 'arkws';
      const server = webSocket.createWebSocketServer();
      ${code}
      await server.start({ serverIP: '127.0.0.1', serverPort: 0, ...globalThis.options });
      console.log(server.listAddress().port);
    `,
  });
  const child = spawn(process.execPath, [...args, 'app.mjs'], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  t.after(() => child.kill());
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  const lines = [];
  const waiting = [];
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop();
    lines.push(...parts);
    while (waiting.length > 0 && lines.length > 0) waiting.shift().resolve(lines.shift());
  });
  const ended = once(child, 'close').then(([code, signal]) => {
    for (const { reject } of waiting) reject(new Error(`ended with ${code ?? signal}: ${stderr}`));
    return code;
  });
  const line = () =>
    lines.length > 0
      ? Promise.resolve(lines.shift())
      : new Promise((resolve, reject) => waiting.push({ resolve, reject }));
  return { port: Number(await line()), line, ended };
}

const isAlive = async (port) => {
  const ws = new WebSocket(`ws://127.0.0.1:${port}`);
  await once(ws, 'open');
  const answer = once(ws, 'message');
  ws.send('still here');
  assert.equal(String((await answer)[0]), 'still here');
  ws.terminate();
};

/** A raw connection that has upgraded, and reads nothing from then on. */
async function upgraded(port) {
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(
    'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
  );
  await once(socket, 'data');
  socket.pause();
  return socket;
}

/** Masked frames (with the key 0) of `text`. */
const frames = (...texts) =>
  Buffer.concat(
    texts.map((text) => Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0, ...Buffer.from(text)])),
  );

const ECHO = `
  server.on('messageReceive', ({ data, clientConnection }) => { server.send(data, clientConnection); });
`;

describe('a server that answers and catches nothing', () => {
  it('lives on when a client asks for more than may wait and reads none of it; that client is closed', async (t) => {
    const { port, line } = await program(
      t,
      `
        globalThis.options = { maxQueuedBytes: 100_000 };
        server.on('error', ({ cause, message }) => console.log(cause, /maxQueuedBytes/.test(message)));
        server.on('close', (_, { code }) => console.log(code));
        server.on('messageReceive', ({ data, clientConnection }) => {
          if (data === 'still here') return void server.send(data, clientConnection);
          for (let i = 0; i < 20; i++) server.send('a'.repeat(1_000_000), clientConnection);
        });
      `,
    );
    const socket = await upgraded(port);
    socket.write(frames('more'));
    assert.equal(await line(), 'queue-full true');
    assert.equal(await line(), '1008');
    await isAlive(port);
    socket.destroy();
  });

  it('lives on when it closes a client in the midst of what that has said, and hears no more of it', async (t) => {
    const { port, line } = await program(
      t,
      `
        let heard = 0;
        server.on('messageReceive', ({ data, clientConnection }) => {
          if (data === 'still here') return void server.send(data, clientConnection);
          heard++;
          if (data === 'bye') server.close(clientConnection);
          else server.send(data, clientConnection);
        });
        server.on('close', () => { console.log(heard); heard = 0; });
      `,
    );
    const socket = await upgraded(port);
    socket.resume();
    socket.write(frames('x', 'x', 'x', 'bye', 'x', 'x', 'x'));
    // The answer to its close frame.
    socket.write(Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]));
    assert.equal(await line(), '4');
    await isAlive(port);
    socket.destroy();
  });

  it('lives on when a client has left before an answer that took its time', async (t) => {
    const { port, line } = await program(
      t,
      `
        const gone = new Promise((resolve) => server.on('close', resolve));
        server.on('messageReceive', async ({ data, clientConnection }) => {
          if (data === 'still here') return void server.send(data, clientConnection);
          await gone;
          server.send('late', clientConnection);
          server.close(clientConnection);
          console.log('answered');
        });
      `,
    );
    const ws = new WebSocket(`ws://127.0.0.1:${port}`);
    await once(ws, 'open');
    ws.send('a question');
    ws.close();
    assert.equal(await line(), 'answered');
    await isAlive(port);
  });

  for (const [catching, echo] of [
    ['', ECHO],
    [
      ' and it catches what fails',
      `server.on('messageReceive', ({ data, clientConnection }) => {
         server.send(data, clientConnection).catch(() => {});
       });`,
    ],
  ]) {
    it(`holds little for clients that ask for ever and never read${catching}`, async (t) => {
      const { port, line, ended } = await program(
        t,
        `
          ${echo}
          // One who has gone counts until that is seen: the platform's ten of an address are close.
          globalThis.options = { limits: 'none' };
          // The operating system holds millions of empty messages, unless it is full already.
          let count = 0;
          server.on('connect', (client) => {
            if (++count > 9) return;
            for (let i = 0; i < 2; i++) server.send('a'.repeat(5_000_000), client).catch(() => {});
          });
          server.on('request', ({ path }) => {
            if (path !== '/heap') return;
            gc();
            console.log(process.memoryUsage().heapUsed);
          });
        `,
        ['--max-old-space-size=256', '--expose-gc'],
      );
      const sockets = await Promise.all(Array.from({ length: 9 }, () => upgraded(port)));
      // Empty messages, as many as the server takes.
      const chunk = Buffer.concat(Array(4000).fill(frames('')));
      const held = new Promise((resolve) => {
        // For a second it has taken nothing of any client.
        let timer;
        for (const socket of sockets) {
          const more = () => {
            clearTimeout(timer);
            timer = setTimeout(resolve, 1000, 'held back');
            while (socket.write(chunk));
          };
          socket.on('drain', more);
          more();
        }
      });
      assert.equal(await Promise.race([ended, held]), 'held back');
      await isAlive(port);
      const asking = new WebSocket(`ws://127.0.0.1:${port}/heap`);
      await once(asking, 'open');
      asking.terminate();
      const heap = Number(await line());
      t.diagnostic(`${Math.round(heap / 1e6)} MB of heap`);
      assert.ok(heap < 100e6, `${heap} bytes`);
      for (const socket of sockets) socket.destroy();
    });
  }
});

describe('a client that sends and catches nothing', () => {
  it('gets all that it sent in one turn back from an echo server', async (t) => {
    const { port } = await program(t, ECHO);
    const { default: webSocket } = await import('arkws');
    const ws = webSocket.createWebSocket();
    const count = 1024;
    const size = 64 * 1024;
    let bytes = 0;
    const all = new Promise((resolve, reject) => {
      ws.on('message', (_, data) => (bytes += data.byteLength) === count * size && resolve());
      ws.on('close', (_, { code, reason }) => reject(new Error(`${code} ${reason}`)));
    });
    const open = new Promise((resolve) => ws.on('open', resolve));
    await ws.connect(`ws://127.0.0.1:${port}`);
    await open;
    const payload = new ArrayBuffer(size);
    for (let i = 0; i < count; i++) ws.send(payload);
    await all;
    ws.close();
  });

  it('is told by events that the server takes nothing, and sends on in peace', async (t) => {
    const server = net.createServer(async (socket) => {
      socket.on('error', () => {});
      const [head] = await once(socket, 'data');
      socket.write(acceptance(String(head)));
      socket.pause();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const root = await folder({
      'app.mjs': `
        import webSocket from 'arkws';
        const ws = webSocket.createWebSocket();
        ws.on('error', ({ cause, message }) => console.log(cause, /writeTimeout/.test(message)));
        ws.on('close', (_, { code }) => { console.log(code); ws.send('late'); ws.close(); });
        ws.on('open', () => { for (let i = 0; i < 40; i++) ws.send('a'.repeat(1_000_000)); });
        ws.connect('ws://127.0.0.1:${server.address().port}', { writeTimeout: 300, maxQueuedBytes: 20_000_000 });
      `,
    });
    const child = spawn(process.execPath, ['app.mjs'], { cwd: root });
    let printed = '';
    child.stdout.on('data', (text) => (printed += text));
    child.stderr.on('data', (text) => (printed += text));
    const [code] = await once(child, 'close');
    assert.equal(printed, 'timeout true\n1006\n');
    assert.equal(code, 0);
  });
});
