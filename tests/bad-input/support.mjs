// What the tests of bad input share: a client whose failures are looked at, and servers that misbehave byte by byte.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import webSocket from 'arkws';
import { next } from '../events.mjs';
import { echo, serve } from '../support.mjs';
import { accept, onRequest } from './handshake.mjs';

/** An attempt that gets under way and fails: its `error` event. */
export async function failure(url, options = {}) {
  const ws = webSocket.createWebSocket();
  const failed = next(ws, 'error');
  assert.equal(await ws.connect(url, options), true);
  const [error] = await failed;
  assertEvent(error);
  return { ws, error };
}

/** What every `error` event is like. */
export function assertEvent(error) {
  assert.ok(error instanceof Error);
  assert.equal(error.code, 200);
  assert.equal(typeof error.cause, 'string');
  const shown = JSON.parse(JSON.stringify(error));
  assert.deepEqual([shown.code, shown.message, shown.data], [200, error.message, error.data]);
}

/** Fails unless the object, and so the process, can still connect, exchange a message and close. */
export async function assertUsable(t, ws) {
  const url = await serve(t, echo);
  const open = next(ws, 'open');
  assert.equal(await ws.connect(url), true);
  await open;
  const message = next(ws, 'message');
  await ws.send('still here');
  assert.deepEqual(await message, [undefined, 'still here']);
  const closed = next(ws, 'close');
  await ws.close({ code: 1000, reason: 'enough' });
  assert.deepEqual(await closed, [undefined, { code: 1000, reason: 'enough' }]);
}

/** A TCP server on a free port that does what `handle` does with each connection; ended after the test. */
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
  return `127.0.0.1:${port}`;
}

/** A server that gives this answer to every request. */
export const answering = (t, answer) =>
  listen(t, (socket) => onRequest(socket, (request) => socket.end(typeof answer === 'function' ? answer(request) : answer)));

/** A server that is a good one up to the handshake; `handle` gets the open connection. */
export const opening = (t, handle) =>
  listen(t, (socket) =>
    onRequest(socket, (request) => {
      socket.write(accept(request));
      handle(socket);
    }),
  );
