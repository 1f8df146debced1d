// What a server answers that refuses the handshake: `error.response`.
'use strict';

const { fromFailure } = require('./errors.js');
const { unflatten } = require('./headers.js');
const { bytesOf } = require('./pings.js');

/**
 * The error of an attempt, or of a send that waited for it, with what the server answered if that
 * is why it failed.
 */
function attemptError(failure) {
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
  return globalThis.Buffer?.from(buffer) ?? new Uint8Array(buffer);
}

module.exports = { attemptError };
