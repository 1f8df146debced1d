// The opening handshake by hand (RFC 6455, 4), for peers that then do as they like.
import { createHash } from 'node:crypto';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Waits for the whole request on a socket and hands it over. */
export function onRequest(socket, handle) {
  let head = '';
  socket.on('data', (bytes) => {
    if (head.endsWith('\r\n\r\n')) return;
    head += bytes.toString('latin1');
    if (head.endsWith('\r\n\r\n')) handle(head);
  });
}

/** `Sec-WebSocket-Accept` for a `Sec-WebSocket-Key`. */
export function acceptOf(key) {
  return createHash('sha1').update(`${key}${GUID}`).digest('base64');
}

/** The head of an answer that accepts this request, with more lines. */
export function acceptance(request, ...lines) {
  const [, key] = /^sec-websocket-key: *(\S+)/im.exec(request);
  return [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${acceptOf(key)}`,
    ...lines,
    '',
    '',
  ].join('\r\n');
}

/** The head of a request, with these lines on top. */
export const request = (...lines) =>
  [
    'GET / HTTP/1.1',
    ...lines,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    '',
    '',
  ].join('\r\n');
