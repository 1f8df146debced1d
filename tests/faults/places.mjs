// How many sessions run at a time.

/** So many places, each of which is taken by one at a time. */
export class Places {
  #free;
  #waiting = [];

  constructor(count) {
    this.#free = count;
  }

  /** Runs `action` once there is a place for it. */
  async take(action) {
    if (this.#free > 0) this.#free--;
    else await new Promise((resolve) => this.#waiting.push(resolve));
    try {
      return await action();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }
}
