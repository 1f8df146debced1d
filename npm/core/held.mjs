// What comes for a client that is paused.
import { ENDS, HEARD, UNHEARD, handOver } from './delivery.mjs';
import { macrotask } from './runtime.mjs';

/**
 * Stands in the place of a paused client while events are delivered: keeps what comes, in order,
 * until the client is resumed. The connection is not read from meanwhile: it is not much.
 */
export class Held {
  #client;
  /** Calls of the client's methods. */
  #entries = [];
  #isPaused = true;
  /** Entries are being handed on. */
  #runs = false;
  /** Called when there is nothing left to keep: the client takes its place again. */
  #over;

  constructor(client, over) {
    this.#client = client;
    this.#over = over;
  }

  get number() {
    return this.#client.number;
  }

  /** Keeps what comes from now on. */
  pause() {
    this.#isPaused = true;
  }

  /** Hands on what it has kept, when the code that runs now has ended. */
  resume() {
    this.#isPaused = false;
    if (this.#runs) return;
    this.#runs = true;
    this.#handOn();
  }

  async #handOn() {
    // Not inside of the call of `resume`.
    await undefined;
    while (!this.#isPaused && this.#entries.length > 0) {
      const outcome = handOver(this.#client, this.#entries.shift());
      // What follows from it by promises comes first, such as a listener for the next.
      if (outcome !== HEARD) await macrotask();
      if (outcome === ENDS) handOver(this.#client, () => this.#client.dataEnd());
    }
    this.#runs = false;
    if (!this.#isPaused) this.#over();
  }

  // What `deliver` calls.

  get context() {
    return this.#client.context;
  }

  get refusedContext() {
    return this.#client.refusedContext;
  }

  get listens() {
    return true;
  }

  message(value, complete) {
    this.#entries.push(() => {
      const outcome = this.#client.message(value, complete);
      if (outcome === UNHEARD) this.#client.unheard(complete);
      return outcome;
    });
    return HEARD;
  }

  unheard() {}

  /** A send is answered at once: that is no event. */
  sent(through) {
    this.#client.sent(through);
  }

  dataEnd() {
    this.#keep(() => this.#client.dataEnd());
  }

  event(name, value) {
    this.#keep(() => this.#client.event(name, value));
  }

  collected() {
    this.#client.collected();
  }

  /** What comes behind no message need not wait: a close that nobody holds up. */
  #keep(entry) {
    if (this.#entries.length === 0) entry();
    else this.#entries.push(entry);
  }
}
