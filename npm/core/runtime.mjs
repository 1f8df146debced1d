// The native half: its functions, when it hands over events and is handed messages, and what keeps
// the process alive.
import { begin, deliver, newTurn, uncaught } from './delivery.mjs';
import { host } from './host.mjs';
import { active, unreferenced } from './references.mjs';

let functions;

/**
 * The native functions. Loaded when the first object is made, so that a program can import the
 * module's types and errors without them.
 */
export function native() {
  return (functions ??= load());
}

function load() {
  const { maxStringLength, maxBufferLength } = host;
  const { start } = host.loadNative();
  const loaded = start(wake, deliver, makeBuffer, maxStringLength, maxBufferLength);
  begin(loaded);
  // Why the environment's API level is ignored, if it is.
  const warning = loaded.levelWarning();
  if (warning) host.warn(warning, 'ARKWS_API_VERSION');
  return loaded;
}

/**
 * Says that the machine's network has changed, to clients that wait to reconnect. While no object
 * has been made nobody waits.
 */
export function networkChanged() {
  functions?.networkChanged();
}

/**
 * Clients that wait to reconnect try soon when OpenHarmony tells of a network. `connection` gives
 * its module `@ohos.net.connection`; `log` is told why nothing will be heard. An app without the
 * permission ohos.permission.GET_NETWORK_INFO is not told, and then they wait out their delays.
 */
export function listenToNetworks(connection, log) {
  try {
    const networks = connection().createNetConnection();
    networks.on('netAvailable', networkChanged);
    networks.register((error) => {
      if (error) log(`networks are not heard of: ${error.message}`);
    });
  } catch (error) {
    log(`networks are not heard of: ${error.message}`);
  }
}

/** How many active objects the process waits for. */
let referenced = 0;

/** What tools know the native half's wake-up call by (`jest --detectOpenHandles`). */
const resource = { hasRef: () => referenced > 0 };

/** What comes before any event of the native half's next call. */
let beforeEvents;

/**
 * Whether the process, or the worker thread, is kept waiting for events of `object`. One function
 * for both, which calls no other of JavaScript: at the end of the stack, whoever has called it can
 * call it again to undo that.
 */
export function setRef(object, isActive) {
  const { number } = object;
  if (isActive !== active.has(number) && !unreferenced.has(number)) referenced += isActive ? 1 : -1;
  if (isActive) active.set(number, object.held ?? object);
  else active.delete(number);
  // With the last one goes the call that it was to come in.
  if (active.size === 0) beforeEvents = undefined;
  functions.keepAlive(active.size > 0, referenced > 0, resource);
}

/** Whether the process waits for events of the object of this number, if any may come. */
export function keepProcess(number, keeps) {
  if (unreferenced.has(number) !== keeps) return;
  if (keeps) unreferenced.delete(number);
  else unreferenced.add(number);
  if (active.has(number)) referenced += keeps ? 1 : -1;
  native().keepAlive(active.size > 0, referenced > 0, resource);
}

/** A turn of the event loop: promise jobs, timers and sockets have run then. */
export function macrotask() {
  return new Promise((resolve) => functions.macrotask(resolve));
}

/**
 * Has the native half call once more, while any object is active: what is due in the program,
 * promise jobs and ticks of Node.js among it, has run then. The call is for `task`, if it is given,
 * and hands no events on; at most one task waits.
 */
export function nextTurn(task) {
  beforeEvents ??= task;
  functions.wakeAgain();
}

/** Events lie ready, `deliver` has stopped, or `nextTurn` was called. */
function wake() {
  inARow = 0;
  newTurn();
  const task = beforeEvents;
  beforeEvents = undefined;
  let more = task === undefined;
  try {
    if (more) more = native().drain();
    else task();
  } catch (error) {
    uncaught(error);
  } finally {
    // There are more: timers and other sockets have their turn first.
    if (more) native().macrotask(wake);
  }
}

/** An ArrayBuffer of `length` bytes, to be filled; undefined: there is no memory for it. */
function makeBuffer(length) {
  try {
    return host.bufferToFill?.(length) ?? new ArrayBuffer(length);
  } catch {
    return undefined;
  }
}

/** Calls `callback` after the code that runs now, and before any event. */
export async function microtask(callback, ...args) {
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
export function scheduleFlush(client) {
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
export function free(number) {
  unreferenced.delete(number);
  native().free(number);
}

/** Says to an object's inside that the object itself has been collected. */
const registry = new FinalizationRegistry((number) => {
  const object = active.get(number);
  if (object === undefined) {
    free(number);
  } else {
    object.collected();
  }
});

/**
 * Calls the inside of `object` when it has been collected: `collected()` if it has a reference,
 * else it is freed.
 */
export function watch(object, inside) {
  // By number: the inside's listeners may hold on to the object.
  registry.register(object, inside.number);
}
