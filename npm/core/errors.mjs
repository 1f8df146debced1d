// The one kind of error that leaves the module.
import { host } from './host.mjs';
import { native } from './runtime.mjs';

/**
 * An `Error` whose code, message and data are its own enumerable properties, so that
 * `JSON.stringify` shows them.
 */
export class BusinessError extends Error {
  constructor(code, message, data) {
    super(message);
    // Again, to make it enumerable and the second to be shown.
    delete this.message;
    this.code = code;
    // Not assigned: the program may have frozen `Error.prototype`.
    Object.defineProperty(this, 'message', {
      value: message,
      enumerable: true,
      configurable: true,
      writable: true,
    });
    if (data !== undefined) this.data = data;
  }
}

Object.defineProperty(BusinessError.prototype, 'name', {
  value: 'BusinessError',
  configurable: true,
  writable: true,
});

/** Refused because too much waits: frames would cost more than the message. */
function withoutFrames(code, message, data) {
  const { stackTraceLimit } = Error;
  // Not every engine has it.
  if (stackTraceLimit === undefined) return new BusinessError(code, message, data);
  // Not assigned: the program may have frozen `Error`.
  Reflect.set(Error, 'stackTraceLimit', 0);
  try {
    return new BusinessError(code, message, data);
  } finally {
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit);
  }
}

/** The error for what a native function has returned. */
export function fromFailure({ code, message, data, cause }) {
  const error =
    cause === native().contract.queueFull
      ? withoutFrames(code, message, data)
      : new BusinessError(code, message, data);
  if (cause !== undefined) error.cause = cause;
  return error;
}

/** A mistake in a call's arguments. */
export function parameterError(detail) {
  return fromFailure(native().parameterError(String(detail)));
}

/** A mistake in a call for which the contract has code 2302999. */
export function otherError(detail) {
  return fromFailure(native().otherError(String(detail)));
}

/** A call of `name` on what no `kind` is. */
export function foreignError(name, kind) {
  return parameterError(
    `${name} was called on what is no ${kind} of arkws: the method was taken from its object, ` +
      'or the object is behind a Proxy',
  );
}

/** Whether the program has been warned of a property of a foreign object. */
let warned = false;

/** Warns once of reading `name` of what no `kind` is. */
export function warnOfForeign(name, kind) {
  if (warned) return;
  warned = true;
  const { message } = foreignError(name, kind);
  host.warn(`${message}. It is undefined`, 'ARKWS_FOREIGN_THIS');
}

/**
 * The error for what was thrown while values of the program were read: a mistake that we have
 * found, or whatever a getter, a Proxy or a conversion of the program's has thrown.
 */
export function mistakeOf(thrown) {
  let detail;
  try {
    const isOurs = thrown instanceof BusinessError && thrown.code === native().contract.parameter;
    if (isOurs && thrown.cause === undefined) return thrown;
    detail = String(thrown?.message ?? thrown);
  } catch {
    // That cannot be read either.
    detail = 'a value cannot be read';
  }
  // Outside: where the stack ends here, that is no value's fault.
  return parameterError(detail);
}

/** The same error, as the failure of the program's call of `api`: its stack begins at that call. */
export function failedCall(api, error) {
  // Not every engine has it.
  const hasFrames = error.cause !== native().contract.queueFull;
  if (typeof Error.captureStackTrace === 'function' && hasFrames) {
    Error.captureStackTrace(error, api);
  }
  return error;
}
