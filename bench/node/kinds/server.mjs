// A server of the peer's, loaded by the raw-socket load generator of the Rust benches, which
// measures this process from outside.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { TIMED } from '../measure.mjs';

/** Messages that clients get before anything counts. */
const WARM_UP = 20_000;

export async function run({ serve }, { task, connections, size }) {
  const address = `127.0.0.1:${await serve(task)}`;
  const load = async (messages) => {
    const options = { connections, size, messages, window: 16, pid: process.pid };
    const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const { stdout } = await promisify(execFile)(process.env.ARKWS_BENCH, [
      'load',
      task,
      address,
      ...words,
    ]);
    const outcome = JSON.parse(stdout);
    return { ...outcome, wall: outcome.wall / 1e9, cpu: outcome.cpu / 1e9 };
  };
  // What is broadcast once is got by all.
  const first = Math.ceil(WARM_UP / (task === 'broadcast' ? connections : 1));
  const { wall } = await load(first);
  return load(Math.ceil((first * TIMED) / wall));
}
