// A peer whose answer to the handshake and first frames arrive together.
import { acceptance, onRequest } from './handshake.mjs';
import { listen } from './servers.mjs';

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
export const close = (code, reason = '') =>
  frame(8, Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]));

/**
 * A server that answers each handshake and sends `frames` in one write; ended after the tests of
 * `t`. Its URL.
 */
export async function onePacket(t, frames) {
  const { address } = await listen(t, (socket) =>
    onRequest(socket, (request) => {
      // What comes next is the client's answer to a close frame, or its own.
      socket.on('data', () => socket.end());
      socket.write(Buffer.concat([Buffer.from(acceptance(request)), ...frames]));
    }),
  );
  return `ws://${address}`;
}
