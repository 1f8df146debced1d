// The loop that hands events on: from what the native half gives to `deliver` to the objects they
// are for, whose `message` and `event` call the program's listeners.
import { NoContext } from './context.mjs';
import { host } from './host.mjs';
import { active } from './references.mjs';

/** The native functions, once they are loaded. */
let functions;

/** The names of what a record can say, at their numbers: see crates/node/src/operation.rs. */
let operations;

/** The numbers of those that are more than a call of `event`. */
let MESSAGES;
let PIECES;
let MESSAGES_FROM;
let SENT;
let SENT_TO;
let DATA_END;
let REFUSED;

/** The number of an operation. */
function operation(name) {
  const number = operations.indexOf(name);
  if (number < 0) throw new Error(`arkws: its native module has no operation '${name}'`);
  return number;
}

/** The native half is loaded; with it come its names for what records say. */
export function begin(loaded) {
  functions = loaded;
  ({ operations } = loaded);
  MESSAGES = operation('messages');
  PIECES = operation('pieces');
  MESSAGES_FROM = operation('messagesFrom');
  SENT = operation('sent');
  SENT_TO = operation('sentTo');
  DATA_END = operation('dataEnd');
  REFUSED = operation('refused');
}

// A program waits for an event with a promise, and adds listeners when it has come: that happens
// only when `wake` has returned. So delivery stops before anything that such a listener would miss,
// and goes on with the next call of `wake`, which is due at once.

/** What `deliver` has not handed on yet: `values` from `next` on. */
let values = [];
let next = 0;

/** Before what is left of some messages `dataEnd` is to be told of the last one. */
let ends = false;

/** Where a run of messages goes on that `deliver` has stopped in. */
let runStart = 0;

/**
 * Code of the program has run since `wake` was called; what follows from it by promises has not.
 */
let programRan = false;

/** Delivery stops after the event that is being handed on. */
let stops = false;

/** The async context of that event. */
let context;

/** How often the native half has called. */
let turns = 0;

/** The native half calls: no code of the program has run for it yet. */
export function newTurn() {
  turns++;
  programRan = false;
  stops = false;
}

/** The number of the native half's last call. */
export function currentTurn() {
  return turns;
}

/**
 * Hands events to the objects they belong to; called with none, those that it has kept. What one of
 * them throws does not keep others from theirs. Whether it has stopped.
 */
export function deliver(...more) {
  if (more.length > 0) {
    values = more;
    next = 0;
  }
  while (next < values.length && !stops) {
    const object = active.get(values[next]) ?? nobody;
    const what = values[next + 1];
    if (what === SENT) {
      next += 3;
      sent(object, values[next - 1], undefined);
    } else if (what === SENT_TO) {
      next += 4;
      sent(object, values[next - 1], values[next - 2]);
    } else {
      const record = next;
      try {
        context = what === REFUSED ? object.refusedContext : object.context;
        context.runInAsyncScope(handOn, undefined, object, what);
      } catch (error) {
        // Ours, or the runtime's. What is told is not lost with its context.
        uncaught(error);
        if (next === record) {
          context = noContext;
          handOn(object, what);
        }
      }
    }
  }
  // Neither is kept for longer than it is needed.
  context = undefined;
  if (next >= values.length) values = [];
  return stops;
}

/** Sends are done, of a server those to `client`. Their callbacks have contexts of their own. */
function sent(object, through, client) {
  try {
    object.sent(through, client);
  } catch (error) {
    uncaught(error);
  }
}

/** Hands the next event, or the next messages, to `object`. */
function handOn(object, what) {
  switch (what) {
    case MESSAGES:
      return messages(object, 2, true);
    case PIECES:
      return messages(object, 2, false);
    case MESSAGES_FROM:
      return messages(object, 3, values[next + 2]);
    case DATA_END:
      next += 2;
      object.dataEnd();
      stops ||= programRan && !object.listens;
      return undefined;
    default:
      return event(object, what);
  }
}

function event(object, what) {
  next += 3;
  try {
    object.event(operations[what], values[next - 1]);
  } catch (error) {
    // Ours: what listeners throw they have caught. What comes behind must not be lost with it.
    uncaught(error);
  }
  stops ||= programRan;
}

/** What has become of a message: a listener has it... */
export const HEARD = 0;
/** ...it has none... */
export const UNHEARD = 1;
/** ...or one has thrown. */
export const THROWN = 2;
/**
 * Heard, and its listeners are gone: its `dataEnd` is told when what awaits the message has run.
 */
export const ENDS = 3;

/** Hands the messages behind a head of so many values to `object`, each with `detail`. */
function messages(object, head, detail) {
  const begin = next;
  let i = begin + head;
  let outcome = HEARD;
  while (i < values.length) {
    const value = values[i];
    if (typeof value === 'number') break;
    try {
      outcome = value === undefined ? run(object, i, detail) : message(object, value, detail);
    } catch (error) {
      // Ours, as above.
      uncaught(error);
      outcome = THROWN;
    }
    if (outcome === UNHEARD) break;
    i += value === undefined ? 3 : 1;
    if (outcome !== HEARD) break;
  }
  if (outcome === HEARD) {
    next = i;
    stops ||= programRan && !object.listens;
    return;
  }
  // What is left gets the same head.
  next = i - head;
  values.copyWithin(next, begin, begin + head);
  if (ends) values.splice(next, 0, values[next], DATA_END);
  ends = false;
  stops = true;
}

/** Hands a message to `object`; `UNHEARD`: it is not lost yet, since a listener may come. */
function message(object, value, detail) {
  const outcome = object.message(value, detail);
  if (outcome === HEARD) {
    programRan = true;
  } else if (outcome === UNHEARD && !programRan) {
    object.unheard(detail);
    return HEARD;
  }
  ends = outcome === ENDS;
  return outcome;
}

/**
 * Hands the messages on that are cut out of the value behind index `i`; of the outcomes the first
 * that is not `HEARD`.
 */
function run(object, i, detail) {
  const all = values[i + 1];
  const lengths = values[i + 2];
  const count = lengths.length;
  const { Bytes = Uint8Array } = host;
  if (count === 0) return message(object, new Bytes(all), detail);
  const isText = typeof all === 'string';
  let outcome = HEARD;
  let dropped = 0;
  let start = runStart;
  let k = 0;
  try {
    while (k < count) {
      const length = lengths.charCodeAt(k);
      const end = start + length;
      outcome = object.message(
        isText ? all.substring(start, end) : new Bytes(all, start, length),
        detail,
      );
      if (outcome !== HEARD) {
        // As in `message`. Only messages that were dropped came before, or a listener has run.
        ends = outcome === ENDS;
        if (outcome !== UNHEARD || programRan || k > dropped) break;
        dropped++;
        object.unheard(detail);
      }
      start = end;
      k++;
    }
  } catch (error) {
    // A listener has transferred the memory of all of them.
    uncaught(error);
    outcome = THROWN;
  }
  runStart = 0;
  if (k > dropped) programRan = true;
  if (k === count) return HEARD;
  if (outcome !== UNHEARD) start += lengths.charCodeAt(k++);
  if (k === count) return THROWN;
  // What is left is a run, too.
  values[i + 2] = lengths.slice(k);
  runStart = start;
  return UNHEARD;
}

const noContext = new NoContext();

/** Takes the events of an object that is gone. */
const nobody = {
  context: noContext,
  refusedContext: noContext,
  listens: true,
  message: () => HEARD,
  sent() {},
  dataEnd() {},
  event() {},
};

/** The error for an event that an object does not know: its two halves are not of one version. */
export function unknownEvent(name) {
  return new Error(`arkws: its native module tells of '${name}', which nobody knows`);
}

/** Calls `call` in the context of the events of `object`, outside of `deliver`. */
export function handOver(object, call) {
  context = object.context ?? noContext;
  try {
    return context.runInAsyncScope(call);
  } catch (error) {
    uncaught(error);
    return undefined;
  } finally {
    context = undefined;
  }
}

/** Listeners are called, or promises settled that the program has. */
export function programRuns() {
  programRan = true;
}

/** A listener has thrown; `goOn` calls the others. */
export function raise(error, goOn) {
  uncaught(error);
  // Node.js leaves all async contexts when it has told of an exception.
  context.runInAsyncScope(goOn);
}

/** A program's exception in a callback: it does not stop us, and it is not lost. */
export function uncaught(error) {
  stops = true;
  if (host.reportUncaught === undefined) functions.uncaught(error);
  else host.reportUncaught(error);
}
