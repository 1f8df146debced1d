// The client, `webSocket.WebSocket`.
import {
  Pending,
  Success,
  answer,
  callbackOf,
  isPeers,
  isTooLong,
  suppressUnhandledRejection,
} from './answers.mjs';
import { Client, KIND } from './client.mjs';
import {
  failedCall,
  foreignError,
  fromFailure,
  mistakeOf,
  parameterError,
  warnOfForeign,
} from './errors.mjs';
import { Messages } from './iterate.mjs';
import { defineListening } from './listeners.mjs';
import { isObject } from './options.mjs';
import { pingData } from './pings.mjs';
import { urlText } from './questions.mjs';
import { keepProcess, microtask, native, watch } from './runtime.mjs';

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
  Ping: 'ping',
  Pong: 'pong',
};

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

/** The URL that `connect` is called with, as text where it is a `URL`. */
function textOf(value) {
  try {
    return urlText(value);
  } catch {
    // A Proxy, or a getter, has thrown.
    return undefined;
  }
}

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
    return native().stats(own(this, 'stats').number);
  }

  ping(data) {
    const client = clientOf(this);
    if (client === undefined) return answer(ping, undefined, foreignError('ping', KIND));
    let bytes;
    try {
      bytes = pingData(data);
    } catch (thrown) {
      return answer(ping, undefined, mistakeOf(thrown));
    }
    const number = native().ping(client.number, bytes);
    if (typeof number === 'number') return client.pings.add(number);
    return refuse(client, ping, undefined, fromFailure(number));
  }

  pause() {
    own(this, 'pause').pause();
    return this;
  }

  resume() {
    own(this, 'resume').resume();
    return this;
  }

  ref() {
    keepProcess(own(this, 'ref').number, true);
    return this;
  }

  unref() {
    keepProcess(own(this, 'unref').number, false);
    return this;
  }

  terminate() {
    own(this, 'terminate').terminate();
  }

  [Symbol.asyncIterator]() {
    return new Messages(own(this, 'Symbol.asyncIterator'));
  }
}

/** The inside of an object; a mistake of the program's if it is none of ours. */
function own(object, name) {
  const client = clientOf(object);
  if (client === undefined) {
    const method = WebSocket.prototype[name] ?? own;
    throw failedCall(method, foreignError(name, KIND));
  }
  return client;
}

/** Not in every engine: `await using`. */
if (Symbol.asyncDispose !== undefined) {
  Object.defineProperty(WebSocket.prototype, Symbol.asyncDispose, {
    async value() {
      const client = own(this, 'Symbol.asyncDispose');
      // It may be closing, or closed: that is what is wanted.
      client.close({});
      await client.whenIdle();
    },
    configurable: true,
    writable: true,
  });
}

/** What the program has called, for the stacks of errors. */
const { connect, send, close, ping } = WebSocket.prototype;

defineListening(WebSocket.prototype, KIND, STATIC_NAMES, (object) => clientOf(object)?.listeners);

export function createWebSocket(importName, importer) {
  return new WebSocket(importName, importer);
}

/** The number of a client's inside; undefined if `object` is none of ours. */
export function clientNumber(object) {
  return clientOf(object)?.number;
}
