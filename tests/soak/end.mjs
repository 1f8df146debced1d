// The end in Node.js: as `src/end.rs`, a server that sends back what it gets, and clients of the
// other end's.
import { setMaxListeners } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import webSocket from '../../npm/index.mjs';

/** A text that asks the server to close, and what it then closes with. */
const CLOSE = 'close, please';
const CLOSED_BY_SERVER = 4001;
/** How many messages a connection lives for, at most. */
const LIFE = 60;
/** How much later each client begins than the one before it, in milliseconds. */
const RAMP = 5;
/** How long an answer may take, on a machine that has more to do, in milliseconds. */
const PATIENCE = 60_000;

const { values } = parseArgs({
  options: {
    connections: { type: 'string' },
    pause: { type: 'string' },
    seed: { type: 'string' },
  },
});
const [connections, pause, seed] = ['connections', 'pause', 'seed'].map((name) =>
  Number(values[name]),
);

const counts = {
  open: 0,
  served: 0,
  connections: 0,
  closed: 0,
  messages: 0,
  bytes: 0,
  faults: 0,
  words: [],
  late: 0,
  heap: 0,
};
const stopped = new AbortController();
// Every client's pause listens.
setMaxListeners(0, stopped.signal);

function wrong(words) {
  counts.faults += 1;
  if (counts.words.length < 20) counts.words.push(words);
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function generator(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Bytes that do not compress, from which binary messages are cut. */
const noise = new Uint8Array(2 << 20);
const noisy = generator(0);
for (let i = 0; i < noise.length; i++) noise[i] = noisy() * 256;

function message(random) {
  const kind = random();
  const most = kind < 0.7 ? 125 : kind < 0.9 ? 4 << 10 : kind < 0.99 ? 64 << 10 : 1 << 20;
  const length = 1 + Math.floor(random() * most);
  if (random() < 0.5) {
    let text = '';
    while (text.length < length) {
      text += `{"item":"écu","price":${1000 + Math.floor(random() * 8999)}},`;
    }
    return text;
  }
  const at = Math.floor(random() * (noise.length - length));
  return noise.slice(at, at + length).buffer;
}

const same = (a, b) =>
  typeof a === 'string' || typeof b === 'string'
    ? a === b
    : Buffer.compare(new Uint8Array(a), new Uint8Array(b)) === 0;

/** One connection: its events, each awaited by its name. */
class Connection {
  #client = webSocket.createWebSocket();
  #waiting = new Map();

  constructor() {
    this.closed = new Promise((resolve) => {
      this.#client.on('close', (_, result) => {
        resolve(result);
        this.#tell('message', new Error(`closed: ${result.code} ${result.reason}`));
      });
    });
    this.#client.on('open', () => this.#tell('open'));
    this.#client.on('message', (_, data) => this.#tell('message', data));
    this.#client.on('error', (error) => {
      for (const type of [...this.#waiting.keys()]) this.#tell(type, error);
    });
  }

  get client() {
    return this.#client;
  }

  #tell(type, value) {
    const settle = this.#waiting.get(type);
    this.#waiting.delete(type);
    settle?.(value);
  }

  next(type) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no ${type}`)), PATIENCE);
      this.#waiting.set(type, (value) => {
        clearTimeout(timer);
        if (value instanceof Error) reject(value);
        else resolve(value);
      });
    });
  }
}

/** A pause, or less when it is time to stop. */
const wait = (time) => sleep(time, undefined, { signal: stopped.signal }).catch(() => {});

async function exchange(connection, random) {
  const { client } = connection;
  for (let left = 1 + Math.floor(random() * LIFE); left > 0; left--) {
    const sent = message(random);
    const answer = connection.next('message');
    const [received] = await Promise.all([answer, client.send(sent)]);
    const length = sent.byteLength ?? Buffer.byteLength(sent);
    if (!same(received, sent)) throw new Error(`${length} bytes were sent, and others came`);
    counts.messages += 1;
    counts.bytes += length;
    await wait(random() * 2 * pause);
    if (stopped.signal.aborted) return;
  }
}

async function end(connection, random) {
  const { client } = connection;
  const kind = random();
  if (kind < 0.2) {
    client.terminate();
    return;
  }
  const asked = kind < 0.4;
  const expected = asked ? CLOSED_BY_SERVER : 1000;
  if (asked) await client.send(CLOSE);
  else await client.close({ code: 1000, reason: 'enough' });
  const late = sleep(PATIENCE, { code: 'none' }, { ref: false });
  const { code } = await Promise.race([connection.closed, late]);
  if (code !== expected) throw new Error(`closed with ${code}, not with ${expected}`);
  counts.closed += 1;
}

/** One client, which comes again and again until all are to stop. */
async function live(url, number) {
  const random = generator(seed + number);
  const perMessageDeflate = number % 2 === 0;
  await wait(number * RAMP);
  while (!stopped.signal.aborted) {
    try {
      const connection = new Connection();
      const open = connection.next('open');
      await Promise.all([open, connection.client.connect(url, { perMessageDeflate })]);
      const compressed = Boolean(connection.client.stats().extensions);
      if (compressed !== perMessageDeflate) throw new Error('compression was not agreed on');
      counts.open += 1;
      counts.connections += 1;
      try {
        await exchange(connection, random);
        await end(connection, random);
      } finally {
        counts.open -= 1;
      }
    } catch (error) {
      wrong(error.message);
      // A fault that stays is not told a million times.
      await wait(1000);
    }
  }
}

const server = webSocket.createWebSocketServer();
server.on('connect', () => {
  counts.served += 1;
});
server.on('close', () => {
  counts.served -= 1;
});
// Clients that are gone in the middle are what this is about; the clients tell faults.
server.on('error', () => {});
server.on('messageReceive', ({ data, clientConnection }) => {
  const done =
    data === CLOSE
      ? server.close(clientConnection, { code: CLOSED_BY_SERVER, reason: 'as you wish' })
      : server.send(data, clientConnection);
  // The client may be gone.
  done.catch(() => {});
});
await server.start({
  serverIP: '127.0.0.1',
  serverPort: 0,
  limits: 'none',
  perMessageDeflate: true,
});
console.log(`ws://127.0.0.1:${server.listAddress().port}/`);

const commands = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const url = (await commands.next()).value;
const delay = monitorEventLoopDelay({ resolution: 10 });
delay.enable();
const clients = Array.from({ length: connections / 2 }, (_, number) => live(url, number));

function report() {
  counts.late = delay.count > 0 ? Math.max(0, delay.percentile(99) / 1e6 - 10) : 0;
  delay.reset();
  const { heapUsed, external } = process.memoryUsage();
  counts.heap = heapUsed + external;
  console.log(JSON.stringify(counts));
}
const seconds = setInterval(report, 1000);
const { value: command } = await commands.next();
if (command !== 'stop') throw new Error(`${command} is no command`);
stopped.abort();
await Promise.all(clients);
clearInterval(seconds);
delay.disable();
// Objects free what is behind them in a turn after the collection.
for (let i = 0; i < 3; i++) {
  globalThis.gc();
  await sleep(10);
}
report();
console.log('ended');
// The other end's clients may have more to do.
await commands.next();
await server.stop();
