// `ping()` of a client: which promise a pong settles.
import { suppressUnhandledRejection } from './answers.mjs';
import { programRuns } from './delivery.mjs';
import { parameterError } from './errors.mjs';
import { host } from './host.mjs';

/** The pings of a client that have not been answered. */
export class Pings {
  #pending = [];

  /** The promise of ping `number`: of the milliseconds until its pong. */
  add(number) {
    const promise = new Promise((resolve, reject) => {
      this.#pending.push({ number, resolve, reject });
    });
    // Only the end of the connection rejects it, which an event tells as well.
    suppressUnhandledRejection(promise);
    return promise;
  }

  /** Those up to number `through` are answered; the last of them took so many milliseconds. */
  answered(through, roundTrip) {
    this.#settle(through, ({ resolve }) => resolve(roundTrip));
  }

  /** Those up to number `through` will not be answered. */
  lost(through, error) {
    this.#settle(through, ({ reject }) => reject(error));
  }

  #settle(through, settle) {
    const count = this.#pending.findIndex(({ number }) => number > through);
    const settled = this.#pending.splice(0, count < 0 ? this.#pending.length : count);
    if (settled.length > 0) programRuns();
    for (const ping of settled) settle(ping);
  }
}

/**
 * The bytes of what a ping carries, as an ArrayBuffer; undefined for nothing. Throws a mistake of
 * the program's, or what reading `data` throws: a Proxy, or a view whose buffer is gone.
 */
export function pingData(data) {
  if (data === undefined) return undefined;
  if (typeof data === 'string') return host.encodeText(data).buffer;
  if (data instanceof ArrayBuffer) return data;
  if (!ArrayBuffer.isView(data)) {
    throw parameterError('ping takes a string, an ArrayBuffer or a view of one, or nothing');
  }
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice().buffer;
}

/** The bytes that the native half gives as a string of as many characters. */
export function bytesOf(text) {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** What a `ping` or `pong` event brings. */
export function payload(text) {
  return bytesOf(text).buffer;
}
