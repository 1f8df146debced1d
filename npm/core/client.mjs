// What a client is inside: its native half's other end, which events come to.
import { Sends, errorOf, isPeers } from './answers.mjs';
import { onAbort, reasonOf } from './abort.mjs';
import { Contexts, currentContext } from './context.mjs';
import { ENDS, HEARD, THROWN, UNHEARD, raise, unknownEvent } from './delivery.mjs';
import { fromFailure } from './errors.mjs';
import { unflatten } from './headers.mjs';
import { host } from './host.mjs';
import { Held } from './held.mjs';
import { Listeners, callFrom } from './listeners.mjs';
import { closeOptions, connectOptions } from './options.mjs';
import { Pings, payload } from './pings.mjs';
import { answerQuestion } from './questions.mjs';
import { active } from './references.mjs';
import { attemptError } from './refusal.mjs';
import { free, native, scheduleFlush, setRef } from './runtime.mjs';
import { warnOfError } from './warnings.mjs';

/** What errors call an object. */
export const KIND = 'WebSocket';

const EVENTS = [
  'headerReceive',
  'open',
  'openInfo',
  'message',
  'dataEnd',
  'error',
  'close',
  'reconnecting',
  'reconnected',
  'ping',
  'pong',
];

/** What an object is inside: it outlives the object that has been collected, if it must. */
export class Client {
  listeners = new Listeners(EVENTS, (type) => {
    if (type !== 'ping' && type !== 'pong') return;
    const { ping, pong } = this.listeners.lists;
    native().observePings(this.number, ping.length + pong.length > 0);
  });
  number;
  /** Made through `import 'arkws'`: what the platform would refuse is taken. */
  isOurs;
  /** Sends that have not been answered. */
  sends = new Sends();
  /** What stands in its place while events are delivered: while it is paused, else nothing. */
  held;
  pings = new Pings();
  /** Who does not want the connection to be read from. */
  #holders = new Set();
  /**
   * Of the connects that are not over: their functions that the native half asks, and what ends the
   * wait for their signals, if they have one.
   */
  #details = [];
  /** Who waits until no connect is left. */
  #idle = [];
  /** Sends that a flush is to follow. */
  waiting = 0;
  /**
   * Of the connects that are not over, and of those that were refused, of which an event is to
   * tell.
   */
  #contexts = new Contexts();
  #refused = new Contexts();
  /** How many both are. */
  #pending = 0;
  /** Connects that were not refused, and how many of them are over. */
  #connects = 0;
  #over = 0;
  /** Of how many of them no more messages come: `error` or `close` has been told. */
  #ended = 0;
  /**
   * Of so many connects, the first ones, no more messages are given to the program: it has closed
   * them.
   */
  #muted = 0;
  /** Messages of so many connects, the first ones, take another way: all, while it is paused. */
  #barrier = 0;
  /**
   * Whether a connect has succeeded, ever: what is refused from then on may be the peer's doing.
   */
  hasConnected = false;
  #collected = false;

  constructor(importName, importer) {
    this.isOurs = importName === 'arkws';
    this.number = native().createClient(importer ?? host.mainModule(), importName);
  }

  /**
   * Starts to connect; the error if that fails, and whether an `error` event tells of it as well.
   * What can throw at the end of the stack comes before the native half is called, or is undone: of
   * a call that it has taken events come.
   */
  connect(url, options, success) {
    const context = currentContext('arkws.connect', this.number);
    const outcome = { error: undefined, eventFollows: false };
    let unfollow;
    if (this.#pending === 0) setRef(this, true);
    this.#pending++;
    try {
      outcome.error = errorOf(() => {
        const { signal, ...read } = connectOptions(options, this.isOurs);
        const functions = takeFunctions(read);
        if (signal?.aborted) read.aborted = reasonOf(signal);
        unfollow = signal && this.#follow(signal);
        const failure = native().connect(this.number, url, read);
        if (failure === undefined) {
          success.isDue = true;
          this.hasConnected = true;
          this.#connects++;
          this.#contexts.list.push(context);
          this.#details.push({ functions, unfollow });
        } else if (failure.eventFollows === true) {
          outcome.eventFollows = true;
          this.#refused.list.push(context);
        }
        return failure;
      });
    } finally {
      if (!success.isDue) unfollow?.();
      if (!(success.isDue || outcome.eventFollows)) {
        if (--this.#pending === 0) setRef(this, false);
        context.emitDestroy();
      }
    }
    return outcome;
  }

  /** Gives up the connect that is about to be made when the signal says so. */
  #follow(signal) {
    const connect = this.#connects + 1;
    return onAbort(signal, (why) => {
      if (connect !== this.#connects) return;
      native().abort(this.number, why);
      this.#mute();
    });
  }

  close(options) {
    const error = errorOf(() => {
      const { code, reason } = closeOptions(options);
      return native().closeClient(this.number, code, reason);
    });
    // Refused it may be because the connection is gone, and the events that tell of it are on their
    // way.
    if (error === undefined || isPeers(error)) this.#mute();
    return error;
  }

  /** Ends the connection without a closing handshake, if there is one. */
  terminate() {
    native().terminate(this.number);
    this.#mute();
  }

  /** The program has ended the connection: it hears no more messages of it, and of its end. */
  #mute() {
    this.#muted = this.#connects;
    this.resume();
  }

  /** Whether messages may come, as far as events have told. */
  get isActive() {
    return this.#connects > Math.max(this.#ended, this.#over);
  }

  /** Fulfilled when the last events of all connects have been told. */
  whenIdle() {
    return this.#pending === 0
      ? Promise.resolve()
      : new Promise((resolve) => this.#idle.push(resolve));
  }

  /** While anybody holds it, the connection is not read from. */
  hold(holder, held) {
    const before = this.#holders.size > 0;
    if (held) this.#holders.add(holder);
    else this.#holders.delete(holder);
    const now = this.#holders.size > 0;
    if (now !== before) native().hold(this.number, now);
  }

  /** Neither reads from the connection nor tells what has come. */
  pause() {
    this.hold(this, true);
    this.#barrier = Infinity;
    if (this.held !== undefined) return this.held.pause();
    this.held = new Held(this, () => {
      this.held = undefined;
      if (active.has(this.number)) active.set(this.number, this);
    });
    if (active.has(this.number)) active.set(this.number, this.held);
  }

  resume() {
    this.hold(this, false);
    this.#barrier = this.#muted;
    this.held?.resume();
  }

  /**
   * A message comes: all that are sent by the code that runs now leave together when it has ended.
   */
  sending() {
    if (this.waiting++ > 0) return;
    try {
      scheduleFlush(this);
    } catch (error) {
      // The stack has ended. The next message has them flushed.
      this.waiting = 0;
      throw error;
    }
  }

  flush() {
    this.waiting = 0;
    const { sends } = this;
    sends.sent(native().flush(this.number, sends.answered));
  }

  /** Whether the program has closed the connection whose events come now. */
  get #isMuted() {
    return this.#over < this.#muted;
  }

  /**
   * The object has been collected, while there is a connection. Listeners go on; without any it is
   * closed.
   */
  collected() {
    this.#collected = true;
    // Nobody else can.
    this.resume();
    if (!this.listeners.none) return;
    native().closeClient(this.number, native().contract.goingAway);
  }

  // What `deliver` calls.

  /** In which events and messages are told... */
  get context() {
    return this.#contexts.oldest;
  }

  /** ...but for `refused`. */
  get refusedContext() {
    return this.#refused.oldest;
  }

  /** Whether a message would be heard, or must not be. */
  get listens() {
    return this.listeners.lists.message.length > 0 || this.#over < this.#barrier;
  }

  /** A message, or, if it is not `complete`, a piece of one. */
  message(value, complete) {
    if (this.#over < this.#barrier) return this.#divert(value, complete);
    const { lists } = this.listeners;
    const listeners = lists.message;
    if (listeners.length === 0) return UNHEARD;
    for (let k = 0; k < listeners.length; k++) {
      const listener = listeners[k];
      try {
        listener(undefined, value);
      } catch (error) {
        return this.#thrown(error, value, complete, listeners, k);
      }
    }
    if (!complete) return HEARD;
    // Who has awaited this message may listen for its end.
    if (lists.message.length === 0) return ENDS;
    if (lists.dataEnd.length > 0) this.dataEnd();
    return HEARD;
  }

  /** A message that is for nobody, or not yet: a listener has paused in the middle of a run. */
  #divert(value, complete) {
    return this.#isMuted ? HEARD : this.held.message(value, complete);
  }

  /**
   * A listener has thrown; those behind it are to be called. (A closure in `message` would cost all
   * messages.)
   */
  #thrown(error, value, complete, listeners, index) {
    let ends = false;
    raise(error, () => {
      callFrom(index + 1, listeners, (listener) => listener(undefined, value));
      ends = complete && this.listeners.lists.message.length === 0;
      if (complete && !ends) this.dataEnd();
    });
    return ends ? ENDS : THROWN;
  }

  /** No listener has heard a message. */
  unheard(complete) {
    if (complete) this.dataEnd();
  }

  dataEnd() {
    if (this.#isMuted) return;
    this.listeners.emit('dataEnd', undefined);
  }

  sent(through) {
    this.sends.sent(through);
  }

  /** Any other event. */
  event(name, value) {
    switch (name) {
      case 'headerReceive':
        return this.listeners.emit('headerReceive', unflatten(value));
      case 'open':
        return this.listeners.emit('open', undefined, value);
      case 'openInfo':
        return this.listeners.emit('openInfo', undefined, value);
      case 'error':
        return this.#failed(attemptError(value));
      case 'close':
        this.#ended = this.#over + 1;
        return this.listeners.emit('close', undefined, value);
      case 'closeFrame':
        // For `arkws/web`: our `close` tells of it, too.
        return undefined;
      case 'sendFailed':
        return this.sends.failed(value.from, value.through, attemptError(value.error));
      case 'reconnecting':
        return this.listeners.emit('reconnecting', { ...value, cause: attemptError(value.cause) });
      case 'reconnected':
        return this.listeners.emit('reconnected', value);
      case 'ping':
        return this.listeners.emit('ping', payload(value));
      case 'pong': {
        const { data, through, roundTrip } = value;
        if (through !== undefined) this.pings.answered(through, roundTrip);
        return this.listeners.emit('pong', payload(data));
      }
      case 'question':
        return void answerQuestion(value, this.#details[0].functions);
      case 'pingsLost':
        return this.pings.lost(value.through, fromFailure(value.error));
      case 'refused':
        this.listeners.emit('error', fromFailure(value));
        return this.#end(this.#refused);
      case 'idle':
        this.#over++;
        this.#details.shift().unfollow?.();
        return this.#end(this.#contexts);
      default:
        throw unknownEvent(name);
    }
  }

  #failed(error) {
    this.#ended = this.#over + 1;
    if (!this.listeners.knowsErrors) warnOfError(KIND, error);
    this.listeners.emit('error', error);
  }

  /** The events of a call have been told. */
  #end(contexts) {
    contexts.end();
    if (--this.#pending > 0) return;
    setRef(this, false);
    for (const resolve of this.#idle.splice(0)) resolve();
    if (this.#collected) free(this.number);
  }
}

/** Takes the program's functions out of options: the native half only knows that they are there. */
function takeFunctions(read) {
  const { lookup, reconnect } = read;
  const { url, header } = reconnect ?? {};
  if (lookup !== undefined) read.lookup = true;
  if (url !== undefined || header !== undefined) {
    reconnect.renews = true;
    // `connect` always has a URL of its own.
    reconnect.renewsFirst = header !== undefined && read.headers.length === 0;
  }
  return { lookup, url, header };
}
