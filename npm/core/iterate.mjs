// `for await (const message of ws)`: the messages of a connection, as fast as the loop takes them.
/** The connection is not read from while so many messages, or their bytes, wait for the loop... */
const HIGH = { messages: 256, bytes: 1 << 20 };
/** ...until no more than this do. */
const LOW = { messages: 64, bytes: 256 << 10 };

/** The messages of a client's connection from now on. */
export class Messages {
  #client;
  #queue = [];
  #bytes = 0;
  /** Calls of `next` that wait for a message. */
  #waiting = [];
  /** No more messages come. */
  #ended = false;
  /** Why not, until that is thrown. */
  #error;
  #listeners = {
    message: (_, value) => this.#received(value),
    error: (error) => this.#end(error),
    close: () => this.#end(),
  };

  constructor(client) {
    this.#client = client;
    if (!client.isActive) {
      this.#ended = true;
      return;
    }
    for (const [type, listener] of Object.entries(this.#listeners))
      client.listeners.add(type, listener);
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  next() {
    if (this.#queue.length > 0) return Promise.resolve({ value: this.#take(), done: false });
    if (!this.#ended) return new Promise((...settle) => this.#waiting.push(settle));
    const error = this.#error;
    this.#error = undefined;
    return error === undefined ? Promise.resolve(OVER) : Promise.reject(error);
  }

  /** The loop has been left. The connection stays open. */
  return(value) {
    this.#queue = [];
    this.#bytes = 0;
    this.#end();
    this.#error = undefined;
    return Promise.resolve({ value, done: true });
  }

  #received(value) {
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) return waiting[0]({ value, done: false });
    this.#queue.push(value);
    this.#bytes += sizeOf(value);
    if (this.#queue.length > HIGH.messages || this.#bytes > HIGH.bytes) this.#hold(true);
  }

  #take() {
    const value = this.#queue.shift();
    this.#bytes -= sizeOf(value);
    if (this.#queue.length <= LOW.messages && this.#bytes <= LOW.bytes) this.#hold(false);
    return value;
  }

  #end(error) {
    if (this.#ended) return;
    this.#ended = true;
    for (const [type, listener] of Object.entries(this.#listeners))
      this.#client.listeners.remove(type, listener);
    this.#hold(false);
    const [first, ...others] = this.#waiting;
    this.#waiting = [];
    if (first === undefined) this.#error = error;
    else if (error === undefined) first[0](OVER);
    else first[1](error);
    for (const [resolve] of others) resolve(OVER);
  }

  #hold(held) {
    this.#client.hold(this, held);
  }
}

const OVER = { value: undefined, done: true };

/** About so many bytes. */
function sizeOf(value) {
  return typeof value === 'string' ? value.length : value.byteLength;
}
