// One connection of the web's API, from the constructor to the last event: what the standard calls
// a WebSocket's state, for `WebSocket` and `WebSocketStream`. Its `owner` is told of what happens.
'use strict';

const { isAnyArrayBuffer, isSharedArrayBuffer } =
  globalThis.process?.getBuiltinModule?.('node:util/types') ?? require('node:util/types');
const {
  HEARD,
  currentContext,
  fromFailure,
  native,
  scheduleFlush,
  setRef,
  unknownEvent,
} = require('../core.js');
const { host } = require('../host.js');
const { BlobQueue } = require('./blob-queue.js');
const { isBlocked } = require('./constructor.js');
const { arePosted, currentTask, flushAfterTasks, flushBeforeNext, post } = require('./tasks.js');

// It starts the core.
require('../index.js');

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

/** RFC 6455, 7.4.1: the server has not kept to what the client asked for. */
const PROTOCOL_ERROR = 1002;

/** What is in memory that is shared is none of the interface's types. */
const SHARED = 'what is sent is in memory that threads share: send a copy';

/** If so many bytes, or UTF-16 units, are to be flushed, they do not wait for other tasks. */
const MUCH = 64 << 10;

const encoder = new TextEncoder();

class Connection {
  number;
  /** The object that the program has: `opened`, `received`, `closed` are called. */
  owner;
  url;
  state = CONNECTING;
  /** The connection is open and nothing waits before what is sent: it goes at once. */
  isDirect = false;
  protocol = '';
  extensions = '';
  /** Sends whose answers are known, and sends that a flush is to follow. */
  answered = 0;
  waiting = 0;
  /** Length of what a flush is to follow, and when it is too much to wait for other tasks. */
  #unflushed = 0;
  #mostUnflushed = MUCH;
  /** The async context of all events. */
  context;
  #protocols;
  /** The body of the peer's close frame; undefined: none has come. */
  #received;
  /** The standard's "fail the WebSocket connection"; and a message could not be queued. */
  #isFailed = false;
  #isFull = false;
  /** Why, as the native half says it. */
  #failure;
  /** Bytes of what was sent when it could not go any more. */
  #lost = 0;
  /** The task in which something was sent or `bufferedAmount` read; what had left before it. */
  #task = -1;
  #handedOver = 0;
  /** Made when the first Blob is sent. */
  #blobs;
  /** Of `write`: how many sends there were, and who waits for which, in order. */
  #writes = 0;
  #writers = [];
  #isHeld = false;
  #isOver = false;

  constructor(owner, url, protocols) {
    this.owner = owner;
    this.url = url;
    this.#protocols = protocols;
    this.number = native().createClient(host.mainModule(), 'arkws/web');
    this.context = currentContext('arkws.WebSocket', this.number);
  }

  /**
   * Starts to connect. What fails from now on is told by events.
   *
   * @throws {TypeError} an option cannot be used
   */
  start(options) {
    setRef(this, true);
    // Of a short queue it must not take too much.
    if (options.maxQueuedBytes < 4 * MUCH) this.#mostUnflushed = options.maxQueuedBytes / 4;
    let failure;
    try {
      failure = isBlocked(this.url)
        ? refusal(`fetch connects to no port ${this.url.port}: another protocol lives there`)
        : native().connect(this.number, this.url.href, options);
      if (failure?.code === native().contract.parameter) throw new TypeError(failure.message);
    } catch (error) {
      this.#end();
      throw error;
    }
    if (failure === undefined || failure.eventFollows) return;
    native().macrotask(() => {
      this.context.runInAsyncScope(() => this.event('refused', failure));
    });
  }

  // What the program asks for.

  /** Sends a string, or the bytes of a buffer or view, if `isDirect`. */
  send(data) {
    const functions = native();
    const isText = typeof data === 'string';
    this.#sending(isText ? data.length : data.byteLength);
    let failure;
    if (!isText) failure = functions.sendBinary(this.number, data);
    // Longer than a message of the platform may be.
    else if (data.length > functions.contract.maxSend)
      failure = functions.sendUtf8(this.number, encoder.encode(data));
    else failure = functions.sendText(this.number, data);
    if (failure !== undefined) this.#refused(failure, data);
  }

  /** The same behind what waits, or when the connection cannot send any more; or a Blob. */
  sendLater(data) {
    if (this.state !== OPEN) this.#lost += sizeOf(data);
    else if (this.#blobs === undefined && !(data instanceof Blob)) this.send(data);
    else {
      this.isDirect = false;
      this.#blobs ??= new BlobQueue(this);
      this.#blobs.add(data);
    }
  }

  /** What waited for Blobs has gone; `error`: one could not be read. */
  blobsSent(error) {
    const close = this.#blobs.close;
    if (error !== undefined) this.#lost += this.#blobs.bytes;
    this.#blobs = undefined;
    if (error !== undefined) {
      this.#failure = refusal(`a Blob that was sent cannot be read: ${error.message}`);
      this.#isFailed = true;
      if (this.state === OPEN) this.state = CLOSING;
      this.#closeWith(undefined, '');
    } else if (close !== undefined) {
      this.#closeWith(close.code, close.reason);
    } else {
      this.isDirect = this.state === OPEN;
    }
  }

  /**
   * The same, of a connection of which all is sent so: a promise that is fulfilled when the message
   * has been handed to the operating system, and rejected if it never will be.
   */
  write(data) {
    // A stream writes nothing more before it is told.
    this.#mostUnflushed = 0;
    return new Promise((resolve, reject) => {
      this.send(data);
      this.#writers.push({ number: ++this.#writes, resolve, reject });
    });
  }

  /** Has nothing more be read from the connection, or does again. */
  hold(held) {
    if (this.#isHeld === held || this.#isOver) return;
    this.#isHeld = held;
    native().hold(this.number, held);
  }

  /** Bytes of what was sent and had not left when the running task began, or was sent in it. */
  get bufferedAmount() {
    const waiting = this.#blobs?.bytes ?? 0;
    if (this.#isOver) return this.#lost + waiting;
    this.#inTask();
    return this.#lost + waiting + native().bytesAccepted(this.number) - this.#handedOver;
  }

  /** Notes what has left so far, once in a task: what leaves during it still counts. */
  #inTask() {
    const task = currentTask();
    if (task === this.#task) return;
    this.#task = task;
    this.#handedOver = native().bytesHandedOver(this.number);
  }

  /**
   * Begins the closing handshake; a connection that is not open yet fails. A reason alone comes
   * with the code for a normal end: a close frame has no other place for it.
   */
  close(wanted, reason) {
    const code = wanted === undefined && reason !== '' ? 1000 : wanted;
    if (this.state === CONNECTING) this.fail();
    if (this.state !== OPEN) return;
    this.#closing();
    if (this.#blobs !== undefined) this.#blobs.close = { code, reason };
    else this.#closeWith(code, reason);
  }

  /** "Fail the WebSocket connection." */
  fail(why = 'the program has closed the connection before it was open', code = undefined) {
    this.#isFailed = true;
    this.#failure ??= refusal(why);
    this.#closing();
    this.#closeWith(code, '');
  }

  #closing() {
    this.state = CLOSING;
    this.isDirect = false;
  }

  #closeWith(code, reason) {
    // Refused it is if the connection is at its end already: events tell.
    native().closeWith(this.number, code, reason);
  }

  /** Of what is sent by the code that runs now all leaves together when it has ended. */
  #sending(length) {
    this.#inTask();
    this.#unflushed += length;
    if (this.#unflushed >= this.#mostUnflushed) flushBeforeNext();
    if (this.waiting++ > 0) return;
    try {
      if (this.#waitsForTasks) flushAfterTasks(this);
      else scheduleFlush(this);
    } catch (error) {
      // The stack has ended. The next message has them flushed.
      this.waiting = 0;
      throw error;
    }
  }

  /** More tasks of this delivery are to come, and too little waits to be sent before them. */
  get #waitsForTasks() {
    return arePosted() && this.#unflushed < this.#mostUnflushed;
  }

  /** What `scheduleFlush` calls. */
  flush() {
    if (this.#waitsForTasks) flushAfterTasks(this);
    else this.flushNow();
  }

  flushNow() {
    this.waiting = 0;
    this.#unflushed = 0;
    this.sent(native().flush(this.number, this.answered));
  }

  #refused(failure, data) {
    const { parameter, queueFull } = native().contract;
    if (typeof data !== 'string' && failure.code === parameter) {
      const buffer = ArrayBuffer.isView(data) ? data.buffer : data;
      if (isSharedArrayBuffer(buffer)) throw new TypeError(SHARED);
      // Detached: its bytes are none.
      if (buffer.byteLength === 0) return this.send(new ArrayBuffer(0));
    }
    this.#lost += sizeOf(data);
    if (failure.code !== parameter && failure.cause !== queueFull) return;
    // The standard's "flagged as full".
    this.#isFull = true;
    this.#failure = failure;
    this.close(undefined, '');
  }

  // What `deliver` calls.

  get refusedContext() {
    return this.context;
  }

  /** Whether more messages are taken now: those that came have been told. */
  get listens() {
    return !arePosted();
  }

  message(value) {
    if (this.state === OPEN || this.state === CONNECTING) post(this, 'message', value);
    return HEARD;
  }

  sent(through) {
    if (through <= this.answered) return;
    this.answered = through;
    while (this.#writers.length > 0 && this.#writers[0].number <= through)
      this.#writers.shift().resolve();
  }

  event(name, value) {
    switch (name) {
      case 'headerReceive':
        this.#extensionsOf(value);
        return;
      case 'openInfo':
        return post(this, 'open', value.protocol);
      case 'closeFrame':
        return post(this, 'closeFrame', value);
      case 'sendFailed':
        return this.sent(value.through);
      case 'error':
        this.#failure ??= value;
        return;
      case 'close':
        return post(this, 'close');
      case 'refused':
        this.#failure ??= value;
        return this.#over();
      case 'idle':
        return this.#over();
      case 'open':
        return;
      default:
        throw unknownEvent(name);
    }
  }

  #extensionsOf(headers) {
    for (let i = 0; i < headers.length; i += 2) {
      if (headers[i].toLowerCase() !== 'sec-websocket-extensions') continue;
      this.extensions += (this.extensions && ', ') + headers[i + 1];
    }
  }

  #over() {
    post(this, 'close');
    post(this, 'over');
  }

  // The tasks.

  perform(what, value) {
    switch (what) {
      case 'message':
        if (this.state === OPEN) this.owner.received(value);
        return;
      case 'open':
        return this.#opened(value);
      case 'closeFrame':
        this.#received = value ?? { code: 1005, reason: '' };
        if (this.state === OPEN) this.#closing();
        return;
      case 'close':
        return this.#closed();
      default:
        return this.#end();
    }
  }

  #opened(protocol) {
    if (this.state !== CONNECTING) return;
    // RFC 6455 leaves a client that is told of none of its sub-protocols alone; fetch does not.
    if (this.#protocols.length > 0 && protocol === undefined) {
      const why = 'the server has chosen none of the sub-protocols that were asked for';
      return this.fail(why, PROTOCOL_ERROR);
    }
    this.protocol = protocol ?? '';
    this.state = OPEN;
    this.isDirect = true;
    this.owner.opened();
  }

  #closed() {
    if (this.state === CLOSED) return;
    this.#closing();
    this.state = CLOSED;
    // From now on it only grows: what left earlier in this turn of the loop no longer counts.
    this.#handedOver = native().bytesHandedOver(this.number);
    const received = this.#isFailed ? undefined : this.#received;
    // The transport is lost: that is a failure, too (RFC 6455, 7.2.1).
    const isError = received === undefined || this.#isFull;
    const unwritten = this.#writers;
    this.#writers = [];
    this.owner.closed({
      error: isError ? errorOf(this.#failure) : undefined,
      wasClean: received !== undefined && unwritten.length === 0,
      code: received?.code ?? 1006,
      reason: received?.reason ?? '',
    });
    for (const { reject } of unwritten)
      reject(new DOMException('the connection was closed before', 'InvalidStateError'));
  }

  #end() {
    if (this.#isOver) return;
    this.#isOver = true;
    const { bytesAccepted, bytesHandedOver } = native();
    this.#lost += bytesAccepted(this.number) - bytesHandedOver(this.number);
    setRef(this, false);
    this.context.emitDestroy();
    native().free(this.number);
  }
}

/** Why a connection is refused that the native half knows nothing of. */
function refusal(message) {
  return { message };
}

/** What the `error` event tells. */
function errorOf(failure) {
  if (failure === undefined) return new Error('the connection was closed without a close frame');
  return failure.code === undefined ? new Error(failure.message) : fromFailure(failure);
}

/** Bytes of what is sent. */
function sizeOf(data) {
  if (typeof data === 'string') return Buffer.byteLength(data);
  return data instanceof Blob ? data.size : data.byteLength;
}

/**
 * Whether `send` takes it as bytes.
 *
 * @throws {TypeError} its memory is shared, or can be resized
 */
function isBufferSource(data) {
  const isView = ArrayBuffer.isView(data);
  const buffer = isView ? data.buffer : data;
  if (!isAnyArrayBuffer(buffer)) return false;
  if (isSharedArrayBuffer(buffer)) {
    if (isView) throw new TypeError(SHARED);
    return false;
  }
  if (buffer.resizable) throw new TypeError('what is sent can be resized: send a copy');
  return true;
}

module.exports = { CLOSED, CLOSING, CONNECTING, Connection, OPEN, isBufferSource, sizeOf };
