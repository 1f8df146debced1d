// What the tests of bad input share: servers that misbehave byte by byte.
import { acceptance, onRequest } from '../../npm/test/handshake.mjs';
import { listen } from '../../npm/test/servers.mjs';

/** A server that gives this answer to every request: its address. */
export async function answering(t, answer) {
  const { address } = await listen(t, (socket) =>
    onRequest(socket, (request) =>
      socket.end(typeof answer === 'function' ? answer(request) : answer),
    ),
  );
  return address;
}

/**
 * A server that is a good one up to the handshake: its address. `handle` gets the open connection.
 */
export async function opening(t, handle) {
  const { address } = await listen(t, (socket) =>
    onRequest(socket, (request) => {
      socket.write(acceptance(request));
      handle(socket);
    }),
  );
  return address;
}
