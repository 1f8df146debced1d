// The server's side of the opening handshake (RFC 6455, 4.2), for servers that then do as they like.
import { createHash } from 'node:crypto';

/** Waits for the whole request and hands it over. */
export function onRequest(socket, handle) {
  let head = '';
  socket.on('data', (bytes) => {
    if (head.endsWith('\r\n\r\n')) return;
    head += bytes.toString('latin1');
    if (head.endsWith('\r\n\r\n')) handle(head);
  });
}

/** The right answer to a request. */
export function accept(request) {
  const [, key] = /^sec-websocket-key: *(\S+)/im.exec(request);
  const proof = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${proof}\r\n\r\n`;
}
