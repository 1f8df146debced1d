// A TCP proxy for one connection, on which something goes wrong behind some byte, or which passes
// the bytes on in its own way and time.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { deferred } from '../../npm/test/events.mjs';

/** The directions of a link: to the server, and to the client. */
export const DIRECTIONS = ['up', 'down'];

/**
 * What can happen to a link behind a byte: `near` is the end that the byte came from, `far` the one
 * that it has gone to. Nothing more passes in its direction.
 */
export const FAULTS = {
  /** Both directions end. */
  cut({ near, far }) {
    near.end();
    far.end();
  },
  /** This direction ends; the other one goes on. */
  halfClose: ({ far }) => far.end(),
  /** Both connections are reset. */
  reset({ near, far }) {
    reset(near);
    reset(far);
  },
  /** This direction stands still, and nobody is told. */
  stall() {},
};

/** Node.js never closes a socket that it resets while it connects, or after its end. */
function reset(socket) {
  if (socket.connecting || socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

let links = 0;

/** Another address of this machine, all of which it has between 127.0.0.0 and 127.255.255.255. */
function nextAddress() {
  links++;
  return `127.${1 + (links >> 16)}.${(links >> 8) & 255}.${links & 255}`;
}

/** How a link can pass bytes on without a fault. */
export const WAYS = {
  /** Each byte by itself. */
  async oneByteAtATime(bytes, write) {
    for (const byte of bytes) {
      write(Buffer.of(byte));
      await nextTurn();
    }
  },
  /** All of it, a little later. */
  async delay(bytes, write) {
    await sleep(10);
    write(bytes);
  },
  /** In pieces of any length, each after a time of its own. */
  async jitter(bytes, write) {
    let rest = bytes;
    while (rest.length > 0) {
      const length = 1 + Math.floor(Math.random() * rest.length);
      await sleep(Math.random() * 8);
      write(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
  },
  /** Together with what comes within some time. */
  coalesce(bytes, write, held) {
    held.push(bytes);
    held.timer ??= setTimeout(() => {
      write(Buffer.concat(held.splice(0)));
      held.timer = undefined;
    }, 15);
  },
};

/**
 * A link to a port of this machine, for one connection. The `kind` of its fault is one of `FAULTS`,
 * and happens when `at` bytes have passed in `direction`; or it is `corrupt`, which turns the bit
 * `at % 8` of the byte `at`. Instead of a fault, there may be one of `WAYS`.
 */
export class Link {
  /** From where the server is reached: an address of this link's own, as ports come again. */
  address = nextAddress();
  /** How many bytes have passed, by direction. */
  passed = { up: 0, down: 0 };
  /** Whether the fault has happened; and when. */
  happened = false;
  trouble;
  /** When the server has ended its side. */
  serverGone;
  #listener = createServer({ allowHalfOpen: true });
  #sockets = [];
  #fault;

  #trouble = deferred();
  #serverGone = deferred();

  constructor(fault = {}) {
    this.#fault = fault;
    this.trouble = this.#trouble.promise;
    this.serverGone = this.#serverGone.promise;
  }

  /** Whether it alters what passes, and lets it go on. */
  get corrupts() {
    return this.#fault.kind === 'corrupt';
  }

  /** Where it listens. */
  get port() {
    return this.#listener.address().port;
  }

  async open(port) {
    this.#listener.once('connection', (client) => {
      this.#listener.close();
      const server = connect({
        port,
        host: '127.0.0.1',
        localAddress: this.address,
        allowHalfOpen: true,
        noDelay: true,
      });
      client.setNoDelay(true);
      this.#sockets = [client, server];
      // An end that is reset takes the other one with it.
      for (const [socket, other] of [
        [client, server],
        [server, client],
      ]) {
        socket.on('error', () => reset(other));
      }
      for (const event of ['end', 'close']) server.on(event, this.#serverGone.resolve);
      server.on('connect', () => {
        this.#pass('up', client, server);
        this.#pass('down', server, client);
      });
    });
    this.#listener.listen(0, '127.0.0.1');
    await once(this.#listener, 'listening');
    return this;
  }

  /** Passes on what comes from `near`, until it ends or the fault has happened. */
  async #pass(direction, near, far) {
    const { kind, at, way } = this.#fault;
    const mine = this.#fault.direction === direction;
    const end = mine && kind in FAULTS ? at : Infinity;
    const write = (bytes) => {
      if (far.writable) far.write(bytes);
    };
    const held = [];
    try {
      if (end === 0) return this.#fail(near, far);
      for await (const bytes of near.iterator({ destroyOnReturn: false })) {
        const before = this.passed[direction];
        const passing = bytes.subarray(0, end - before);
        this.passed[direction] += passing.length;
        if (mine && this.corrupts) this.#corrupt(passing, at - before);
        await (way ? WAYS[way](passing, write, held) : write(passing));
        if (this.passed[direction] === end) return this.#fail(near, far);
      }
      while (held.timer) await sleep(1);
      far.end();
    } catch {
      reset(far);
    }
  }

  #fail(near, far) {
    this.#happen();
    // What comes is thrown away, or the sender would not hear of an end.
    near.resume();
    FAULTS[this.#fault.kind]({ near, far });
  }

  #corrupt(bytes, at) {
    if (at < 0 || at >= bytes.length) return;
    bytes[at] ^= 1 << (this.#fault.at % 8);
    this.#happen();
  }

  #happen() {
    this.happened = true;
    this.#trouble.resolve();
  }

  /** Ends what is left of it. */
  close() {
    this.#listener.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
