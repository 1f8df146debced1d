// The connection to the native half: its functions, its events, and what keeps the process alive.
'use strict';

/** What follows an object's number in the values of `deliver`; see crates/node/src/delivery.rs. */
const MESSAGES = 0;
const PIECES = 1;
const MESSAGES_FROM = 2;
const SENT = 3;
const DATA_END = 4;

let functions;

/** The native functions. Loaded when the first object is made, so that a program can import the module's types and errors without them. */
function native() {
  return (functions ??= load());
}

function load() {
  if (typeof process === 'object') warnOfLevel(process.env.OHOS_API_VERSION);
  const { MAX_STRING_LENGTH, MAX_LENGTH } = runtimeLimits();
  return require('./native.js').start(wake, deliver, makeBuffer, MAX_STRING_LENGTH, MAX_LENGTH);
}

/** The largest strings and buffers, where the runtime tells them. */
function runtimeLimits() {
  try {
    // The former also in a bundle that is an ES module.
    const { constants } = globalThis.process?.getBuiltinModule?.('node:buffer') ?? require('node:buffer');
    return constants ?? {};
  } catch {
    return {};
  }
}

/** Says that the environment's API level is none; the native half (crates/netstack/src/level.rs) then ignores it. */
function warnOfLevel(text) {
  if (!text) return;
  const [, inParentheses, alone] = /^\s*(?:[^(]*\(\s*(\d+)\s*\)|(\d+))\s*$/.exec(text) ?? [];
  if (Number(inParentheses ?? alone) >= 6) return;
  process.emitWarning(`OHOS_API_VERSION=${text} is ignored: API levels are 6 to 26`, { code: 'ARKWS_API_VERSION' });
}

/** The objects that events may come for, by number. They are kept from being collected, and keep the process alive. */
const active = new Map();

function activate(object) {
  if (active.size === 0) native().keepAlive(true);
  active.set(object.number, object);
}

function deactivate(object) {
  active.delete(object.number);
  if (active.size === 0) native().keepAlive(false);
}

/** Calls `later` after a turn of the event loop. */
const afterTurn = typeof setImmediate === 'function' ? setImmediate : (later, value) => setTimeout(later, 0, value);

/** Events lie ready. */
function wake() {
  inARow = 0;
  let more = true;
  try {
    more = native().drain();
  } catch (error) {
    uncaught(error);
  } finally {
    // There are more: timers and other sockets have their turn first.
    if (more) afterTurn(wake);
  }
}

/** An ArrayBuffer of `length` bytes; undefined: there is no memory for it. */
function makeBuffer(length) {
  try {
    return new ArrayBuffer(length);
  } catch {
    return undefined;
  }
}

/** Hands events to the objects they belong to. What one of them throws does not keep others from theirs. */
function deliver(...values) {
  for (let i = 0; i < values.length; ) {
    const object = active.get(values[i]) ?? nobody;
    const what = values[i + 1];
    i += 2;
    switch (what) {
      case MESSAGES:
        i = messages(values, i, object, true);
        break;
      case PIECES:
        i = messages(values, i, object, false);
        break;
      case MESSAGES_FROM:
        i = messages(values, i + 1, object, values[i]);
        break;
      default: {
        const value = what === DATA_END ? undefined : values[i++];
        try {
          if (what === SENT) object.sent(value);
          else if (what === DATA_END) object.dataEnd();
          else object.event(what, value);
        } catch (error) {
          uncaught(error);
        }
      }
    }
  }
}

/** What a view of bytes is: a `Buffer` where there is one, made without its checks of arguments. */
const Bytes = typeof Buffer === 'function' ? Buffer[Symbol.species] : Uint8Array;

/** Hands the messages from index `i` on to `object`, each with `detail`; the index of the next number. */
function messages(values, i, object, detail) {
  for (; i < values.length; i++) {
    const value = values[i];
    if (typeof value === 'number') break;
    try {
      if (value !== undefined) object.message(value, detail);
      else run(values[i + 1], values[i + 2], object, detail);
    } catch (error) {
      // Ours: what listeners throw they have caught. What comes behind must not be lost with it.
      uncaught(error);
    }
    if (value === undefined) i += 2;
  }
  return i;
}

/** Hands the messages on that are cut out of one value. */
function run(all, lengths, object, detail) {
  const isText = typeof all === 'string';
  if (lengths.length === 0) object.message(new Bytes(all), detail);
  for (let k = 0, start = 0; k < lengths.length; k++) {
    const length = lengths.charCodeAt(k);
    const end = start + length;
    try {
      object.message(isText ? all.substring(start, end) : new Bytes(all, start, length), detail);
    } catch (error) {
      // A listener has transferred the memory of all of them.
      uncaught(error);
    }
    start = end;
  }
}

/** Takes the events of an object that is gone. */
const nobody = {
  message() {},
  sent() {},
  dataEnd() {},
  event() {},
};

/** A program's exception in a callback: it does not stop us, and it is not lost. */
function uncaught(error) {
  native().uncaught(error);
}

const resolved = Promise.resolve();

/** Calls `callback` after the code that runs now, and before any event. */
function callLater(callback, ...args) {
  resolved.then(() => {
    try {
      callback(...args);
    } catch (error) {
      uncaught(error);
    }
  });
}

/** Calls `later` with a value when the code that runs now has ended: all of it up to the next event, if a promise has called it. */
const afterCode =
  typeof process === 'object' && typeof process.nextTick === 'function'
    ? process.nextTick
    : (later, value) => resolved.then(() => later(value));

/** Calls of `atEnd` in a row without an event from outside. */
let inARow = 0;

/**
 * Calls `later` with a value when the code that runs now has ended. A program that does the next thing as soon as it is called, for ever,
 * keeps neither timers nor sockets from their turns.
 */
function atEnd(later, value) {
  if (++inARow < 64) {
    afterCode(later, value);
  } else {
    inARow = 0;
    afterTurn(later, value);
  }
}

/** Says to an object's core that the program has lost the object itself. */
const lost = new FinalizationRegistry((number) => {
  const object = active.get(number);
  if (object === undefined) {
    native().free(number);
  } else {
    object.lost();
  }
});

/** Calls the core of `object` when it has been collected: `lost()` if it is active, else it is freed. */
function watch(object, core) {
  // By number: the core's listeners may hold on to the object.
  lost.register(object, core.number);
}

/** The program's main module, whose surroundings tell API level and permission. */
function mainModule() {
  return typeof process === 'object' ? process.argv[1] : undefined;
}

module.exports = { activate, atEnd, callLater, deactivate, mainModule, native, uncaught, watch };
