// The server, `webSocket.WebSocketServer`.
import { answer } from './answers.mjs';
import {
  failedCall,
  foreignError,
  fromFailure,
  mistakeOf,
  otherError,
  parameterError,
} from './errors.mjs';
import { defineListening } from './listeners.mjs';
import { closeOptions, isObject, stopOptions } from './options.mjs';
import { isData, recipientOf } from './recipient.mjs';
import { moveClient, sendToMany } from './rooms.mjs';
import { watch } from './runtime.mjs';
import { KIND, Server } from './server.mjs';

/** Events by their names in static ArkTS. */
const STATIC_NAMES = {
  Connect: 'connect',
  MessageReceive: 'messageReceive',
  WebSocketServerClose: 'close',
  WebSocketServerError: 'error',
  Request: 'request',
  HttpRequest: 'httpRequest',
};

/** The inside of an object; undefined if it is no server of this module. */
let serverOf;

/** The object that the program has. */
class WebSocketServer {
  #server;

  constructor(importName, importer) {
    this.#server = new Server(importName, importer);
    watch(this, this.#server);
  }

  static {
    serverOf = (object) => (isObject(object) && #server in object ? object.#server : undefined);
  }

  start(config, newErrorCodes) {
    const server = serverOf(this);
    if (server === undefined) return answer(start, undefined, foreignError('start', KIND));
    // The platform reads a second argument, a boolean, and ignores it.
    const valid =
      arguments.length === 1 || (arguments.length === 2 && typeof newErrorCodes === 'boolean');
    if (!valid || !isObject(config)) {
      return answer(start, undefined, parameterError('start takes a configuration'));
    }
    return server.start(start, config);
  }

  stop(options) {
    const server = serverOf(this);
    if (server === undefined) return answer(stop, undefined, foreignError('stop', KIND));
    if (arguments.length === 0) return server.stop(stop);
    if (!server.isOurs) return answer(stop, undefined, otherError('stop takes no arguments'));
    let how;
    try {
      if (arguments.length > 1) throw parameterError('stop takes one argument at most');
      how = stopOptions(options);
    } catch (thrown) {
      return answer(stop, undefined, mistakeOf(thrown));
    }
    return server.stopWith(stop, how);
  }

  listAllConnections() {
    const server = serverOf(this);
    if (server === undefined) {
      return answer(listAllConnections, undefined, foreignError('listAllConnections', KIND));
    }
    if (arguments.length > 0) {
      const error = otherError('listAllConnections takes no arguments');
      return answer(listAllConnections, undefined, error);
    }
    const connections = server.list();
    return Array.isArray(connections)
      ? awaitable(connections)
      : answer(listAllConnections, undefined, fromFailure(connections));
  }

  send(data, connection) {
    const server = serverOf(this);
    if (server === undefined) return answer(send, undefined, foreignError('send', KIND));
    let to;
    try {
      if (arguments.length === 2 && isData(data)) to = recipientOf(connection, server.number);
    } catch (thrown) {
      return answer(send, undefined, mistakeOf(thrown));
    }
    if (to === undefined) {
      return answer(send, undefined, parameterError('send takes data and a connection'));
    }
    return server.send(send, data, connection, to);
  }

  close(connection, options) {
    const server = serverOf(this);
    if (server === undefined) return answer(close, undefined, foreignError('close', KIND));
    let which;
    let how = {};
    try {
      which = recipientOf(connection, server.number);
      if (arguments.length !== 1) how = closeOptions(options);
    } catch (thrown) {
      return answer(close, undefined, mistakeOf(thrown));
    }
    const complete = arguments.length === 1 || (how.code !== undefined && how.reason !== undefined);
    if (which === undefined || !complete || arguments.length > 2) {
      const detail = 'close takes a connection, and options with a code and a reason';
      return answer(close, undefined, parameterError(detail));
    }
    return server.close(close, connection, which, how);
  }

  setCertificate(certificate) {
    const server = serverOf(this);
    if (server === undefined) {
      return answer(setCertificate, undefined, foreignError('setCertificate', KIND));
    }
    return answer(setCertificate, undefined, server.setCertificate(certificate));
  }

  listAddress() {
    const server = serverOf(this);
    if (server === undefined) throw failedCall(listAddress, foreignError('listAddress', KIND));
    return server.address();
  }

  handleUpgrade(request, socket, head) {
    const server = serverOf(this);
    if (server === undefined) throw failedCall(handleUpgrade, foreignError('handleUpgrade', KIND));
    let error;
    try {
      error = server.handleUpgrade(request, socket, head);
    } catch (thrown) {
      error = mistakeOf(thrown);
    }
    if (error !== undefined) throw failedCall(handleUpgrade, error);
  }

  broadcast(data, except = []) {
    const server = serverOf(this);
    if (server === undefined) return answer(broadcast, undefined, foreignError('broadcast', KIND));
    return sendToMany(server, broadcast, data, except, undefined);
  }

  broadcastTo(room, data, except = []) {
    const server = serverOf(this);
    if (server === undefined)
      return answer(broadcastTo, undefined, foreignError('broadcastTo', KIND));
    if (typeof room !== 'string') {
      const error = parameterError('broadcastTo takes the name of a room');
      return answer(broadcastTo, undefined, error);
    }
    return sendToMany(server, broadcastTo, data, except, room);
  }

  join(connection, room) {
    const server = serverOf(this);
    if (server === undefined) return answer(join, undefined, foreignError('join', KIND));
    if (typeof room !== 'string') {
      const error = parameterError('join takes a connection and the name of a room');
      return answer(join, undefined, error);
    }
    return moveClient(server, join, 'joinRoom', connection, room);
  }

  leave(connection, room) {
    const server = serverOf(this);
    if (server === undefined) return answer(leave, undefined, foreignError('leave', KIND));
    if (room !== undefined && typeof room !== 'string') {
      const error = parameterError('leave takes a connection and the name of a room, or no name');
      return answer(leave, undefined, error);
    }
    return moveClient(server, leave, 'leaveRoom', connection, room);
  }
}

/** The functions that the program calls: the stacks of errors begin at its call. */
const { start, stop, listAllConnections, listAddress, setCertificate } = WebSocketServer.prototype;
const { handleUpgrade, send, close, broadcast } = WebSocketServer.prototype;
const { broadcastTo, join, leave } = WebSocketServer.prototype;

const listenersOf = (object) => serverOf(object)?.listeners;
defineListening(WebSocketServer.prototype, KIND, STATIC_NAMES, listenersOf);

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
  return serverOf(object)?.number;
}
