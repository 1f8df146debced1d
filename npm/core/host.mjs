// What this folder takes of the JavaScript runtime that it runs in, beyond the language itself.

/**
 * The runtime, as whoever starts the module describes it.
 *
 * @typedef {object} Host
 * @property {() => {start: Function}} loadNative
 *   Loads the native half. Called when the first object is made, so that a program can import the
 *   module's types and errors without it.
 * @property {(message: string, code: string) => void} warn
 *   Tells the programmer of a mistake that the platform is silent about. It must not throw.
 * @property {() => string | undefined} mainModule
 *   The absolute path of the program's main module, whose surroundings tell API level and
 *   permission; undefined where there is none.
 * @property {(text: string) => Uint8Array} encodeText
 *   Text to UTF-8, in an array of its own memory.
 * @property {(bytes: ArrayBuffer | ArrayBufferView) => string} decodeText
 *   UTF-8 to text.
 * @property {new (buffer: ArrayBuffer, start?: number, length?: number) => Uint8Array} [Bytes]
 *   What a view of bytes is that the program gets. By default `Uint8Array`.
 * @property {new (type: string, options: object) => object} [AsyncContext]
 *   The class of contexts, as `AsyncResource` of Node.js. By default there are no such contexts.
 * @property {new () => {signal: object, abort(): void}} [AbortController]
 *   Of the signals of requests, which are undefined without it.
 * @property {(error: unknown) => void} [reportUncaught]
 *   Reports what a listener or callback of the program has thrown. By default the native half
 *   does, as an uncaught exception. It must not throw.
 * @property {number} [maxStringLength] The longest string, in UTF-16 units. By default unlimited.
 * @property {number} [maxBufferLength] The longest buffer, in bytes. By default unlimited.
 * @property {(length: number) => ArrayBuffer | undefined} [bufferToFill]
 *   An ArrayBuffer whose memory need not be zero: all of it is written before a program sees it.
 *   It throws where there is no memory. Undefined, and by default: `new ArrayBuffer(length)`.
 * @property {() => boolean} [isClusterWorker]
 *   Whether the process is one of several that serve the same ports. By default it is not.
 * @property {new (number: number, changed: () => void) => object} [Upgrades]
 *   What server objects get from HTTP servers of the runtime, an instance for each: see
 *   `npm/lib/upgrades.js`. By default there are no such servers.
 */

/** @type {Host} */
export let host;

export function setHost(given) {
  if (host !== undefined) throw new Error('arkws: the module has a host already');
  host = given;
}
