// Everything that the module does with memory, once or a few times: a program for tools that watch
// each byte, and make it some twenty times slower. It ends by itself, with code 0 if all was well.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { Duplex } from 'node:stream';
import { Worker } from 'node:worker_threads';
import webSocket from 'arkws';
import { connected, next } from '../../npm/test/events.mjs';

const KIB = 1024;
const ends = ['terminate', 'exit', 'throw', 'naturally'];

const server = webSocket.createWebSocketServer();
server.on('messageReceive', ({ data, clientConnection }) => {
  server.send(data, clientConnection).catch(() => {});
});
server.on('request', () => {});
await server.start({ serverIP: '127.0.0.1', serverPort: 0, perMessageDeflate: true });
const url = `ws://127.0.0.1:${server.listAddress().port}`;

/** Texts and bytes of every way through the module: short runs, Latin-1, UTF-16, the large ones. */
const payloads = [
  '',
  'a'.repeat(16),
  'é'.repeat(40),
  '😀'.repeat(5000),
  'x'.repeat(100 * KIB),
  new ArrayBuffer(0),
  new Uint8Array(16).fill(1).buffer,
  new Uint8Array(300 * KIB).fill(2).buffer,
  new Uint8Array(2 * KIB * KIB).fill(3).buffer,
];

async function exchange(options, to = url) {
  const ws = await connected(to, options);
  for (const payload of payloads) {
    const answer = next(ws, 'message');
    await ws.send(payload);
    const [, data] = await answer;
    if (typeof payload === 'string') assert.equal(data, payload);
    else assert.deepEqual(Buffer.from(data), Buffer.from(payload));
  }
  // A run of small ones, and a buffer that the program gives away.
  const received = new Promise((resolve) => {
    let count = 0;
    ws.on('message', (_, data) => {
      if (typeof data === 'object') structuredClone(data, { transfer: [data.buffer ?? data] });
      if (++count === 200) resolve();
    });
  });
  for (let i = 0; i < 100; i++) {
    ws.send(`${i}`);
    ws.send(new Uint8Array(24).buffer);
  }
  await received;
  const closed = next(ws, 'close');
  await ws.close();
  await closed;
}

await exchange({});
await exchange({ binaryType: 'uint8array' });
await exchange({ perMessageDeflate: true });

for (const end of ends) {
  const worker = new Worker(new URL('./worker.mjs', import.meta.url), { workerData: { url, end } });
  worker.on('error', (error) => assert.equal(error.message, 'on purpose'));
  const exited = new Promise((resolve) => worker.once('exit', resolve));
  if (end === 'terminate') {
    await next(worker, 'message');
    await worker.terminate();
  }
  await exited;
}

// Connections that Node.js has accepted: a socket, whose descriptor is taken over, and a stream,
// whose bytes JavaScript carries. Names that JavaScript resolves, and requests that it answers.
const handed = webSocket.createWebSocketServer();
handed.on('messageReceive', ({ data, clientConnection }) => handed.send(data, clientConnection));
handed.on('request', ({ path, accept, refuse }) =>
  path === '/no'
    ? refuse({ status: 403, headers: { 'X-Why': 'no' }, body: 'no' })
    : accept({ headers: { 'X-Seen': path }, data: { path } }),
);
await handed.start({ noServer: true });
for (const carry of [(socket) => socket, (socket) => Duplex.from(socket)]) {
  const http = createServer().listen(0, '127.0.0.1');
  http.on('upgrade', (request, socket, head) => handed.handleUpgrade(request, carry(socket), head));
  await once(http, 'listening');
  const { port } = http.address();
  const lookup = (_name, _options, done) => done(null, '127.0.0.1', 4);
  await exchange({ lookup }, `ws://name.test:${port}/room`);
  const refused = webSocket.createWebSocket();
  const error = next(refused, 'error');
  await refused.connect(`ws://127.0.0.1:${port}/no`);
  const [{ response }] = await error;
  assert.equal(response.headers['x-why'], 'no');
  // One that goes in the midst of its request.
  const socket = connect(port, '127.0.0.1');
  socket.end('GET / HTTP/1.1\r\n');
  await once(socket.resume(), 'close');
  http.close();
}
await handed.stop();

// Objects that nobody holds, and a refused connection.
for (let i = 0; i < 50; i++) webSocket.createWebSocket();
const nobody = webSocket.createWebSocket();
const failed = next(nobody, 'error');
await nobody.connect('ws://127.0.0.1:9');
await failed;
globalThis.gc?.();

await server.stop();
console.log('done');
