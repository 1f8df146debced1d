// What a server answers that refuses the handshake: `error.response`.
import { fromFailure } from './errors.mjs';
import { unflatten } from './headers.mjs';
import { host } from './host.mjs';
import { bytesOf } from './pings.mjs';

/**
 * The error of an attempt, or of a send that waited for it, with what the server answered if that
 * is why it failed.
 */
export function attemptError(failure) {
  const error = fromFailure(failure);
  if (failure.response !== undefined) {
    const { status, headers, body } = failure.response;
    // Not enumerable: programs print errors, and what a server answers may be nobody's business.
    Object.defineProperty(error, 'response', {
      value: { status, headers: unflatten(headers), body: toBuffer(bytesOf(body)) },
      configurable: true,
      writable: true,
    });
  }
  return error;
}

/** In Node.js a `Buffer`, whose text is `String(body)`. */
function toBuffer({ buffer }) {
  const { Bytes = Uint8Array } = host;
  return new Bytes(buffer);
}
