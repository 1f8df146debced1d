// `WebSocket` (https://websockets.spec.whatwg.org/#the-websocket-interface).
'use strict';

const { isArrayBuffer } =
  globalThis.process?.getBuiltinModule?.('node:util/types') ?? require('node:util/types');
const {
  CLOSED,
  CLOSING,
  CONNECTING,
  Connection,
  OPEN,
  isBufferSource,
} = require('./connection.js');
const { checkClose, checkProtocols, protocolsOrOptions, urlRecord } = require('./constructor.js');
const { CloseEvent, messageEvent, setHandler } = require('./events.js');
const {
  clampedShort,
  defineConstants,
  defineInterface,
  requireArguments,
  usvString,
} = require('./webidl.js');

const { dispatchEvent } = EventTarget.prototype;

/** What a connection tells, as events of its `WebSocket`. */
class Events {
  #target;
  #origin;
  binaryType = 'blob';
  /** Event → its handler. */
  handlers = { open: undefined, message: undefined, error: undefined, close: undefined };

  constructor(target, origin) {
    this.#target = target;
    this.#origin = origin;
  }

  opened() {
    dispatchEvent.call(this.#target, new Event('open'));
  }

  received(value) {
    const isBlob = typeof value !== 'string' && this.binaryType === 'blob';
    const data = isBlob ? new Blob([value]) : value;
    dispatchEvent.call(this.#target, messageEvent(data, this.#origin));
  }

  closed({ error, wasClean, code, reason }) {
    if (error !== undefined) dispatchEvent.call(this.#target, errorEvent(error));
    dispatchEvent.call(this.#target, new CloseEvent('close', { wasClean, code, reason }));
  }
}

/** The standard tells nothing of why; a program outside a browser may know it. */
function errorEvent(error) {
  const { message } = error;
  return Object.defineProperties(new Event('error'), {
    error: { value: error, configurable: true, writable: true },
    message: { value: message, configurable: true, writable: true },
  });
}

class WebSocket extends EventTarget {
  #connection;
  #events;

  constructor(url, protocols = undefined) {
    super();
    requireArguments(arguments, 1, 'new WebSocket');
    const text = usvString(url);
    const { protocols: list, options } = protocolsOrOptions(protocols);
    const record = urlRecord(text);
    checkProtocols(list);
    this.#events = new Events(this, record.origin);
    this.#connection = new Connection(this.#events, record, list);
    this.#connection.start(options);
  }

  get url() {
    return this.#connection.url.href;
  }

  get readyState() {
    return this.#connection.state;
  }

  get bufferedAmount() {
    return this.#connection.bufferedAmount;
  }

  get onopen() {
    return this.#events.handlers.open?.value ?? null;
  }

  set onopen(value) {
    setHandler(this, this.#events.handlers, 'open', value);
  }

  get onerror() {
    return this.#events.handlers.error?.value ?? null;
  }

  set onerror(value) {
    setHandler(this, this.#events.handlers, 'error', value);
  }

  get onclose() {
    return this.#events.handlers.close?.value ?? null;
  }

  set onclose(value) {
    setHandler(this, this.#events.handlers, 'close', value);
  }

  get extensions() {
    return this.#connection.extensions;
  }

  get protocol() {
    return this.#connection.protocol;
  }

  close(code = undefined, reason = undefined) {
    const connection = this.#connection;
    const number = code === undefined ? undefined : clampedShort(code);
    const text = reason === undefined ? undefined : usvString(reason);
    checkClose(number, text);
    connection.close(number, text ?? '');
  }

  get onmessage() {
    return this.#events.handlers.message?.value ?? null;
  }

  set onmessage(value) {
    setHandler(this, this.#events.handlers, 'message', value);
  }

  get binaryType() {
    return this.#events.binaryType;
  }

  set binaryType(value) {
    const events = this.#events;
    const type = `${value}`;
    if (type === 'blob' || type === 'arraybuffer') events.binaryType = type;
  }

  send(data) {
    const connection = this.#connection;
    if (connection.isDirect) {
      if (typeof data === 'string') return connection.send(data);
      const buffer = ArrayBuffer.isView(data) ? data.buffer : data;
      if (isArrayBuffer(buffer) && !buffer.resizable) return connection.send(data);
    }
    requireArguments(arguments, 1, 'send');
    const isBytes = data instanceof Blob || isBufferSource(data);
    const converted = isBytes ? data : usvString(data);
    if (connection.state === CONNECTING)
      throw new DOMException('send: the connection is not open yet', 'InvalidStateError');
    connection.sendLater(converted);
  }
}

defineConstants(WebSocket, { CONNECTING, OPEN, CLOSING, CLOSED });
defineInterface(WebSocket, [
  'url',
  'readyState',
  'bufferedAmount',
  'onopen',
  'onerror',
  'onclose',
  'extensions',
  'protocol',
  'close',
  'onmessage',
  'binaryType',
  'send',
]);

module.exports = { WebSocket };
