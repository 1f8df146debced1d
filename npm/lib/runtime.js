// The native half: its functions, when it hands over events and is handed messages, and what keeps
// the process alive.
'use strict';

const { active, begin, deliver, newTurn, uncaught } = require('./delivery.js');

let functions;

/**
 * The native functions. Loaded when the first object is made, so that a program can import the
 * module's types and errors without them.
 */
function native() {
  return (functions ??= load());
}

function load() {
  const { MAX_STRING_LENGTH, MAX_LENGTH } = runtimeLimits();
  const { start } = require('./native.js');
  const loaded = start(wake, deliver, makeBuffer, MAX_STRING_LENGTH, MAX_LENGTH);
  begin(loaded);
  warnOfLevel(loaded.levelWarning());
  return loaded;
}

/** The largest strings and buffers, where the runtime tells them. */
function runtimeLimits() {
  try {
    // The former also in a bundle that is an ES module.
    const { constants } =
      globalThis.process?.getBuiltinModule?.('node:buffer') ?? require('node:buffer');
    return constants ?? {};
  } catch {
    return {};
  }
}

/** Says why the environment's API level is ignored, if it is. */
function warnOfLevel(warning) {
  if (warning && typeof process === 'object')
    process.emitWarning(warning, { code: 'ARKWS_API_VERSION' });
}

/** The numbers of objects that the process need not wait for, active or not. */
const unreferenced = new Set();

/** How many active objects it waits for. */
let referenced = 0;

/**
 * Whether the process, or the worker thread, is kept waiting for events of `object`. One function
 * for both, which calls no other of JavaScript: at the end of the stack, whoever has called it can
 * call it again to undo that.
 */
function setRef(object, isActive) {
  const { number } = object;
  if (isActive !== active.has(number) && !unreferenced.has(number)) referenced += isActive ? 1 : -1;
  if (isActive) active.set(number, object.held ?? object);
  else active.delete(number);
  functions.keepAlive(active.size > 0, referenced > 0);
}

/** Whether the process waits for events of the object of this number, if any may come. */
function keepProcess(number, keeps) {
  if (unreferenced.has(number) !== keeps) return;
  if (keeps) unreferenced.delete(number);
  else unreferenced.add(number);
  if (active.has(number)) referenced += keeps ? 1 : -1;
  native().keepAlive(active.size > 0, referenced > 0);
}

/** A turn of the event loop: promise jobs, timers and sockets have run then. */
function macrotask() {
  return new Promise((resolve) => functions.macrotask(resolve));
}

/** Events lie ready, or `deliver` has stopped. */
function wake() {
  inARow = 0;
  newTurn();
  let more = true;
  try {
    more = native().drain();
  } catch (error) {
    uncaught(error);
  } finally {
    // There are more: timers and other sockets have their turn first.
    if (more) native().macrotask(wake);
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

/** Calls `callback` after the code that runs now, and before any event. */
async function microtask(callback, ...args) {
  // Not with `then` of a promise that all calls share: that would keep the async context that it
  // was made in.
  await undefined;
  try {
    callback(...args);
  } catch (error) {
    uncaught(error);
  }
}

/** Flushes in a row without an event from outside, and the most before others have their turn. */
let inARow = 0;
const MOST_IN_A_ROW = 64;

/**
 * Flushes what a client sends when the code that runs now has ended: all of it up to the next
 * event, if promises have called it. A program that sends for ever, as soon as it has sent, keeps
 * neither timers nor sockets from their turns. Nothing is used for this that a program, or its
 * tests, can replace (`process.nextTick`, `setImmediate`, `Promise`).
 */
function scheduleFlush(client) {
  if (++inARow >= MOST_IN_A_ROW) {
    inARow = 0;
    native().macrotask(() => client.flush());
  } else {
    flushSoon(client);
  }
}

async function flushSoon(client) {
  // Promise jobs that wait already may send as well: this one waits behind them, until none has.
  let waiting;
  do {
    waiting = client.waiting;
    await undefined;
  } while (waiting !== client.waiting);
  client.flush();
}

/** Forgets an object that nobody has any more, and of which no events come. */
function free(number) {
  unreferenced.delete(number);
  native().free(number);
}

/** Says to an object's core that the object itself has been collected. */
const registry = new FinalizationRegistry((number) => {
  const object = active.get(number);
  if (object === undefined) {
    free(number);
  } else {
    object.collected();
  }
});

/**
 * Calls the core of `object` when it has been collected: `collected()` if it has a reference, else
 * it is freed.
 */
function watch(object, core) {
  // By number: the core's listeners may hold on to the object.
  registry.register(object, core.number);
}

/** The program's main module, whose surroundings tell API level and permission. */
function mainModule() {
  return typeof process === 'object' ? process.argv[1] : undefined;
}

module.exports = {
  free,
  keepProcess,
  macrotask,
  mainModule,
  microtask,
  native,
  scheduleFlush,
  setRef,
  watch,
};
