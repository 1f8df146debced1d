// The server, `webSocket.WebSocketServer`.
'use strict';

const {
  Pending,
  Queue,
  Sends,
  Success,
  answer,
  errorOf,
  isPeers,
  isTooLong,
  suppressUnhandledRejection,
} = require('./answers.js');
const { Contexts, currentContext } = require('./context.js');
const {
  HEARD,
  THROWN,
  UNHEARD,
  programRuns,
  raise,
  uncaught,
  unknownEvent,
} = require('./delivery.js');
const {
  failedCall,
  foreignError,
  fromFailure,
  mistakeOf,
  otherError,
  parameterError,
} = require('./errors.js');
const { unflatten } = require('./headers.js');
const { Listeners, callFrom, defineListening } = require('./listeners.js');
const { closeOptions, isObject, serverOptions } = require('./options.js');
const { mainModule, native, setRef, watch } = require('./runtime.js');
const { warnOfError } = require('./warnings.js');

const EVENTS = ['connect', 'messageReceive', 'close', 'error', 'request'];

/** Events by their names in static ArkTS. */
const STATIC_NAMES = {
  Connect: 'connect',
  MessageReceive: 'messageReceive',
  WebSocketServerClose: 'close',
  WebSocketServerError: 'error',
  Request: 'request',
};

/** What is known of a client of which nothing has been told. */
function newEntry() {
  return { connection: undefined, isClosed: false, sends: new Sends() };
}

/**
 * The inside of a server object. While the server runs it lives on, even if the object is
 * collected.
 */
class Core {
  listeners = new Listeners(EVENTS);
  number;
  /** The `start`s that have not been answered. */
  starts = new Queue();
  /** The clients, by the ids that the native half gives them. */
  #clients = new Map();
  /** The entry of the next client that is sent to, or closed: see `Pending`. */
  #next;
  /** The async contexts of the `start`s that are not over. */
  #contexts = new Contexts();
  /** The program has stopped what it started last. */
  #stopped = false;
  #starts = 0;
  #hasStarted = false;
  #collected = false;

  constructor(importName) {
    this.number = native().createServer(mainModule(), importName);
  }

  start(config) {
    const pending = new Pending();
    if (pending.isRejected) return pending.promise;
    // As for `connect` of clients: nothing that can throw comes when the call is taken.
    const context = currentContext('arkws.start');
    if (this.#starts === 0) setRef(this, true);
    this.#starts++;
    let isTaken = false;
    let error;
    try {
      error = errorOf(() => {
        const failure = native().startServer(this.number, serverOptions(config));
        if (failure === undefined) {
          isTaken = true;
          this.#hasStarted = true;
          this.starts.pending.push(pending);
          this.#contexts.list.push(context);
        }
        return failure;
      });
    } finally {
      if (!isTaken) {
        if (--this.#starts === 0) setRef(this, false);
        context.emitDestroy();
      }
    }
    return isTaken ? pending.promise : answer(start, undefined, error);
  }

  stop() {
    const error = errorOf(() => native().stopServer(this.number));
    if (error === undefined) {
      this.#stopped = true;
      for (const client of this.#clients.values()) client.isClosed = true;
    }
    return answer(stop, undefined, error);
  }

  /** `connection` and the options are copies of ours. */
  close(connection, { code, reason }) {
    const { clientIP, clientPort } = connection;
    const next = (this.#next ??= newEntry());
    const { promise } = new Success();
    const closed = native().closeConnection(this.number, clientIP, clientPort, code, reason);
    if (typeof closed === 'number') {
      let client = this.#clients.get(closed);
      if (client === undefined) {
        client = next;
        this.#next = undefined;
        this.#clients.set(closed, client);
      }
      client.isClosed = true;
      return promise;
    }
    const error = fromFailure(closed);
    // It may mean that the client is gone, and that the events which say so are on their way.
    if (isPeers(error)) this.#mute(connection);
    return this.#refuse(close, error);
  }

  /** The entry of a client. The program may send to one before its `connect` event is told. */
  #client(id) {
    let client = this.#clients.get(id);
    if (client === undefined) {
      client = newEntry();
      this.#clients.set(id, client);
    }
    return client;
  }

  /**
   * Gives the program no more messages of the client that has this address and port: a refusal
   * names no other.
   */
  #mute({ clientIP, clientPort }) {
    for (const client of this.#clients.values()) {
      const { connection } = client;
      if (connection?.clientPort === clientPort && connection.clientIP === clientIP) {
        client.isClosed = true;
      }
    }
  }

  /** `connection` is a copy of ours. */
  send(data, { clientIP, clientPort }) {
    const { number } = this;
    const pending = new Pending();
    if (pending.isRejected) return pending.promise;
    const next = (this.#next ??= newEntry());
    let id;
    if (typeof data !== 'string') {
      id = native().sendBinaryTo(number, data, clientIP, clientPort);
    } else if (isTooLong(data)) {
      id = native().refuseText(data.length);
    } else {
      id = native().sendTextTo(number, data, clientIP, clientPort);
    }
    if (typeof id !== 'number') return this.#refuse(send, fromFailure(id));
    let client = this.#clients.get(id);
    if (client === undefined) {
      client = next;
      this.#next = undefined;
      this.#clients.set(id, client);
    }
    client.sends.pending.push(pending);
    return pending.promise;
  }

  /**
   * Rejects a call: quietly if the client may be the reason, since no client may end the process.
   */
  #refuse(api, error) {
    const promise = answer(api, undefined, error);
    if (this.#hasStarted && isPeers(error)) suppressUnhandledRejection(promise);
    return promise;
  }

  collected() {
    this.#collected = true;
  }

  // What `deliver` calls.

  /** The async context in which events and messages are told. */
  get context() {
    return this.#contexts.oldest;
  }

  /** Whether a message would be heard. */
  get listens() {
    return this.listeners.lists.messageReceive.length > 0;
  }

  /** A message of the client with this id. */
  message(value, client) {
    const { connection, isClosed } = this.#clients.get(client);
    if (isClosed) return HEARD;
    const listeners = this.listeners.lists.messageReceive;
    if (listeners.length === 0) return UNHEARD;
    for (let k = 0; k < listeners.length; k++) {
      const listener = listeners[k];
      try {
        listener({ data: value, clientConnection: { ...connection } });
      } catch (error) {
        return thrown(error, value, connection, listeners, k);
      }
    }
    return HEARD;
  }

  /** No listener has heard a message. */
  unheard() {}

  sent(through, client) {
    this.#clients.get(client).sends.sent(through);
  }

  event(name, value) {
    switch (name) {
      case 'connected': {
        const { clientIP, clientPort } = value;
        const client = this.#client(value.client);
        client.connection = { clientIP, clientPort };
        client.isClosed ||= this.#stopped;
        return this.listeners.emit('connect', { clientIP, clientPort });
      }
      case 'disconnected': {
        const { client, code, reason } = value;
        const { connection } = this.#clients.get(client);
        this.#clients.delete(client);
        // The platform declares `reason` and gives `closeReason`.
        return this.listeners.emit('close', connection, { code, reason, closeReason: reason });
      }
      case 'neverConnected':
        // The program may have sent to it, or closed it.
        this.#clients.delete(value);
        return;
      case 'error':
        return this.#failed(fromFailure(value));
      case 'request':
        return this.#request(value);
      case 'requestOver':
        // The native half has forgotten the request: an answer would do nothing.
        return;
      case 'sendFailed': {
        const { client, from, through, error } = value;
        return this.#clients.get(client).sends.failed(from, through, fromFailure(error));
      }
      case 'started': {
        const start = this.starts.shift();
        if (value !== null) return start.reject(fromFailure(value));
        this.#stopped = false;
        return start.resolve();
      }
      case 'idle':
        return this.#idle();
      default:
        throw unknownEvent(name);
    }
  }

  /**
   * Lets a client in when all listeners have returned, their promises are fulfilled, and none of
   * them has refused it.
   */
  #request({ id, target, headers, clientIP, clientPort }) {
    const failed = (error) => {
      native().failRequest(this.number, id);
      uncaught(error);
    };
    const refuse = (status, reason) => {
      if (typeof status !== 'number') {
        throw failedCall(refuse, parameterError('the status is not a number'));
      }
      if (reason !== undefined && typeof reason !== 'string') {
        throw failedCall(refuse, parameterError('the reason is not a string'));
      }
      const failure = native().refuseRequest(this.number, id, status, reason);
      if (failure !== undefined) throw failedCall(refuse, fromFailure(failure));
    };
    const request = {
      path: target,
      headers: unflatten(headers),
      connection: { clientIP, clientPort },
      refuse,
    };
    const promises = [];
    programRuns();
    callFrom(0, this.listeners.lists.request, (listener) => {
      try {
        promises.push(listener(request));
      } catch (error) {
        native().failRequest(this.number, id);
        throw error;
      }
    });
    Promise.all(promises).then(() => native().acceptRequest(this.number, id), failed);
  }

  #failed(error) {
    if (!this.listeners.knowsErrors) warnOfError(KIND, error);
    this.listeners.emit('error', error);
  }

  #idle() {
    this.#contexts.end();
    if (--this.#starts > 0) return;
    setRef(this, false);
    if (this.#collected) native().free(this.number);
  }
}

/**
 * A listener of messages has thrown: calls the others. This is a function of its own, since a
 * closure in `message` would slow all messages down.
 */
function thrown(error, data, connection, listeners, index) {
  const call = (listener) => listener({ data, clientConnection: { ...connection } });
  raise(error, () => callFrom(index + 1, listeners, call));
  return THROWN;
}

/** The name of the class in the words of errors. */
const KIND = 'WebSocketServer';

/** The inside of an object; undefined if it is no server of this module. */
let coreOf;

/** The object that the program has. */
class WebSocketServer {
  #core;

  constructor(importName) {
    this.#core = new Core(importName);
    watch(this, this.#core);
  }

  static {
    coreOf = (object) => (isObject(object) && #core in object ? object.#core : undefined);
  }

  start(config, newErrorCodes) {
    const core = coreOf(this);
    if (core === undefined) return answer(start, undefined, foreignError('start', KIND));
    // The platform reads a second argument, a boolean, and ignores it.
    const valid =
      arguments.length === 1 || (arguments.length === 2 && typeof newErrorCodes === 'boolean');
    if (!valid || !isObject(config)) {
      return answer(start, undefined, parameterError('start takes a configuration'));
    }
    return core.start(config);
  }

  stop() {
    const core = coreOf(this);
    if (core === undefined) return answer(stop, undefined, foreignError('stop', KIND));
    if (arguments.length > 0) return answer(stop, undefined, otherError('stop takes no arguments'));
    return core.stop();
  }

  listAllConnections() {
    const core = coreOf(this);
    if (core === undefined) {
      return answer(listAllConnections, undefined, foreignError('listAllConnections', KIND));
    }
    if (arguments.length > 0) {
      const error = otherError('listAllConnections takes no arguments');
      return answer(listAllConnections, undefined, error);
    }
    const connections = native().listConnections(core.number);
    return Array.isArray(connections)
      ? awaitable(connections)
      : answer(listAllConnections, undefined, fromFailure(connections));
  }

  send(data, connection) {
    const core = coreOf(this);
    if (core === undefined) return answer(send, undefined, foreignError('send', KIND));
    let to;
    try {
      if (arguments.length === 2 && isData(data)) to = connectionOf(connection);
    } catch (thrown) {
      return answer(send, undefined, mistakeOf(thrown));
    }
    if (to === undefined) {
      return answer(send, undefined, parameterError('send takes data and a connection'));
    }
    return core.send(data, to);
  }

  close(connection, options) {
    const core = coreOf(this);
    if (core === undefined) return answer(close, undefined, foreignError('close', KIND));
    let which;
    let how = {};
    try {
      which = connectionOf(connection);
      if (arguments.length !== 1) how = closeOptions(options);
    } catch (thrown) {
      return answer(close, undefined, mistakeOf(thrown));
    }
    const complete = arguments.length === 1 || (how.code !== undefined && how.reason !== undefined);
    if (which === undefined || !complete || arguments.length > 2) {
      const detail = 'close takes a connection, and options with a code and a reason';
      return answer(close, undefined, parameterError(detail));
    }
    return core.close(which, how);
  }

  listAddress() {
    const core = coreOf(this);
    if (core === undefined) throw failedCall(listAddress, foreignError('listAddress', KIND));
    return native().listAddress(core.number) ?? undefined;
  }

  broadcast(data, except = []) {
    const core = coreOf(this);
    if (core === undefined) return answer(broadcast, undefined, foreignError('broadcast', KIND));
    let exceptions;
    try {
      // Not `map`: an array of the program's may have one of its own.
      exceptions = Array.from(Array.isArray(except) ? except : [except], connectionOf);
    } catch (thrown) {
      return answer(broadcast, undefined, mistakeOf(thrown));
    }
    if (!isData(data) || exceptions.includes(undefined)) {
      const detail = 'broadcast takes data, and connections to leave out';
      return answer(broadcast, undefined, parameterError(detail));
    }
    const count =
      typeof data === 'string' && isTooLong(data)
        ? native().refuseText(data.length)
        : native().broadcast(core.number, data, exceptions);
    return typeof count === 'number'
      ? answer(broadcast, undefined, undefined, count)
      : answer(broadcast, undefined, fromFailure(count));
  }
}

/** The functions that the program calls: the stacks of errors begin at its call. */
const { start, stop, listAllConnections, listAddress, send, close, broadcast } =
  WebSocketServer.prototype;

const listenersOf = (object) => coreOf(object)?.listeners;
defineListening(WebSocketServer.prototype, KIND, STATIC_NAMES, listenersOf);

/** Whether this may be data. Only the native half can tell an ArrayBuffer for sure. */
function isData(data) {
  return typeof data === 'string' || isObject(data);
}

/**
 * A copy of a connection that the program has passed, each property read once; undefined: it is
 * none.
 */
function connectionOf(value) {
  if (!isObject(value)) return undefined;
  const { clientIP, clientPort } = value;
  const isOne = typeof clientIP === 'string' && typeof clientPort === 'number';
  return isOne ? { clientIP, clientPort } : undefined;
}

/**
 * Makes an array that can also be awaited: the platform's declarations say the one, its
 * documentation the other.
 */
function awaitable(array) {
  for (const name of ['then', 'catch', 'finally']) {
    Object.defineProperty(array, name, {
      value(...args) {
        // A copy, without these methods.
        return Promise.resolve([...array])[name](...args);
      },
    });
  }
  return array;
}

function createWebSocketServer(importName) {
  return new WebSocketServer(importName);
}

module.exports = { createWebSocketServer };
