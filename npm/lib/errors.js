// The one kind of error that leaves the module.
'use strict';

/** An `Error` whose code, message and data are its own enumerable properties, so that `JSON.stringify` shows them. */
class BusinessError extends Error {
  constructor(code, message, data) {
    super(message);
    // Again, to make it enumerable and the second to be shown.
    delete this.message;
    this.code = code;
    this.message = message;
    if (data !== undefined) this.data = data;
  }
}

Object.defineProperty(BusinessError.prototype, 'name', {
  value: 'BusinessError',
  configurable: true,
  writable: true,
});

/** Too much waits already. */
const QUEUE_FULL = 'queue-full';

/** Refused because too much waits: frames would cost more than the message. */
function withoutFrames(code, message, data) {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return new BusinessError(code, message, data);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** The error for what a native function has returned. */
function fromFailure({ code, message, data, cause }) {
  const error = cause === QUEUE_FULL ? withoutFrames(code, message, data) : new BusinessError(code, message, data);
  if (cause !== undefined) error.cause = cause;
  return error;
}

/** A mistake in a call's arguments. */
function parameterError(detail) {
  return new BusinessError(401, `Parameter error: ${detail}`);
}

/** The same error, as the failure of the program's call of `api`: its stack begins at that call. */
function failedCall(api, error) {
  // Not every engine has it.
  if (typeof Error.captureStackTrace === 'function' && error.cause !== QUEUE_FULL) {
    Error.captureStackTrace(error, api);
  }
  return error;
}

module.exports = { BusinessError, failedCall, fromFailure, parameterError };
