// Peers made by hand, which say what they like, and what they like to say.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import arkws from 'arkws';

/** It clears a screen, rings, and forges a line. */
export const HOSTILE = '\x1b[2J\r\n\x07forged \u009b31m\u202e\u2028';

/** What a terminal or a reader of lines obeys. */
export const OBEYED = /[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

/** A promise that others settle. */
export function deferred() {
  let resolve;
  const promise = new Promise((given) => (resolve = given));
  return { promise, resolve };
}

/** A TCP server that does what `handle` does; ended after the tests of `t`. */
export async function listen(t, handle) {
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
export async function started(t, config = {}, prepare = () => {}) {
  const server = arkws.createWebSocketServer();
  prepare(server);
  await server.start({ serverIP: '127.0.0.1', serverPort: 0, ...config });
  t.after(() => server.stop());
  return { server, port: server.listAddress().port };
}

/** The head of an acceptance of this request, with more lines. */
export function acceptance(request, ...lines) {
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
