// What a server is inside: its native half's other end, which events come to.
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
import { WebSocketConnection, agree } from './connection.mjs';
import { serverCertificate } from './certificate.mjs';
import { Contexts, currentContext } from './context.mjs';
import { HEARD, THROWN, UNHEARD, raise, unknownEvent } from './delivery.mjs';
import { fromFailure, otherError, parameterError } from './errors.mjs';
import { host } from './host.mjs';
import { Listeners, callFrom } from './listeners.mjs';
import { serverOptions } from './options.mjs';
import { named } from './recipient.mjs';
import { Requests } from './requests.mjs';
import { keepProcess, native, setRef } from './runtime.mjs';
import { warnOfError } from './warnings.mjs';

/** The name of the class in the words of errors. */
export const KIND = 'WebSocketServer';

const EVENTS = ['connect', 'messageReceive', 'close', 'error', 'request', 'httpRequest'];

/**
 * The inside of a server object. While the server runs it lives on, even if the object is
 * collected.
 */
export class Server {
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
  clients = new Map();
  /** What they, and others, have asked and nobody has answered. */
  #requests;
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
    this.#requests = new Requests(this.number, this.listeners, (id) => this.#forget(id));
    const { Upgrades } = host;
    if (Upgrades !== undefined) this.#upgrades = new Upgrades(this.number, () => this.#keep());
  }

  /** For a call of `api`, as others below: the stack of an error begins at that call. */
  start(api, config) {
    const pending = new Pending();
    if (pending.isRejected) return pending.promise;
    // As for `connect` of clients: nothing that can throw comes when the call is taken.
    const context = currentContext('arkws.start', this.number);
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
    return isTaken ? pending.promise : answer(api, undefined, error);
  }

  /** Throws what is wrong with the arguments. Returns an error if the server never ran. */
  handleUpgrade(request, socket, head) {
    if (this.#upgrades === undefined) return otherError('this runtime has no HTTP servers');
    return this.#upgrades.take(request, socket, head, this.#hasStarted);
  }

  /**
   * The process waits for a server that listens, has clients or connections that may become some,
   * or owes an answer to a `stop`: others get no clients by themselves.
   */
  #keep() {
    const waits =
      this.#listens || this.#upgrades?.isOpen || this.clients.size > 0 || this.#stops.size > 0;
    keepProcess(this.number, waits);
  }

  /** A client is gone. */
  #forget(id) {
    this.clients.delete(id);
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

  stop(api) {
    const error = errorOf(() => native().stopServer(this.number));
    if (error === undefined) this.#close();
    return answer(api, undefined, error);
  }

  /** `options` are a copy of ours. */
  stopWith(api, options) {
    const pending = new Pending();
    if (pending.isRejected) return pending.promise;
    const id = native().stopServerWith(this.number, options);
    if (typeof id !== 'number') return answer(api, undefined, fromFailure(id));
    this.#stops.set(id, pending);
    this.#keep();
    this.#close();
    return pending.promise;
  }

  /** Gives the program no more messages. */
  #close() {
    this.#upgrades?.detach();
    this.#stopped = true;
    for (const client of this.clients.values()) client.isClosed = true;
  }

  /** `who` and `port` are what `recipientOf` says of it; the options are a copy of ours. */
  close(api, connection, { who, port }, { code, reason }) {
    const { promise } = new Success();
    const closed = native().closeConnection(this.number, who, port, code, reason);
    if (typeof closed === 'number') {
      this.clients.get(closed).isClosed = true;
      return promise;
    }
    const error = fromFailure(closed);
    // It may mean that the client is gone, and that the events which say so are on their way.
    if (isPeers(error)) this.#mute(who, port);
    return this.refuse(api, error, connection);
  }

  /** Gives the program no more messages of a client: a refusal names no other. */
  #mute(who, port) {
    for (const [id, client] of this.clients) {
      const { clientIP, clientPort } = client.connection;
      if (id === who || (clientPort === port && clientIP === who)) client.isClosed = true;
    }
  }

  /** `who` and `port` are what `recipientOf` says of it. */
  send(api, data, connection, { who, port }) {
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
    if (typeof id !== 'number') return this.refuse(api, fromFailure(id), connection);
    this.clients.get(id).sends.pending.push(pending);
    return pending.promise;
  }

  /** The connections, or a failure. */
  list() {
    const ids = native().listConnections(this.number);
    return Array.isArray(ids) ? ids.map((id) => this.clients.get(id).connection) : ids;
  }

  /**
   * Rejects a call: quietly if the client may be the reason, since no client may end the process.
   */
  refuse(api, error, connection) {
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
    const { connection, isClosed } = this.clients.get(client);
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
    this.clients.get(client).sends.sent(through);
  }

  event(name, value) {
    switch (name) {
      case 'connected': {
        const client = this.clients.get(value.client);
        client.isClosed ||= this.#stopped;
        if (value.protocol !== undefined) agree(client.connection, value.protocol);
        return this.listeners.emit('connect', client.connection);
      }
      case 'disconnected': {
        const { client, code, reason } = value;
        const { connection } = this.clients.get(client);
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
        return this.#requests.over(value);
      case 'httpRequest':
        return this.#requests.askHttp(value);
      case 'sendFailed': {
        const { client, from, through, error } = value;
        const { connection, sends } = this.clients.get(client);
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
        if (!this.#upgrades?.event(name, value)) throw unknownEvent(name);
    }
  }

  /** A client asks to come in. */
  #request(asked) {
    const { client: id } = asked;
    const connection = new WebSocketConnection(this.number, id, asked);
    this.clients.set(id, { connection, isClosed: false, sends: new Sends() });
    if (!this.#listens) this.#keep();
    this.#requests.ask(id, connection);
  }

  /** The connection of an error; of a client that has not asked yet there is no other. */
  #connection(told) {
    const { client } = told;
    const { connection } = this.clients.get(client) ?? this.#requests.get(client) ?? {};
    return connection ?? new WebSocketConnection(this.number, client, { ...told, head: '' });
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

/**
 * A listener of messages has thrown: calls the others. This is a function of its own, since a
 * closure in `message` would slow all messages down.
 */
function thrown(error, data, connection, listeners, index) {
  const call = (listener) => listener({ data, clientConnection: connection });
  raise(error, () => callFrom(index + 1, listeners, call));
  return THROWN;
}
