// The server, `webSocket.WebSocketServer`.
import {
  Pending,
  Queue,
  Sends,
  Success,
  answer,
  errorOf,
  isPeers,
  isTooLong,
  suppressUnhandledRejection,
} from './answers.mjs';
import { WebSocketConnection, agree, clientOf } from './connection.mjs';
import { serverCertificate } from './certificate.mjs';
import { Contexts, currentContext } from './context.mjs';
import { HEARD, THROWN, UNHEARD, programRuns, raise, uncaught, unknownEvent } from './delivery.mjs';
import {
  failedCall,
  foreignError,
  fromFailure,
  mistakeOf,
  otherError,
  parameterError,
} from './errors.mjs';
import { host } from './host.mjs';
import { Listeners, callFrom, defineListening } from './listeners.mjs';
import { closeOptions, isObject, serverOptions, stopOptions } from './options.mjs';
import {
  WebSocketServerHttpRequest,
  WebSocketServerRequest,
  answer as answerRequest,
  end,
} from './request.mjs';
import { keepProcess, native, setRef, watch } from './runtime.mjs';
import { warnOfError } from './warnings.mjs';

const EVENTS = ['connect', 'messageReceive', 'close', 'error', 'request', 'httpRequest'];

/** Events by their names in static ArkTS. */
const STATIC_NAMES = {
  Connect: 'connect',
  MessageReceive: 'messageReceive',
  WebSocketServerClose: 'close',
  WebSocketServerError: 'error',
  Request: 'request',
  HttpRequest: 'httpRequest',
};

/**
 * The inside of a server object. While the server runs it lives on, even if the object is
 * collected.
 */
class Core {
  listeners = new Listeners(EVENTS);
  number;
  /** Made through `import 'arkws'`: what the platform would refuse is taken. */
  isOurs;
  /** The `start`s that have not been answered. */
  starts = new Queue();
  /** The `stop`s that wait for an answer, by their numbers. */
  #stops = new Map();
  /**
   * The clients that have asked to come in, by the ids that the native half gives them, until they
   * are refused or gone.
   */
  #clients = new Map();
  /** Requests that have not been answered, by the same ids. */
  #requests = new Map();
  /** The async contexts of the `start`s that are not over. */
  #contexts = new Contexts();
  /** The program has stopped what it started last. */
  #stopped = false;
  #starts = 0;
  /** What it gets from HTTP servers; undefined where there are none. */
  #upgrades;
  /** It has a socket of its own to listen at. */
  #listens = true;
  #hasStarted = false;
  #collected = false;

  constructor(importName, importer) {
    this.isOurs = importName === 'arkws';
    this.number = native().createServer(importer ?? host.mainModule(), importName);
    const { Upgrades } = host;
    if (Upgrades !== undefined) this.#upgrades = new Upgrades(this.number);
  }

  start(config) {
    const pending = new Pending();
    if (pending.isRejected) return pending.promise;
    // As for `connect` of clients: nothing that can throw comes when the call is taken.
    const context = currentContext('arkws.start');
    if (this.#starts === 0) setRef(this, true);
    this.#starts++;
    let isTaken = false;
    let attaches = false;
    let error;
    try {
      error = errorOf(() => {
        const options = serverOptions(config);
        const { server, path, noServer } = options;
        // Otherwise it has been started, and the call fails.
        attaches = server !== undefined && !this.#upgrades.isAttached;
        if (attaches) {
          this.#upgrades.attach(server, path, (...upgrade) => this.handleUpgrade(...upgrade));
        }
        // The one before may have been a server that does not listen.
        keepProcess(this.number, true);
        const failure = native().startServer(this.number, options);
        if (failure === undefined) {
          isTaken = true;
          this.#hasStarted = true;
          this.#listens = noServer !== true;
          this.starts.pending.push(pending);
          this.#contexts.list.push(context);
        }
        return failure;
      });
    } finally {
      if (!isTaken) {
        if (attaches) this.#upgrades.detach();
        if (--this.#starts === 0) setRef(this, false);
        context.emitDestroy();
        this.#keep();
      }
    }
    return isTaken ? pending.promise : answer(start, undefined, error);
  }

  /** Throws what is wrong with the arguments. Returns an error if the server never ran. */
  handleUpgrade(request, socket, head) {
    if (this.#upgrades === undefined) return otherError('this runtime has no HTTP servers');
    const error = this.#upgrades.take(request, socket, head, this.#hasStarted);
    this.#keep();
    return error;
  }

  /**
   * The process waits for a server that listens, has clients or connections that may become some,
   * or owes an answer to a `stop`: others get no clients by themselves.
   */
  #keep() {
    const waits =
      this.#listens || this.#upgrades?.isOpen || this.#clients.size > 0 || this.#stops.size > 0;
    keepProcess(this.number, waits);
  }

  /** A client is gone. */
  #forget(id) {
    this.#clients.delete(id);
    if (!this.#listens) this.#keep();
  }

  /** An error, or undefined. */
  setCertificate(certificate) {
    return errorOf(() => {
      const given = serverCertificate(certificate);
      if (given === undefined || given.certPath === '') {
        throw parameterError('setCertificate takes a certificate and its key');
      }
      return native().setCertificate(this.number, given);
    });
  }

  /** Where it listens. */
  address() {
    const address = native().listAddress(this.number);
    return address !== null ? address : this.#upgrades?.address();
  }

  stop() {
    const error = errorOf(() => native().stopServer(this.number));
    if (error === undefined) this.#close();
    return answer(stop, undefined, error);
  }

  /** `options` are a copy of ours. */
  stopWith(options) {
    const pending = new Pending();
    if (pending.isRejected) return pending.promise;
    const id = native().stopServerWith(this.number, options);
    if (typeof id !== 'number') return answer(stop, undefined, fromFailure(id));
    this.#stops.set(id, pending);
    this.#keep();
    this.#close();
    return pending.promise;
  }

  /** Gives the program no more messages. */
  #close() {
    this.#upgrades?.detach();
    this.#stopped = true;
    for (const client of this.#clients.values()) client.isClosed = true;
  }

  /** `who` and `port` are what `recipientOf` says of it; the options are a copy of ours. */
  close(connection, { who, port }, { code, reason }) {
    const { promise } = new Success();
    const closed = native().closeConnection(this.number, who, port, code, reason);
    if (typeof closed === 'number') {
      this.#clients.get(closed).isClosed = true;
      return promise;
    }
    const error = fromFailure(closed);
    // It may mean that the client is gone, and that the events which say so are on their way.
    if (isPeers(error)) this.#mute(who, port);
    return this.#refuse(close, error, connection);
  }

  /** Gives the program no more messages of a client: a refusal names no other. */
  #mute(who, port) {
    for (const [id, client] of this.#clients) {
      const { clientIP, clientPort } = client.connection;
      if (id === who || (clientPort === port && clientIP === who)) client.isClosed = true;
    }
  }

  /** `who` and `port` are what `recipientOf` says of it. */
  send(data, connection, { who, port }) {
    const { number } = this;
    const pending = new Pending();
    if (pending.isRejected) return pending.promise;
    let id;
    if (typeof data !== 'string') {
      id = native().sendBinaryTo(number, data, who, port);
    } else if (isTooLong(data)) {
      id = native().refuseText(number, data.length);
    } else {
      id = native().sendTextTo(number, data, who, port);
    }
    if (typeof id !== 'number') return this.#refuse(send, fromFailure(id), connection);
    this.#clients.get(id).sends.pending.push(pending);
    return pending.promise;
  }

  /** Sends to all clients, or those in a room, but `except`, for a call of `api`. */
  broadcast(api, data, except, room) {
    let exceptions;
    try {
      // Not `map`: an array of the program's may have one of its own.
      const all = Array.from(Array.isArray(except) ? except : [except]);
      // One that has left stands for nobody, even if another client has its address by now.
      exceptions = all.filter((one) => !this.#hasLeft(one)).map(connectionOf);
    } catch (thrown) {
      return answer(api, undefined, mistakeOf(thrown));
    }
    if (!isData(data) || exceptions.includes(undefined)) {
      const detail = `${api.name} takes data, and connections to leave out`;
      return answer(api, undefined, parameterError(detail));
    }
    const count =
      typeof data === 'string' && isTooLong(data)
        ? native().refuseText(this.number, data.length)
        : native().broadcast(this.number, data, exceptions, room);
    return typeof count === 'number'
      ? answer(api, undefined, undefined, count)
      : answer(api, undefined, fromFailure(count));
  }

  /** Whether this is a client of this server that is not here any more. */
  #hasLeft(connection) {
    const id = isObject(connection) ? clientOf(connection, this.number) : undefined;
    return id !== undefined && !this.#clients.has(id);
  }

  /** A native function takes a client into a room, or out of it, for a call of `api`. */
  move(api, name, connection, room) {
    let which;
    try {
      which = recipientOf(connection, this.number);
    } catch (thrown) {
      return answer(api, undefined, mistakeOf(thrown));
    }
    if (which === undefined) {
      return answer(api, undefined, parameterError(`${api.name} takes a connection`));
    }
    const failure = native()[name](this.number, room, which.who, which.port);
    if (failure === undefined) return answer(api);
    return this.#refuse(api, fromFailure(failure), connection);
  }

  /** The connections, or a failure. */
  list() {
    const ids = native().listConnections(this.number);
    return Array.isArray(ids) ? ids.map((id) => this.#clients.get(id).connection) : ids;
  }

  /**
   * Rejects a call: quietly if the client may be the reason, since no client may end the process.
   */
  #refuse(api, error, connection) {
    const promise = answer(api, undefined, named(error, connection));
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
        listener({ data: value, clientConnection: connection });
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
        const client = this.#clients.get(value.client);
        client.isClosed ||= this.#stopped;
        if (value.protocol !== undefined) agree(client.connection, value.protocol);
        return this.listeners.emit('connect', client.connection);
      }
      case 'disconnected': {
        const { client, code, reason } = value;
        const { connection } = this.#clients.get(client);
        this.#forget(client);
        // The platform declares `reason` and gives `closeReason`.
        return this.listeners.emit('close', connection, { code, reason, closeReason: reason });
      }
      case 'neverConnected':
        this.#forget(value);
        return;
      case 'error':
        return this.#failed(fromFailure(value));
      case 'clientError':
        return this.#failed(named(fromFailure(value.error), this.#connection(value)));
      case 'request':
        return this.#request(value);
      case 'requestOver':
        return this.#requestOver(value);
      case 'httpRequest':
        return this.#httpRequest(value);
      case 'sendFailed': {
        const { client, from, through, error } = value;
        const { connection, sends } = this.#clients.get(client);
        return sends.failed(from, through, named(fromFailure(error), connection));
      }
      case 'started': {
        const start = this.starts.shift();
        if (value !== null) {
          // Unless another `start` follows already.
          if (this.#starts === 1) this.#upgrades?.detach();
          return start.reject(fromFailure(value));
        }
        this.#stopped = false;
        this.#keep();
        return start.resolve();
      }
      case 'stopped': {
        const stop = this.#stops.get(value);
        this.#stops.delete(value);
        this.#keep();
        return stop?.resolve();
      }
      case 'idle':
        return this.#idle();
      default:
        if (this.#upgrades?.event(name, value)) return this.#keep();
        throw unknownEvent(name);
    }
  }

  /**
   * Lets a client in when all listeners have returned, their promises are fulfilled, and none of
   * them has refused it.
   */
  #request(asked) {
    const { client: id } = asked;
    const connection = new WebSocketConnection(this.number, id, asked);
    this.#clients.set(id, { connection, isClosed: false, sends: new Sends() });
    if (!this.#listens) this.#keep();
    const listeners = this.listeners.lists.request;
    if (listeners.length === 0) {
      native().acceptRequest(this.number, id);
      return;
    }
    const answered = (name) => {
      this.#requests.delete(id);
      if (name !== 'acceptRequest') this.#forget(id);
    };
    const request = new WebSocketServerRequest(this.number, id, connection, answered);
    this.#requests.set(id, request);
    const promises = [];
    programRuns();
    callFrom(0, listeners, (listener) => {
      try {
        promises.push(listener(request));
      } catch (error) {
        answerRequest(request, undefined, 'failRequest');
        throw error;
      }
    });
    const accept = () => answerRequest(request, undefined, 'acceptRequest');
    Promise.all(promises).then(accept, (error) => {
      answerRequest(request, undefined, 'failRequest');
      uncaught(error);
    });
  }

  /**
   * A request that does not ask for a WebSocket: what listeners answer in their own time, 500 if
   * one fails; without listeners, what a server answers that has none.
   */
  #httpRequest(asked) {
    const { client: id, method } = asked;
    const listeners = this.listeners.lists.httpRequest;
    if (listeners.length === 0) {
      native().rejectHttp(this.number, id);
      return;
    }
    const connection = new WebSocketConnection(this.number, id, asked);
    const answered = () => this.#requests.delete(id);
    const request = new WebSocketServerHttpRequest(this.number, id, connection, answered, method);
    this.#requests.set(id, request);
    const fail = () =>
      answerRequest(request, undefined, 'respondHttp', 500, 'Internal Server Error');
    programRuns();
    callFrom(0, listeners, (listener) => {
      try {
        Promise.resolve(listener(request)).catch((error) => {
          fail();
          uncaught(error);
        });
      } catch (error) {
        fail();
        throw error;
      }
    });
  }

  /** The connection of an error; of a client that has not asked yet there is no other. */
  #connection(told) {
    const { client } = told;
    const { connection } = this.#clients.get(client) ?? this.#requests.get(client) ?? {};
    return connection ?? new WebSocketConnection(this.number, client, { ...told, head: '' });
  }

  /** The native half has forgotten a request: an answer would do nothing. */
  #requestOver(id) {
    const request = this.#requests.get(id);
    this.#requests.delete(id);
    this.#forget(id);
    if (request === undefined) return;
    programRuns();
    end(request);
  }

  #failed(error) {
    if (!this.listeners.knowsErrors) warnOfError(KIND, error);
    this.listeners.emit('error', error);
  }

  #idle() {
    this.#contexts.end();
    if (--this.#starts > 0) return;
    this.#upgrades?.detach();
    keepProcess(this.number, true);
    setRef(this, false);
    if (this.#collected) native().free(this.number);
  }
}

/** The error, with the connection that it is about. It is not shown with it. */
function named(error, connection) {
  return Object.defineProperty(error, 'connection', {
    value: connection,
    configurable: true,
    writable: true,
  });
}

/**
 * A listener of messages has thrown: calls the others. This is a function of its own, since a
 * closure in `message` would slow all messages down.
 */
function thrown(error, data, connection, listeners, index) {
  const call = (listener) => listener({ data, clientConnection: connection });
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

  constructor(importName, importer) {
    this.#core = new Core(importName, importer);
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

  stop(options) {
    const core = coreOf(this);
    if (core === undefined) return answer(stop, undefined, foreignError('stop', KIND));
    if (arguments.length === 0) return core.stop();
    if (!core.isOurs) return answer(stop, undefined, otherError('stop takes no arguments'));
    let how;
    try {
      if (arguments.length > 1) throw parameterError('stop takes one argument at most');
      how = stopOptions(options);
    } catch (thrown) {
      return answer(stop, undefined, mistakeOf(thrown));
    }
    return core.stopWith(how);
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
    const connections = core.list();
    return Array.isArray(connections)
      ? awaitable(connections)
      : answer(listAllConnections, undefined, fromFailure(connections));
  }

  send(data, connection) {
    const core = coreOf(this);
    if (core === undefined) return answer(send, undefined, foreignError('send', KIND));
    let to;
    try {
      if (arguments.length === 2 && isData(data)) to = recipientOf(connection, core.number);
    } catch (thrown) {
      return answer(send, undefined, mistakeOf(thrown));
    }
    if (to === undefined) {
      return answer(send, undefined, parameterError('send takes data and a connection'));
    }
    return core.send(data, connection, to);
  }

  close(connection, options) {
    const core = coreOf(this);
    if (core === undefined) return answer(close, undefined, foreignError('close', KIND));
    let which;
    let how = {};
    try {
      which = recipientOf(connection, core.number);
      if (arguments.length !== 1) how = closeOptions(options);
    } catch (thrown) {
      return answer(close, undefined, mistakeOf(thrown));
    }
    const complete = arguments.length === 1 || (how.code !== undefined && how.reason !== undefined);
    if (which === undefined || !complete || arguments.length > 2) {
      const detail = 'close takes a connection, and options with a code and a reason';
      return answer(close, undefined, parameterError(detail));
    }
    return core.close(connection, which, how);
  }

  setCertificate(certificate) {
    const core = coreOf(this);
    if (core === undefined) {
      return answer(setCertificate, undefined, foreignError('setCertificate', KIND));
    }
    return answer(setCertificate, undefined, core.setCertificate(certificate));
  }

  listAddress() {
    const core = coreOf(this);
    if (core === undefined) throw failedCall(listAddress, foreignError('listAddress', KIND));
    return core.address();
  }

  handleUpgrade(request, socket, head) {
    const core = coreOf(this);
    if (core === undefined) throw failedCall(handleUpgrade, foreignError('handleUpgrade', KIND));
    let error;
    try {
      error = core.handleUpgrade(request, socket, head);
    } catch (thrown) {
      error = mistakeOf(thrown);
    }
    if (error !== undefined) throw failedCall(handleUpgrade, error);
  }

  broadcast(data, except = []) {
    const core = coreOf(this);
    if (core === undefined) return answer(broadcast, undefined, foreignError('broadcast', KIND));
    return core.broadcast(broadcast, data, except, undefined);
  }

  broadcastTo(room, data, except = []) {
    const core = coreOf(this);
    if (core === undefined)
      return answer(broadcastTo, undefined, foreignError('broadcastTo', KIND));
    if (typeof room !== 'string') {
      const error = parameterError('broadcastTo takes the name of a room');
      return answer(broadcastTo, undefined, error);
    }
    return core.broadcast(broadcastTo, data, except, room);
  }

  join(connection, room) {
    const core = coreOf(this);
    if (core === undefined) return answer(join, undefined, foreignError('join', KIND));
    if (typeof room !== 'string') {
      const error = parameterError('join takes a connection and the name of a room');
      return answer(join, undefined, error);
    }
    return core.move(join, 'joinRoom', connection, room);
  }

  leave(connection, room) {
    const core = coreOf(this);
    if (core === undefined) return answer(leave, undefined, foreignError('leave', KIND));
    if (room !== undefined && typeof room !== 'string') {
      const error = parameterError('leave takes a connection and the name of a room, or no name');
      return answer(leave, undefined, error);
    }
    return core.move(leave, 'leaveRoom', connection, room);
  }
}

/** The functions that the program calls: the stacks of errors begin at its call. */
const { start, stop, listAllConnections, listAddress, setCertificate } = WebSocketServer.prototype;
const { handleUpgrade, send, close, broadcast } = WebSocketServer.prototype;
const { broadcastTo, join, leave } = WebSocketServer.prototype;

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
 * Whom a call on the server with this number is for: a client of it by its id, `who`, else whoever
 * has address `who` and port `port`, each property read once; undefined: nobody is.
 */
function recipientOf(value, server) {
  if (!isObject(value)) return undefined;
  const id = clientOf(value, server);
  if (id !== undefined) return { who: id, port: undefined };
  const connection = connectionOf(value);
  return connection && { who: connection.clientIP, port: connection.clientPort };
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

export function createWebSocketServer(importName, importer) {
  return new WebSocketServer(importName, importer);
}

/** The number of a server's inside; undefined if `object` is none of ours. */
export function serverNumber(object) {
  return coreOf(object)?.number;
}
