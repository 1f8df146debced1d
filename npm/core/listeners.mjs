// Listeners: `on`, `once`, `off` and their static names.
import { programRuns, raise } from './delivery.mjs';
import { failedCall, foreignError, parameterError } from './errors.mjs';
import { warnOfEvent } from './warnings.mjs';

/** Of entries that are called once: the program's function. */
const once = new WeakMap();

/** No listeners: one list for all, since most objects have none for most events. */
const NONE = [];

/**
 * An object's listeners by event. Lists are replaced, never changed: one that is being called is
 * not disturbed by listeners that add or remove others.
 */
export class Listeners {
  /** Event → its listeners in the order of their registration. */
  lists;
  /** Whether the program has ever added or removed a listener of `error`. */
  knowsErrors = false;

  /** Called with the event whose list has changed. */
  #changed;

  constructor(events, changed) {
    this.#changed = changed;
    this.lists = Object.fromEntries(events.map((type) => [type, NONE]));
  }

  get none() {
    return Object.values(this.lists).every((list) => list.length === 0);
  }

  /** `on`. A function counts once; an event that does not exist is ignored. */
  add(type, listener) {
    if (!this.has(type)) return;
    if (type === 'error') this.knowsErrors = true;
    const list = this.lists[type];
    const index = list.findIndex((entry) => isOf(entry, listener));
    if (index < 0) this.lists[type] = [...list, listener];
    // One that was to be called once is now called always.
    else if (list[index] !== listener) this.lists[type] = replaced(list, index, listener);
    this.#changed?.(type);
  }

  /** `once`: the next event alone. */
  addOnce(type, listener) {
    if (this.has(type) && this.lists[type].some((other) => isOf(other, listener))) return;
    const called = (...args) => {
      this.remove(type, called);
      listener(...args);
    };
    once.set(called, listener);
    this.add(type, called);
  }

  /** Whether there is such an event. */
  has(type) {
    return Object.hasOwn(this.lists, type);
  }

  /** `off`; without a listener, of all. */
  remove(type, listener) {
    if (!this.has(type)) return;
    if (type === 'error') this.knowsErrors = true;
    this.lists[type] =
      listener === undefined ? NONE : this.lists[type].filter((other) => !isOf(other, listener));
    this.#changed?.(type);
  }

  /** Calls all listeners of an event. One that throws does not stop the others. */
  emit(type, ...args) {
    const list = this.lists[type];
    if (list.length === 0) return;
    programRuns();
    callFrom(0, list, (listener) => listener(...args));
  }
}

function replaced(list, index, entry) {
  const copy = [...list];
  copy[index] = entry;
  return copy;
}

/** Whether an entry of a list stands for this function. */
function isOf(entry, listener) {
  return entry === listener || once.get(entry) === listener;
}

/**
 * Calls `call` with each listener of a list from an index on. One that throws does not stop the
 * others.
 */
export function callFrom(first, list, call) {
  for (let k = first; k < list.length; k++) {
    try {
      call(list[k]);
    } catch (error) {
      return raise(error, () => callFrom(k + 1, list, call));
    }
  }
}

/**
 * Gives a class `on`, `once` and `off`, and `onNAME` and `offNAME` for each entry of `names`
 * (NAME → event). `listenersOf(this)` is undefined for what no `kind` is.
 */
export function defineListening(prototype, kind, names, listenersOf) {
  const own = (object, name) => {
    const listeners = listenersOf(object);
    if (listeners === undefined) throw failedCall(methods[name], foreignError(name, kind));
    return listeners;
  };
  const check = (name, listeners, type) => {
    if (!listeners.has(type)) warnOfEvent(kind, name, type, Object.keys(listeners.lists));
  };
  const listen = (object, name, args) => {
    const listeners = own(object, name);
    const [type, listener] = args;
    if (args.length !== 2 || typeof type !== 'string' || typeof listener !== 'function') {
      const detail = `${name} takes the name of an event and a function`;
      throw failedCall(methods[name], parameterError(detail));
    }
    check(name, listeners, type);
    return listeners;
  };
  const methods = {
    on(type, listener) {
      listen(this, 'on', arguments).add(type, listener);
    },
    once(type, listener) {
      listen(this, 'once', arguments).addOnce(type, listener);
    },
    off(type, listener) {
      const listeners = own(this, 'off');
      const justType = arguments.length === 1;
      if (
        typeof type !== 'string' ||
        !(justType || (arguments.length === 2 && typeof listener === 'function'))
      ) {
        const detail =
          'off takes the name of an event and, if only one is to be removed, a function';
        throw failedCall(methods.off, parameterError(detail));
      }
      check('off', listeners, type);
      listeners.remove(type, listener);
    },
  };
  for (const [name, type] of Object.entries(names)) {
    methods[`on${name}`] = function (listener) {
      const listeners = own(this, `on${name}`);
      if (arguments.length !== 1 || typeof listener !== 'function') {
        throw failedCall(methods[`on${name}`], parameterError(`on${name} takes a function`));
      }
      listeners.add(type, listener);
    };
    // Static ArkTS passes `undefined` for an argument that is left out.
    methods[`off${name}`] = function (listener) {
      const listeners = own(this, `off${name}`);
      if (arguments.length > 1 || (listener !== undefined && typeof listener !== 'function')) {
        throw failedCall(
          methods[`off${name}`],
          parameterError(`off${name} takes a function, or nothing`),
        );
      }
      listeners.remove(type, listener);
    };
  }
  for (const [name, value] of Object.entries(methods)) {
    Object.defineProperty(prototype, name, { value, configurable: true, writable: true });
  }
}
