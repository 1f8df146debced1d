// What a server object gets from HTTP servers of Node.js: clients that those have accepted.
'use strict';

const { addressOf, attach, isHttpServer } = require('./attachments.js');
const { otherError, parameterError } = require('./core.js');
const handover = require('./handover.js');

class Upgrades {
  /** The number of the server object. */
  #number;
  /** The HTTP server that it is attached to, and what ends that. */
  #attached;
  /** How many connections of `handleUpgrade` are not over. */
  #handedOver = 0;

  /** Called when `isOpen` may have changed. */
  #changed;

  constructor(number, changed) {
    this.#number = number;
    this.#changed = changed;
  }

  static isHttpServer(value) {
    return isHttpServer(value);
  }

  get isAttached() {
    return this.#attached !== undefined;
  }

  /** Whether there are connections that may become clients, or are some. */
  get isOpen() {
    return this.#handedOver > 0;
  }

  /** From now on `take(request, socket, head)` gets the requests of an HTTP server to upgrade. */
  attach(server, path, take) {
    const takeOrRefuse = (request, socket, head) => {
      try {
        take(request, socket, head);
      } catch (error) {
        // Its client has sent what it should not, and is no reason to end the process.
        handover.refuse(socket, '400 Bad Request', error.message);
      }
    };
    this.#attached = { server, detach: attach(server, path, takeOrRefuse) };
  }

  detach() {
    this.#attached?.detach();
    this.#attached = undefined;
  }

  /** Where the HTTP server listens, if the object is attached to one. */
  address() {
    return this.#attached === undefined ? undefined : addressOf(this.#attached.server);
  }

  /**
   * A request to upgrade, and its connection. Throws what is wrong with the arguments; returns an
   * error if the server object was never started.
   */
  take(request, socket, head = new Uint8Array(), isStarted) {
    const text = handover.headOf(request);
    if (!handover.isStream(socket)) throw parameterError('the socket is no stream');
    if (!(head instanceof Uint8Array)) throw parameterError('the head is no Buffer');
    if (!isStarted) return otherError('the server is not started');
    const taken = handover.handOver(this.#number, text, socket, head);
    if (taken === true) {
      this.#handedOver++;
      this.#changed();
    } else if (taken !== false) {
      // It was stopped while the program thought about the client, which is no reason to fail.
      handover.refuse(socket, '503 Service Unavailable', 'the server is going away');
    }
    return undefined;
  }

  /** The native half tells of something. Whether it is about such connections. */
  event(name, value) {
    if (Object.hasOwn(STREAM_EVENTS, name)) {
      STREAM_EVENTS[name](value);
      return true;
    }
    if (name !== 'handedOverEnded') return false;
    this.#handedOver--;
    this.#changed();
    return true;
  }
}

const { streamWrite, streamRead, streamEnd, streamGone } = handover;
const STREAM_EVENTS = { streamWrite, streamRead, streamEnd, streamGone };

module.exports = { Upgrades };
