// What the tests of the server share: npm `ws` as its clients.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import WebSocket from 'ws';
import { rejection } from '../../npm/test/events.mjs';

/**
 * An open connection of npm `ws`. Its messages and its end are kept: `take()` and `closed` wait for
 * them. Cut after the test.
 */
export async function join(t, url, { protocols = [], ...options } = {}) {
  const socket = new WebSocket(url, protocols, options);
  t.after(() => socket.terminate());
  const messages = [];
  const waiting = [];
  socket.on('message', (data, binary) => {
    const message = binary ? data : data.toString();
    const take = waiting.shift();
    if (take) take(message);
    else messages.push(message);
  });
  socket.take = () =>
    messages.length > 0
      ? Promise.resolve(messages.shift())
      : new Promise((resolve) => waiting.push(resolve));
  socket.closed = new Promise((resolve) => {
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  const failed = new Promise((_, reject) => socket.on('error', reject));
  failed.catch(() => {});
  await Promise.race([once(socket, 'open'), failed]);
  const { localAddress: clientIP, localPort: clientPort } = socket._socket;
  socket.connection = { clientIP, clientPort };
  return socket;
}

/** The connection as the server knows it. */
export const connectionOf = ({ connection }) => connection;

/** Connections as objects that nothing but `assert.deepEqual` looks at. */
export const addresses = (connections) => connections.map((connection) => ({ ...connection }));

/** The HTTP answer to a client that is not let in. */
export async function refusal(url, options = {}) {
  const socket = new WebSocket(url, options);
  const [request, response] = await once(socket, 'unexpected-response');
  let body = '';
  for await (const piece of response.setEncoding('utf8')) body += piece;
  request.destroy();
  return { status: response.statusCode, headers: response.headers, body };
}

/** Fails unless the promise is rejected with this code. */
export async function assertRejects(promise, code, message = /./) {
  const error = await rejection(promise);
  assert.equal(error.code, code, error.message);
  assert.match(error.message, message);
}
