// A peer whose answer to the handshake and first frames arrive together.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** An unmasked frame with a payload of less than 64 KiB. */
export function frame(opcode, payload, final = true) {
  const bytes = Buffer.from(payload);
  const { length } = bytes;
  const lengths = length < 126 ? [length] : [126, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([(final ? 0x80 : 0) | opcode, ...lengths]), bytes]);
}

/** An unmasked text message. */
export const text = (payload) => frame(1, payload);

/** An unmasked close frame. */
export const close = (code, reason = '') => frame(8, Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]));

/** A server that answers each handshake and sends `frames` in one write; closed after the tests of `t`. Its URL. */
export async function onePacket(t, frames) {
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    let head = '';
    socket.on('data', (data) => {
      // The client's answer to a close frame, or its own.
      if (head.includes('\r\n\r\n')) return socket.end();
      head += data.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      const key = /^sec-websocket-key: *(.*?)\r$/im.exec(head)[1];
      const accept = createHash('sha1').update(key + GUID).digest('base64');
      const answer = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
      socket.write(Buffer.concat([Buffer.from(answer), ...frames]));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return `ws://127.0.0.1:${server.address().port}`;
}
