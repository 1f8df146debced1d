// `WebSocketStream`, by its proposal (https://github.com/whatwg/websockets/pull/48): a WebSocket as
// a pair of streams, with their back-pressure. Experimental, as the proposal is.
'use strict';

const { Connection, OPEN, isBufferSource } = require('./connection.js');
const { checkClose, checkProtocols, readOptions, urlRecord } = require('./constructor.js');
const { defineInterface, requireArguments, usvString } = require('./webidl.js');
const { WebSocketError, closeInfo, errorOfClose } = require('./websocket-error.js');

/** What may wait to be read before the connection is not read from any more. */
const UNREAD = {
  /** Bytes, or UTF-16 units. */
  highWaterMark: 64 << 10,
  /** A message without any takes a place, too. */
  size: ({ length }) => 1 + length,
};

const ignore = () => {};

let warned = false;

function warnOfExperiment() {
  if (warned || typeof process !== 'object') return;
  warned = true;
  process.emitWarning('WebSocketStream is experimental: it follows a proposal', {
    code: 'ARKWS_EXPERIMENTAL',
  });
}

class WebSocketStream {
  #connection;
  #url;
  #opened = deferred();
  #closed = deferred();
  #incoming;
  #outgoing;
  /** The program has ended the readable side. */
  #isCancelled = false;
  #isAborted = false;
  #wasOpen = false;

  constructor(url, options = undefined) {
    requireArguments(arguments, 1, 'new WebSocketStream');
    warnOfExperiment();
    const text = usvString(url);
    const { protocols, options: native, signal } = readOptions(options, true);
    const record = urlRecord(text);
    this.#url = record.href;
    checkProtocols(protocols);
    if (signal?.aborted) this.#abort(signal.reason);
    else this.#connect(record, protocols, native, signal);
  }

  #connect(record, protocols, native, signal) {
    this.#connection = new Connection(this.#owner(), record, protocols);
    signal?.addEventListener('abort', () => this.#abort(signal.reason), { once: true });
    this.#connection.start(native);
  }

  get url() {
    return this.#url;
  }

  get opened() {
    return this.#opened.promise;
  }

  get closed() {
    return this.#closed.promise;
  }

  close(options = undefined) {
    const opened = this.#opened;
    const { closeCode, reason } = closeInfo(options);
    checkClose(closeCode, reason);
    if (opened !== undefined) this.#close(closeCode, reason);
  }

  #close(code, reason) {
    this.#connection?.hold(false);
    this.#connection?.close(code, reason);
  }

  /** What the connection tells. */
  #owner() {
    return {
      opened: () => this.#open(),
      received: (value) => this.#received(value),
      closed: (close) => this.#over(close),
    };
  }

  #abort(reason) {
    if (this.#wasOpen || this.#isAborted) return;
    this.#isAborted = true;
    this.#opened.reject(reason);
    this.#closed.reject(reason);
    this.#connection?.close(undefined, '');
  }

  #open() {
    this.#wasOpen = true;
    const readable = new ReadableStream(
      {
        start: (controller) => {
          this.#incoming = controller;
        },
        pull: () => this.#connection.hold(false),
        cancel: (reason) => {
          this.#isCancelled = true;
          this.#closeUsing(reason);
        },
      },
      UNREAD,
    );
    const writable = new WritableStream({
      start: (controller) => {
        this.#outgoing = controller;
      },
      write: (chunk) => this.#write(chunk),
      close: () => {
        this.#close(undefined, '');
        // Until the handshake is over; how it ended, `closed` tells.
        return this.#closed.promise.then(ignore, ignore);
      },
      abort: (reason) => this.#closeUsing(reason),
    });
    const { extensions, protocol } = this.#connection;
    this.#opened.resolve({ readable, writable, protocol, extensions });
  }

  #received(value) {
    if (this.#isCancelled) return;
    this.#incoming.enqueue(typeof value === 'string' ? value : new Uint8Array(value));
    if (this.#incoming.desiredSize <= 0) this.#connection.hold(true);
  }

  #write(chunk) {
    const isBytes = typeof chunk === 'object' && chunk !== null && isBufferSource(chunk);
    const data = isBytes ? chunk : usvString(chunk);
    // What comes too late is not sent; the stream is about to be told.
    return this.#connection.state === OPEN ? this.#connection.write(data) : undefined;
  }

  #closeUsing(reason) {
    const isOurs = reason instanceof WebSocketError;
    if (isOurs) this.#close(reason.closeCode ?? undefined, reason.reason);
    else this.#close(undefined, '');
  }

  #over({ wasClean, code, reason, error }) {
    if (this.#isAborted) return;
    if (wasClean) {
      if (!this.#isCancelled) this.#incoming.close();
      const closed = new DOMException('the WebSocketStream is closed', 'InvalidStateError');
      this.#outgoing.error(closed);
      this.#closed.resolve({ closeCode: code, reason });
      return;
    }
    const message = error?.message ?? 'the connection was not closed cleanly';
    const failure = errorOfClose(message, code, reason);
    if (!this.#wasOpen) this.#opened.reject(failure);
    if (!this.#isCancelled) this.#incoming?.error(failure);
    this.#outgoing?.error(failure);
    this.#closed.reject(failure);
  }
}

defineInterface(WebSocketStream, ['url', 'opened', 'closed', 'close']);

/** A promise with its functions. That it is rejected is no mistake of who awaits the other one. */
function deferred() {
  let functions;
  const promise = new Promise((resolve, reject) => {
    functions = { resolve, reject };
  });
  promise.catch(ignore);
  return { promise, ...functions };
}

module.exports = { WebSocketStream };
