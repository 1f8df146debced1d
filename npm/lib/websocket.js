// The client, `webSocket.WebSocket`.
'use strict';

const {
  Pending,
  Sends,
  Success,
  answer,
  callbackOf,
  errorOf,
  isPeers,
  isTooLong,
  suppressUnhandledRejection,
} = require('./answers.js');
const { Contexts, currentContext } = require('./context.js');
const { ENDS, HEARD, THROWN, UNHEARD, raise, unknownEvent } = require('./delivery.js');
const {
  failedCall,
  foreignError,
  fromFailure,
  parameterError,
  warnOfForeign,
} = require('./errors.js');
const { unflatten } = require('./headers.js');
const { Listeners, callFrom, defineListening } = require('./listeners.js');
const { closeOptions, connectOptions, isObject } = require('./options.js');
const { mainModule, microtask, native, scheduleFlush, setRef, watch } = require('./runtime.js');
const { warnOfError } = require('./warnings.js');

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
];

/** Events by their names in static ArkTS. */
const STATIC_NAMES = {
  HeaderReceive: 'headerReceive',
  Open: 'open',
  OpenInfo: 'openInfo',
  Message: 'message',
  DataEnd: 'dataEnd',
  WebSocketError: 'error',
  WebSocketClose: 'close',
  Reconnecting: 'reconnecting',
  Reconnected: 'reconnected',
};

/** What an object is inside: it outlives the object that has been collected, if it must. */
class Client {
  listeners = new Listeners(EVENTS);
  number;
  /** Made through `import 'arkws'`: what the platform would refuse is taken. */
  isOurs;
  /** Sends that have not been answered. */
  sends = new Sends();
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
  /**
   * Of so many connects, the first ones, no more messages are given to the program: it has closed
   * them.
   */
  #muted = 0;
  /**
   * Whether a connect has succeeded, ever: what is refused from then on may be the peer's doing.
   */
  hasConnected = false;
  #collected = false;

  constructor(importName, importer) {
    this.isOurs = importName === 'arkws';
    this.number = native().createClient(importer ?? mainModule(), importName);
  }

  /**
   * Starts to connect; the error if that fails, and whether an `error` event tells of it as well.
   * What can throw at the end of the stack comes before the native half is called, or is undone: of
   * a call that it has taken events come.
   */
  connect(url, options, success) {
    const context = currentContext('arkws.connect');
    const outcome = { error: undefined, eventFollows: false };
    if (this.#pending === 0) setRef(this, true);
    this.#pending++;
    try {
      outcome.error = errorOf(() => {
        const failure = native().connect(this.number, url, connectOptions(options, this.isOurs));
        if (failure === undefined) {
          success.isDue = true;
          this.hasConnected = true;
          this.#connects++;
          this.#contexts.list.push(context);
        } else if (failure.eventFollows === true) {
          outcome.eventFollows = true;
          this.#refused.list.push(context);
        }
        return failure;
      });
    } finally {
      if (!(success.isDue || outcome.eventFollows)) {
        if (--this.#pending === 0) setRef(this, false);
        context.emitDestroy();
      }
    }
    return outcome;
  }

  close(options) {
    const error = errorOf(() => {
      const { code, reason } = closeOptions(options);
      return native().closeClient(this.number, code, reason);
    });
    // Refused it may be because the connection is gone, and the events that tell of it are on their
    // way.
    if (error === undefined || isPeers(error)) this.#muted = this.#connects;
    return error;
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
    return this.listeners.lists.message.length > 0 || this.#isMuted;
  }

  /** A message, or, if it is not `complete`, a piece of one. */
  message(value, complete) {
    if (this.#isMuted) return HEARD;
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
        return this.#failed(fromFailure(value));
      case 'close':
        return this.listeners.emit('close', undefined, value);
      case 'sendFailed':
        return this.sends.failed(value.from, value.through, fromFailure(value.error));
      case 'reconnecting':
        return this.listeners.emit('reconnecting', { ...value, cause: fromFailure(value.cause) });
      case 'reconnected':
        return this.listeners.emit('reconnected', value);
      case 'refused':
        this.listeners.emit('error', fromFailure(value));
        return this.#end(this.#refused);
      case 'idle':
        this.#over++;
        return this.#end(this.#contexts);
      default:
        throw unknownEvent(name);
    }
  }

  #failed(error) {
    if (!this.listeners.knowsErrors) warnOfError(KIND, error);
    this.listeners.emit('error', error);
  }

  /** The events of a call have been told. */
  #end(contexts) {
    contexts.end();
    if (--this.#pending > 0) return;
    setRef(this, false);
    if (this.#collected) native().free(this.number);
  }
}

/**
 * Answers a call that failed: quietly if the peer may have decided that, which must not end the
 * process.
 */
function refuse(client, api, callback, error) {
  const promise = answer(api, callback, error);
  if (promise !== undefined && client.hasConnected && isPeers(error))
    suppressUnhandledRejection(promise);
  return promise;
}

/** The text of a `URL`, also of another realm, as a test runner's; else the value itself. */
function textOf(value) {
  try {
    const isUrl = isObject(value) && Object.prototype.toString.call(value) === '[object URL]';
    return isUrl ? value.href : value;
  } catch {
    // A Proxy, or a getter, has thrown.
    return undefined;
  }
}

/** What errors call an object. */
const KIND = 'WebSocket';

/** The inside of an object; undefined for what is none of ours. */
let clientOf;

/** What the program has in its hands. */
class WebSocket {
  #client;

  constructor(importName, importer) {
    this.#client = new Client(importName, importer);
    watch(this, this.#client);
  }

  static {
    clientOf = (object) => (isObject(object) && #client in object ? object.#client : undefined);
  }

  connect(target, ...rest) {
    const client = clientOf(this);
    const url = client?.isOurs ? textOf(target) : target;
    const callback = callbackOf(arguments, 3);
    if (client === undefined) return answer(connect, callback, foreignError('connect', KIND));
    const options = rest.length > (callback === undefined ? 0 : 1) ? rest[0] : {};
    const valid =
      typeof url === 'string' &&
      isObject(options) &&
      rest.length <= 2 &&
      (rest.length < 2 || callback !== undefined);
    if (!valid)
      return answer(
        connect,
        callback,
        parameterError('connect takes a URL, options and a callback'),
      );
    const success = new Success(callback);
    const { error, eventFollows } = client.connect(url, options, success);
    if (error === undefined) return success.promise;
    const promise = answer(connect, callback, error);
    if (promise !== undefined && eventFollows) {
      // The event tells it to a program that listens, also if it begins to only after this call.
      microtask(() => {
        if (client.listeners.lists.error.length > 0) suppressUnhandledRejection(promise);
      });
    }
    return promise;
  }

  send(data, callback) {
    const client = clientOf(this);
    if (client === undefined)
      return answer(send, callbackOf(arguments, 2), foreignError('send', KIND));
    if (arguments.length !== 1 && !(arguments.length === 2 && typeof callback === 'function')) {
      return answer(
        send,
        callbackOf(arguments, 2),
        parameterError('send takes data and a callback'),
      );
    }
    const pending = new Pending(callback);
    if (pending.isRejected) return pending.promise;
    client.sending();
    let failure;
    if (typeof data !== 'string') failure = native().sendBinary(client.number, data);
    else if (isTooLong(data)) failure = native().refuseText(client.number, data.length);
    else failure = native().sendText(client.number, data);
    if (failure !== undefined) {
      pending.cancel();
      return refuse(client, send, callbackOf(arguments, 2), fromFailure(failure));
    }
    client.sends.pending.push(pending);
    return pending.promise;
  }

  close(...args) {
    const client = clientOf(this);
    const callback = callbackOf(args, 2);
    if (client === undefined) return answer(close, callback, foreignError('close', KIND));
    const options = args.length > (callback === undefined ? 0 : 1) ? args[0] : {};
    const valid =
      isObject(options) && args.length <= 2 && (args.length < 2 || callback !== undefined);
    if (!valid)
      return answer(close, callback, parameterError('close takes options and a callback'));
    const error = client.close(options);
    return error === undefined ? answer(close, callback) : refuse(client, close, callback, error);
  }

  get readyState() {
    const client = clientOf(this);
    if (client === undefined) return warnOfForeign('readyState', KIND);
    return native().readyState(client.number);
  }

  get bufferedAmount() {
    const client = clientOf(this);
    if (client === undefined) return warnOfForeign('bufferedAmount', KIND);
    return native().bufferedAmount(client.number);
  }

  stats() {
    const client = clientOf(this);
    if (client === undefined) throw failedCall(stats, foreignError('stats', KIND));
    return native().stats(client.number);
  }
}

/** What the program has called, for the stacks of errors. */
const { connect, send, close, stats } = WebSocket.prototype;

defineListening(WebSocket.prototype, KIND, STATIC_NAMES, (object) => clientOf(object)?.listeners);

function createWebSocket(importName, importer) {
  return new WebSocket(importName, importer);
}

/** The number of a client's inside; undefined if `object` is none of ours. */
function clientNumber(object) {
  return clientOf(object)?.number;
}

module.exports = { clientNumber, createWebSocket };
