// Servers for a test: npm `ws`, bare TCP, and a server object of arkws.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpsServer } from 'node:https';
import { createServer } from 'node:net';
import arkws from 'arkws';
import { WebSocketServer } from 'ws';

/**
 * A server of npm `ws` on a free port: its URL. `connected` gets each connection and its request;
 * `tls` is a certificate and its key. Ended after the test.
 */
export async function serve(t, connected, { tls, ...options } = {}) {
  const http = tls && createHttpsServer(tls).listen(0, '127.0.0.1');
  const place = http ? { server: http } : { host: '127.0.0.1', port: 0 };
  const server = new WebSocketServer({ ...place, ...options });
  server.on('connection', connected);
  await once(http ?? server, 'listening');
  t.after(() => {
    for (const client of server.clients) client.terminate();
    server.close();
    http?.close();
  });
  const { port } = (http ?? server).address();
  return http ? `wss://localhost:${port}` : `ws://127.0.0.1:${port}`;
}

/**
 * A TCP server on a free port that does what `handle` does with each connection; ended after the
 * test. Its `port`, and its `address` as a URL has it.
 */
export async function listen(t, handle) {
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    // Whoever misbehaves gets cut off, sooner or later.
    socket.on('error', () => {});
    handle(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port, address: `127.0.0.1:${port}` };
}

/** Sends every message back as it came. */
export function echo(socket) {
  socket.on('message', (data, binary) => socket.send(data, { binary }));
}

/** Sends every message back to whom it came from. */
export function echoMessages(server) {
  server.on('messageReceive', ({ data, clientConnection }) => server.send(data, clientConnection));
}

/**
 * A server object that listens on a free port of 127.0.0.1, its URL and its port; stopped after the
 * test. `prepare` gets it before it starts.
 */
export async function running(t, config = {}, prepare = () => {}) {
  const server = arkws.createWebSocketServer();
  prepare(server);
  assert.equal(await server.start({ serverIP: '127.0.0.1', serverPort: 0, ...config }), true);
  t.after(() => server.stop().catch(() => {}));
  return { server, url: urlOf(server), port: server.listAddress().port };
}

/** Where a server object is reached. */
export const urlOf = (server) => `ws://127.0.0.1:${server.listAddress().port}`;
