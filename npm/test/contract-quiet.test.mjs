// What a peer decides ends no process: rejections that nobody catches are quiet, unless they are
// mistakes of the program.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { spawn } from 'node:child_process';
import { connect as dial } from 'node:net';
import { test } from 'node:test';

import { acceptance, request } from './handshake.mjs';
import { folder } from './support.mjs';

/**
 * A program that says `loud` of every unhandled rejection. Its lines are what it says; `next` waits
 * for one.
 */
async function program(t, body) {
  const source = `
    import webSocket, { setApiVersion } from 'arkws';
    setApiVersion(26);
    process.on('unhandledRejection', (error) => { console.log('loud', error.code, error.message); process.exit(3); });
    ${body}`;
  const cwd = await folder({ 'main.mjs': source });
  const child = spawn(process.execPath, ['main.mjs'], { cwd, stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    async next() {
      const { value } = await lines.next();
      return value;
    },
  };
}

/** A client's text message of less than 126 bytes, masked with zeros. */
function text(payload) {
  return Buffer.concat([
    Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]),
    Buffer.from(payload),
  ]);
}

/** A bare connection to a server on `port`, after its handshake. */
async function enter(t, port) {
  const socket = dial(port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  socket.write(request('Host: a.test'));
  await once(socket, 'data');
  return socket;
}

const SERVER = `
  const server = webSocket.createWebSocketServer();
  await server.start({ serverIP: '127.0.0.1', serverPort: 0 });
  console.log(server.listAddress().port);`;

test('after the close of the program no more messages of that client come, and what is sent to it is refused quietly', async (t) => {
  const { next } = await program(
    t,
    `const got = [];
     ${SERVER.replace(
       'await server.start',
       `server.on('messageReceive', ({ data, clientConnection: c }) => {
          got.push(data);
          if (data === 'bye') server.close(c); else server.send(data, c);
        });
        server.on('close', (c) => { server.send('late', c); setImmediate(() => console.log(got.join(' '))); });
        await server.start`,
     )}`,
  );
  const client = await enter(t, Number(await next()));
  client.resume();
  client.end(Buffer.concat(['x', 'x', 'x', 'bye', 'x', 'x', 'x'].map(text)));
  assert.equal(await next(), 'x x x bye');
});

test('a client that leaves while a handler works, which then sends', async (t) => {
  const { next } = await program(
    t,
    `let gone;
     const left = new Promise((resolve) => { gone = resolve; });
     ${SERVER.replace(
       'await server.start',
       `server.on('close', () => gone());
        server.on('messageReceive', async ({ data, clientConnection: c }) => {
          await left;
          server.send(data, c);
          server.close(c);
          setImmediate(() => setImmediate(() => console.log('alive')));
        });
        await server.start`,
     )}`,
  );
  const client = await enter(t, Number(await next()));
  client.write(text('x'));
  client.destroy();
  assert.equal(await next(), 'alive');
});

test('a server that echoes and does not catch outlives a client that does not read, which it closes with 1008', async (t) => {
  const { next } = await program(
    t,
    `const big = 'b'.repeat(1 << 20);
     ${SERVER.replace(
       'await server.start',
       `server.on('error', (error) => console.log(error.cause, /maxQueuedBytes/.test(error.message)));
        server.on('close', (c, { code }) => console.log(code));
        server.on('messageReceive', ({ data, clientConnection: c }) => {
          for (let k = 0; k < 64; k++) server.send(big, c);
        });
        await server.start`,
     )}`,
  );
  const client = await enter(t, Number(await next()));
  client.pause();
  client.write(text('x'));
  assert.equal(await next(), 'queue-full true');
  assert.equal(await next(), '1008');
});

/** A server that takes part in the handshake and then neither reads nor answers. */
async function mute(t, then = (socket) => socket.pause()) {
  const server = createServer((socket) => {
    t.after(() => socket.destroy());
    socket.on('error', () => {});
    socket.once('data', (head) => {
      socket.write(acceptance(String(head)));
      then(socket);
    });
  });
  t.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server.address().port;
}

test('a client that sends to a server that does not read: refused quietly, without frames, with a cause', async (t) => {
  const port = await mute(t);
  const { next } = await program(
    t,
    `const socket = webSocket.createWebSocket();
     socket.on('open', () => {
       const big = 'b'.repeat(1 << 20);
       for (let k = 0; k < 64; k++) socket.send(big);
       socket.send(big, (error) => {
         console.log(error.code, error.cause, error.stack.includes('\\n'), Error.stackTraceLimit > 0);
         console.log(new Error('other').stack.includes('\\n'));
         process.exit();
       });
     });
     socket.connect('ws://127.0.0.1:${port}', { maxQueuedBytes: 8 << 20 });`,
  );
  assert.equal(await next(), '-1 queue-full false true');
  assert.equal(await next(), 'true');
});

test('send and close after an end that an event told are quiet; before any connection they are loud', async (t) => {
  const port = await mute(t, (socket) => socket.end());
  const after = await program(
    t,
    `const socket = webSocket.createWebSocket();
     socket.on('close', () => {
       setTimeout(() => { socket.send('x'); socket.close(); setImmediate(() => console.log('alive')); }, 0);
     });
     socket.connect('ws://127.0.0.1:${port}');`,
  );
  assert.equal(await after.next(), 'alive');
  const before = await program(t, `webSocket.createWebSocket().send('x');`);
  assert.match(await before.next(), /^loud -1 /);
});

test('after the close of the program no more messages of a client object come, but those of its next connection do', async (t) => {
  let first = true;
  const frames = (...payloads) =>
    Buffer.concat(
      payloads.map((payload) =>
        Buffer.concat([Buffer.from([0x81, payload.length]), Buffer.from(payload)]),
      ),
    );
  const port = await mute(t, (socket) => {
    socket.write(first ? frames('a', 'b', 'bye', 'c', 'd') : frames('e', 'end'));
    if (first) socket.once('data', () => socket.end(Buffer.from([0x88, 0])));
    first = false;
  });
  const { next } = await program(
    t,
    `const socket = webSocket.createWebSocket();
     const got = [];
     socket.on('message', (_, data) => {
       got.push(data);
       if (data === 'bye') socket.close();
       if (data === 'end') { console.log(got.join(' ')); process.exit(); }
     });
     socket.on('close', () => { socket.connect('ws://127.0.0.1:${port}'); });
     socket.connect('ws://127.0.0.1:${port}');`,
  );
  assert.equal(await next(), 'a b bye e end');
});
