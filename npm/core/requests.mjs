// What clients ask a server object: listeners of `request` and `httpRequest`, and what becomes of a
// request that they answer, fail at, or leave to us.
import { WebSocketConnection } from './connection.mjs';
import { programRuns, uncaught } from './delivery.mjs';
import { callFrom } from './listeners.mjs';
import {
  WebSocketServerHttpRequest,
  WebSocketServerRequest,
  answer as answerRequest,
  end,
} from './request.mjs';
import { native } from './runtime.mjs';

/** The requests of a server object that have not been answered. */
export class Requests {
  /** The number of the server object. */
  #server;
  #listeners;
  /** Called with the id of a client that will not come in. */
  #forget;
  /** By the ids that the native half gives them. */
  #waiting = new Map();

  constructor(server, listeners, forget) {
    this.#server = server;
    this.#listeners = listeners;
    this.#forget = forget;
  }

  get(id) {
    return this.#waiting.get(id);
  }

  /**
   * Lets a client in when all listeners have returned, their promises are fulfilled, and none of
   * them has refused it.
   */
  ask(id, connection) {
    const listeners = this.#listeners.lists.request;
    if (listeners.length === 0) {
      native().acceptRequest(this.#server, id);
      return;
    }
    const answered = (name) => {
      this.#waiting.delete(id);
      if (name !== 'acceptRequest') this.#forget(id);
    };
    const request = new WebSocketServerRequest(this.#server, id, connection, answered);
    this.#waiting.set(id, request);
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
  askHttp(asked) {
    const { client: id, method } = asked;
    const listeners = this.#listeners.lists.httpRequest;
    if (listeners.length === 0) {
      native().rejectHttp(this.#server, id);
      return;
    }
    const connection = new WebSocketConnection(this.#server, id, asked);
    const answered = () => this.#waiting.delete(id);
    const request = new WebSocketServerHttpRequest(this.#server, id, connection, answered, method);
    this.#waiting.set(id, request);
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

  /** The native half has forgotten a request: an answer would do nothing. */
  over(id) {
    const request = this.#waiting.get(id);
    this.#waiting.delete(id);
    this.#forget(id);
    if (request === undefined) return;
    programRuns();
    end(request);
  }
}
