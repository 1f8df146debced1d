// Whom a call of a server object is for, and what it sends, as programs write it.
import { clientOf } from './connection.mjs';
import { isObject } from './options.mjs';

/** Whether this may be data. Only the native half can tell an ArrayBuffer for sure. */
export function isData(data) {
  return typeof data === 'string' || isObject(data);
}

/**
 * A copy of a connection that the program has passed, each property read once; undefined: it is
 * none.
 */
export function connectionOf(value) {
  if (!isObject(value)) return undefined;
  const { clientIP, clientPort } = value;
  const isOne = typeof clientIP === 'string' && typeof clientPort === 'number';
  return isOne ? { clientIP, clientPort } : undefined;
}

/**
 * Whom a call on the server with this number is for: a client of it by its id, `who`, else whoever
 * has address `who` and port `port`, each property read once; undefined: nobody is.
 */
export function recipientOf(value, server) {
  if (!isObject(value)) return undefined;
  const id = clientOf(value, server);
  if (id !== undefined) return { who: id, port: undefined };
  const connection = connectionOf(value);
  return connection && { who: connection.clientIP, port: connection.clientPort };
}

/** The error, with the connection that it is about. It is not shown with it. */
export function named(error, connection) {
  return Object.defineProperty(error, 'connection', {
    value: connection,
    configurable: true,
    writable: true,
  });
}
