// A session over a link: a handshake, three messages that are sent back, and a close. Who was told
// what is kept.
import { deferred } from '../../npm/test/events.mjs';

/** Text and binary, compressible or not, of both short forms of length. */
export const MESSAGES = [
  'the first',
  Uint8Array.from({ length: 200 }, (_, n) => (n * n) >> 3).buffer,
  'the last, '.repeat(9),
];

/** Messages of either kind, so that they can be compared. */
export const shown = (data) =>
  typeof data === 'string' ? data : Buffer.from(data).toString('hex');

export class Session {
  /** The names of the module's events, in order. */
  events = [];
  /** What `error` and `close` brought. */
  errors = [];
  closes = [];
  /** The messages that the module and the other end received. */
  received = { module: [], other: [] };
  /** How many bytes had passed, by direction, when each of them came. */
  marks = { module: [], other: [] };
  /** How many of the module's promises wait for an answer. */
  unanswered = 0;
  #over = deferred();

  constructor(link) {
    this.link = link;
  }

  /** A message, for the module or the other end. */
  take(end, data) {
    this.received[end].push(shown(data));
    this.marks[end].push({ ...this.link.passed });
    if (end === 'module') this.events.push('message');
  }

  error(error) {
    this.events.push('error');
    this.errors.push(error);
  }

  close(result) {
    this.events.push('close');
    this.closes.push(result);
  }

  /** Counts a call until it is answered, whichever way. */
  async call(promise) {
    this.unanswered++;
    await promise.catch(() => {});
    this.unanswered--;
  }

  /** The module has nothing more to tell. */
  end = () => this.#over.resolve();

  get over() {
    return this.#over.promise;
  }

  toString() {
    const told = this.errors
      .map(({ message }) => message)
      .concat(this.closes.map(({ code }) => code));
    return `${this.events.join(', ')} (${told.join('; ')})`;
  }

  has(event) {
    return this.events.includes(event);
  }
}
