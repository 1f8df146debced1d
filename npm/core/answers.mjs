// How the result of a call reaches the program: by its callback if it has one, else by a promise.
import { currentContext } from './context.mjs';
import { programRuns, uncaught } from './delivery.mjs';
import { failedCall, fromFailure, mistakeOf } from './errors.mjs';
import { microtask, native } from './runtime.mjs';

const ignore = () => {};

/**
 * The callback among the arguments of a call, even if the others are wrong: the last one, if it is
 * a function. A call with more than `most` arguments has no callback.
 */
export function callbackOf(args, most) {
  const last = args[args.length - 1];
  return args.length <= most && typeof last === 'function' ? last : undefined;
}

/** Answers the call of `api`: after the code that runs now, and before any event. */
export function answer(api, callback, error, value = true) {
  if (error !== undefined) failedCall(api, error);
  if (callback !== undefined) {
    microtask(callback, error, error === undefined ? value : undefined);
    return undefined;
  }
  return error === undefined ? Promise.resolve(value) : Promise.reject(error);
}

/**
 * The success of a call, made before the native half is called: when that has taken the call, the
 * end of the stack must not keep the program from its answer. With a callback, that is called if
 * `isDue` is set by then.
 */
export class Success {
  isDue = false;
  /** What a call without a callback returns. */
  promise;

  constructor(callback) {
    if (callback === undefined) this.promise = Promise.resolve(true);
    else
      microtask(() => {
        if (this.isDue) callback(undefined, true);
      });
  }
}

/**
 * Makes a native call. Returns the error that it has returned, or that was thrown while options
 * were read; undefined: the call has succeeded.
 */
export function errorOf(call) {
  try {
    const failure = call();
    return failure === undefined ? undefined : fromFailure(failure);
  } catch (thrown) {
    return mistakeOf(thrown);
  }
}

/**
 * Whether a text is certainly longer than a message may be: each of its UTF-16 units takes at least
 * one byte. Such a text is refused unread: V8 would first join the parts that it consists of, which
 * can take half a second.
 */
export function isTooLong(text) {
  return text.length > native().contract.maxSend;
}

/** Whether the peer may be why a call fails. Other errors are mistakes of the program. */
export function isPeers(error) {
  const { parameter, permission } = native().contract;
  return error.code !== parameter && error.code !== permission;
}

/** Keeps a rejection from being an `unhandledRejection`: an event tells of it as well. */
export function suppressUnhandledRejection(promise) {
  promise.catch(ignore);
}

/**
 * The functions of the promise that was made last. All promises have one executor, since each
 * `send` makes one.
 */
let lastResolve;
let lastReject;
function executor(resolve, reject) {
  lastResolve = resolve;
  lastReject = reject;
}

/**
 * The answer to a call, which comes later. It is made before the native half is called, and added
 * to its queue when that has taken the call, without calling any function of JavaScript: at the end
 * of the stack each of them throws, and a call that was taken has to be in its queue.
 */
export class Pending {
  #callback;
  /** The async context in which the callback is called. */
  #context;
  #resolve;
  #reject;
  /** The promise of a call without a callback; else undefined. */
  promise;
  /**
   * The stack ended while the promise was made, which is rejected for that: the call must not be
   * made.
   */
  isRejected = false;

  constructor(callback) {
    if (callback !== undefined) {
      this.#callback = callback;
      this.#context = currentContext('arkws.send');
    } else {
      this.promise = new Promise(executor);
      this.#resolve = lastResolve;
      this.#reject = lastReject;
      this.isRejected = lastReject === undefined;
      // They would keep the promise, and with it the async context that it was made in.
      lastResolve = lastReject = undefined;
    }
  }

  resolve() {
    programRuns();
    if (this.promise !== undefined) this.#resolve(true);
    else this.#call(undefined, true);
  }

  reject(error) {
    programRuns();
    if (this.promise !== undefined) this.#reject(error);
    else this.#call(error, undefined);
  }

  /** Rejects without an `unhandledRejection`: an event tells the program as well. */
  rejectQuietly(error) {
    if (this.promise !== undefined) suppressUnhandledRejection(this.promise);
    this.reject(error);
  }

  /** The call was refused, and is answered otherwise. */
  cancel() {
    this.#context?.emitDestroy();
  }

  #call(error, value) {
    this.#context.runInAsyncScope(callBack, undefined, this.#callback, error, value);
    this.#context.emitDestroy();
  }
}

function callBack(callback, error, value) {
  try {
    callback(error, value);
  } catch (thrown) {
    uncaught(thrown);
  }
}

/** Calls whose answers come in the order of the calls. */
export class Queue {
  /** Whoever calls pushes to it: see `Pending`. */
  pending = [];
  #first = 0;

  /** The oldest. */
  shift() {
    const pending = this.pending[this.#first];
    this.pending[this.#first++] = undefined;
    if (this.#first === this.pending.length) {
      this.pending = [];
      this.#first = 0;
    } else if (this.#first >= 1024 && this.#first * 2 >= this.pending.length) {
      this.pending = this.pending.slice(this.#first);
      this.#first = 0;
    }
    return pending;
  }
}

/** The sends that wait for their answers: a client object's, or a server's to one client. */
export class Sends extends Queue {
  /** How many sends have been answered: always the first ones. */
  answered = 0;

  /** The sends up to number `through` are done. */
  sent(through) {
    while (this.answered < through) {
      this.answered++;
      (this.shift() ?? this.#nobody(through)).resolve();
    }
  }

  /**
   * The sends from number `from` through number `through` have failed; those before are done. An
   * event tells the program as well.
   */
  failed(from, through, error) {
    this.sent(from - 1);
    while (this.answered < through) {
      this.answered++;
      (this.shift() ?? this.#nobody(through)).rejectQuietly(error);
    }
  }

  /** Nobody has made the send that is answered: a defect of ours. */
  #nobody(through) {
    const number = this.answered;
    this.answered = through;
    throw new Error(`arkws: its native module answers send ${number}, which waits for no answer`);
  }
}
