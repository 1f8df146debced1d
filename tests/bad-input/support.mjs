// What the tests of bad input share: servers that misbehave byte by byte.
import { listen } from '../support.mjs';
import { accept, onRequest } from './handshake.mjs';

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
