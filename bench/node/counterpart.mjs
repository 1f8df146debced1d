// The other end: the raw-socket program of the Rust benches, told by the path what to do.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** Starts a program that goes when this process goes; its first line of output. */
export async function start(command, ...args) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  process.on('exit', () => child.kill());
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  return line;
}

/** Starts the counterpart; its `ws://` URL. */
export async function counterpart() {
  return `ws://${await start(process.env.ARKWS_BENCH, 'counterpart')}`;
}

/** What `/blast` and `/drain` are told about `messages` of a scenario. */
export function path({ size, text }, messages) {
  return `${size}/${messages}/${text ? 'text' : 'binary'}`;
}
