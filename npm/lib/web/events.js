// The events of the web's API, and its event handlers (`onmessage`).
'use strict';

const {
  defineInterface,
  dictionary,
  isObject,
  requireArguments,
  usvString,
} = require('./webidl.js');

/** Said instead of a dictionary: nothing of it is a program's, and nothing is to be converted. */
const OURS = Symbol('ours');

/** What the next event of ours is made with: a call with more arguments would be seen. */
let nextData;
let nextOrigin;

/** The event that brings a message. */
class MessageEvent extends Event {
  #data;
  #origin;
  #lastEventId = '';
  #source = null;
  #ports;

  constructor(type, init = undefined) {
    if (init === OURS) {
      super(type);
      this.#data = nextData;
      this.#origin = nextOrigin;
      return;
    }
    requireArguments(arguments, 1, 'new MessageEvent');
    const { data, origin, lastEventId, source, ports, ...event } = read(init, 'eventInitDict');
    super(usvLike(type), event);
    this.#data = data === undefined ? null : data;
    if (source !== undefined && source !== null && !isObject(source))
      throw new TypeError('source is no object');
    this.#origin = origin === undefined ? '' : usvString(origin);
    this.#lastEventId = lastEventId === undefined ? '' : usvLike(lastEventId);
    this.#source = source ?? null;
    this.#ports = ports === undefined ? undefined : Object.freeze([...ports]);
  }

  get data() {
    return this.#data;
  }

  get origin() {
    return this.#origin;
  }

  get lastEventId() {
    return this.#lastEventId;
  }

  get source() {
    return this.#source;
  }

  get ports() {
    return (this.#ports ??= Object.freeze([]));
  }
}

/** The last event of a connection. */
class CloseEvent extends Event {
  #wasClean;
  #code;
  #reason;

  constructor(type, init = undefined) {
    requireArguments(arguments, 1, 'new CloseEvent');
    const { wasClean, code, reason, ...event } = read(init, 'eventInitDict');
    super(usvLike(type), event);
    this.#wasClean = Boolean(wasClean);
    this.#code = code === undefined ? 0 : wrappedShort(code);
    this.#reason = reason === undefined ? '' : usvString(reason);
  }

  get wasClean() {
    return this.#wasClean;
  }

  get code() {
    return this.#code;
  }

  get reason() {
    return this.#reason;
  }
}

const EVENT = ['bubbles', 'cancelable', 'composed'];
const MORE = ['data', 'origin', 'lastEventId', 'source', 'ports', 'wasClean', 'code', 'reason'];

/** The members of a dictionary, inherited ones among them: an event may be given as one. */
function read(init, name) {
  const given = dictionary(init, name);
  const members = {};
  for (const member of EVENT) members[member] = Boolean(given[member]);
  for (const member of MORE) members[member] = given[member];
  return members;
}

/** `DOMString`. */
function usvLike(value) {
  return `${value}`;
}

/** `unsigned short` without more: modulo 65,536. */
function wrappedShort(value) {
  const number = Math.trunc(+value);
  return Number.isFinite(number) ? ((number % 65536) + 65536) % 65536 : 0;
}

defineInterface(MessageEvent, ['data', 'origin', 'lastEventId', 'source', 'ports']);
defineInterface(CloseEvent, ['wasClean', 'code', 'reason']);

/** The event of a message that has come. */
function messageEvent(data, origin) {
  nextData = data;
  nextOrigin = origin;
  const event = new MessageEvent('message', OURS);
  nextData = undefined;
  return event;
}

const { addEventListener, removeEventListener } = EventTarget.prototype;

/** An event handler: what the program has set, and the listener that calls it. */
class EventHandler {
  value;

  constructor(value) {
    this.value = value;
    const handler = this;
    this.listener = function (event) {
      const { value } = handler;
      if (typeof value === 'function' && value.call(this, event) === false) event.preventDefault();
    };
  }
}

/**
 * Sets the handler of an event. It is called in the place among the listeners where it was first
 * set; what is no object removes it.
 */
function setHandler(target, handlers, type, value) {
  const handler = handlers[type];
  if (!isObject(value)) {
    if (handler !== undefined) removeEventListener.call(target, type, handler.listener);
    handlers[type] = undefined;
  } else if (handler !== undefined) {
    handler.value = value;
  } else {
    const made = new EventHandler(value);
    handlers[type] = made;
    addEventListener.call(target, type, made.listener);
  }
}

module.exports = { CloseEvent, MessageEvent, messageEvent, setHandler };
