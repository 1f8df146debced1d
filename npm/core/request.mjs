// What clients ask of a server, and the program's answers: whether a client comes in, and what one
// gets that asks for something else than a WebSocket.
import { failedCall, fromFailure, mistakeOf, parameterError } from './errors.mjs';
import { flatten } from './headers.mjs';
import { host } from './host.mjs';
import { isObject } from './options.mjs';
import { native } from './runtime.mjs';

// What only the server may do with a request.

/**
 * Has a native function answer, unless something has answered before. `api` is what the program has
 * called, for which that is a mistake (401); undefined: it has called nothing.
 */
export let answer;
/** Nobody waits for the answer any more. */
export let end;

/** What both kinds have in common. The first answer counts. */
class Request {
  #server;
  #client;
  /** Called with the name of the native function that has answered. */
  #answered;
  #isAnswered = false;
  #isOver = false;
  /** Made when the program asks for its signal. */
  #controller;

  constructor(server, client, connection, answered) {
    this.#server = server;
    this.#client = client;
    this.#answered = answered;
    // A property of its own, unlike what may hold secrets: programs print requests.
    this.connection = connection;
  }

  static {
    answer = (request, api, name, ...args) => {
      if (request.#isAnswered) {
        if (api === undefined) return;
        throw failedCall(api, parameterError('the request has been answered already'));
      }
      const failure = native()[name](request.#server, request.#client, ...args);
      if (failure !== undefined) throw failedCall(api, fromFailure(failure));
      request.#isAnswered = true;
      request.#answered(name);
    };
    end = (request) => {
      request.#isOver = true;
      request.#controller?.abort();
    };
  }

  get path() {
    return this.connection.path;
  }

  get headers() {
    return this.connection.headers;
  }

  get signal() {
    const { AbortController } = host;
    if (this.#controller === undefined && AbortController !== undefined) {
      this.#controller = new AbortController();
      if (this.#isOver) this.#controller.abort();
    }
    return this.#controller?.signal;
  }
}

/** A client that asks to come in. */
export class WebSocketServerRequest extends Request {
  // Programs take these out of the object.
  accept;
  refuse;

  constructor(server, client, connection, answered) {
    super(server, client, connection, answered);
    const accept = (options = {}) => {
      const { protocol, headers, data } = readBy(accept, acceptance, options);
      answer(this, accept, 'acceptRequest', protocol, headers);
      if (data !== undefined) connection.data = data;
    };
    const refuse = (status, reason) => {
      const options = isObject(status) ? status : { status, body: reason };
      const given = readBy(refuse, response, options);
      answer(this, refuse, 'refuseRequest', given.status, given.body, given.headers);
    };
    this.accept = accept;
    this.refuse = refuse;
  }
}

/** A request that does not ask for a WebSocket. */
export class WebSocketServerHttpRequest extends Request {
  #method;
  respond;

  constructor(server, client, connection, answered, method) {
    super(server, client, connection, answered);
    this.#method = method;
    const respond = (options) => {
      const { status, body, headers } = readBy(respond, success, options);
      answer(this, respond, 'respondHttp', status, body, headers);
    };
    this.respond = respond;
  }

  get method() {
    return this.#method;
  }
}

/** Reads the options of a call of `api`; whatever is wrong with them is a mistake (401). */
function readBy(api, read, options) {
  try {
    if (!isObject(options)) throw parameterError('the answer is not an object');
    return read(options);
  } catch (thrown) {
    throw failedCall(api, mistakeOf(thrown));
  }
}

function acceptance({ protocol, headers, data }) {
  if (protocol !== undefined && typeof protocol !== 'string') {
    throw parameterError('protocol is not a string');
  }
  return { protocol, headers: fields(headers), data };
}

/** Whether the body can be one, the native half says. */
function response({ status, headers, body = '' }) {
  if (typeof status !== 'number') throw parameterError('the status is not a number');
  return { status, headers: fields(headers), body };
}

function success(options) {
  return response({ ...options, status: options.status ?? 200 });
}

function fields(headers) {
  if (headers !== undefined && !isObject(headers)) throw parameterError('headers is no object');
  return flatten(headers);
}
