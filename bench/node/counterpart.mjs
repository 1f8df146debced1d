// The other end: the raw-socket program of the Rust benches, told by the path what to do.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** The lines that the counterpart prints. */
let lines;

/** Starts the counterpart of a scenario, which goes when this process goes; its URL. */
export async function counterpart({ wire }) {
  const tls = wire === 'tls';
  const options = { stdio: ['ignore', 'pipe', 'inherit'] };
  const child = spawn(process.env.ARKWS_BENCH, ['counterpart', ...(tls ? ['--tls'] : [])], options);
  process.on('exit', () => child.kill());
  lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return `${tls ? 'wss' : 'ws'}://${await line()}`;
}

/**
 * How many bytes of payload the messages had on the wire that the counterpart has just drained: one
 * answer for each time.
 */
export async function drained() {
  return Number(await line());
}

async function line() {
  const { value } = await lines.next();
  return value;
}

/** What `/blast` and `/drain` are told about `count` messages of a scenario. */
export function path({ size, content }, count) {
  return `${size}/${count}/${content}`;
}
