// `@ohos.events.emitter`: events within a thread. The platform's also reach other threads.
'use strict';

const { BusinessError } = require('../lib');

const EventPriority = Object.freeze({ IMMEDIATE: 0, HIGH: 1, LOW: 2, IDLE: 3 });

/** Listeners by event: callback → whether it is for one event. `1` and `'1'` are two events. */
const listeners = new Map();
/** Events that wait, by priority. */
const queues = Object.values(EventPriority).map(() => []);
let scheduled = false;

function wrong(call, wants) {
  return new BusinessError(401, `Parameter error: emitter.${call} takes ${wants}`);
}

/** Whether the program has been told of an empty name. */
let warned = false;

function identity(call, event) {
  const id = typeof event === 'object' && event !== null ? event.eventId : event;
  if (typeof id === 'number' || typeof id === 'string') return id;
  throw wrong(call, 'an event: an InnerEvent with an eventId, or a string');
}

/** An event that is named by an empty string never happens: so the platform, without a word. */
function isNone(call, id) {
  if (id !== '') return false;
  if (!warned) {
    warned = true;
    const text = `emitter.${call} was called with an empty string: no event has that name`;
    process.emitWarning(text, { code: 'ARKWS_EVENT_ID' });
  }
  return true;
}

function add(call, event, callback, isOnce) {
  const id = identity(call, event);
  if (typeof callback !== 'function') throw wrong(call, 'a callback');
  if (isNone(call, id)) return;
  if (!listeners.has(id)) listeners.set(id, new Map());
  // Again the same function: it is listed once, in the newer way.
  listeners.get(id).set(callback, isOnce);
}

function remove(id, callback) {
  const callbacks = listeners.get(id);
  callbacks?.delete(callback);
  if (callbacks?.size === 0) listeners.delete(id);
}

function off(event, callback) {
  const id = identity('off', event);
  if (callback === undefined) listeners.delete(id);
  else remove(id, callback);
}

/** `emit(event, data)`, and `emit(eventId, options, data)`. */
function emit(event, ...rest) {
  const id = identity('emit', event);
  const isInner = typeof event === 'object';
  const hasOptions = !isInner && (rest.length > 1 || rest[0]?.priority !== undefined);
  const options = isInner ? event : hasOptions ? rest.shift() : undefined;
  const priority = options?.priority ?? EventPriority.LOW;
  if (queues[priority] === undefined) throw wrong('emit', 'a priority of EventPriority');
  if (isNone('emit', id) || !listeners.has(id)) return;
  queues[priority].push({ id, data: copy(rest[0]) });
  schedule();
}

/** Listeners get a copy, as on the platform, where they may be on another thread. */
function copy(eventData) {
  if (eventData?.data === undefined) return {};
  try {
    return { data: structuredClone(eventData.data) };
  } catch (cause) {
    throw wrong('emit', `data that can be copied: ${cause.message}`);
  }
}

function schedule() {
  if (scheduled) return;
  scheduled = true;
  setImmediate(deliver);
}

/** Hands over one event, so that one of a higher priority may come before the next. */
function deliver() {
  scheduled = false;
  const event = queues.find((queue) => queue.length > 0)?.shift();
  if (event === undefined) return;
  if (queues.some((queue) => queue.length > 0)) schedule();
  for (const [callback, isOnce] of [...(listeners.get(event.id) ?? [])]) {
    if (isOnce) remove(event.id, callback);
    try {
      callback(event.data);
    } catch (error) {
      // The others hear of the event all the same.
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}

const emitter = {
  EventPriority,
  emit,
  getListenerCount: (event) => listeners.get(identity('getListenerCount', event))?.size ?? 0,
  off,
  on: (event, callback) => add('on', event, callback, false),
  once: (event, callback) => add('once', event, callback, true),
};

module.exports = emitter;
// The platform exports a default only.
module.exports.default = emitter;
