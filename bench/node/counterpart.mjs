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

/** Starts the counterpart of a scenario; its URL. */
export async function counterpart({ wire }) {
  const tls = wire === 'tls';
  const address = await start(process.env.ARKWS_BENCH, 'counterpart', ...(tls ? ['--tls'] : []));
  return `${tls ? 'wss' : 'ws'}://${address}`;
}

/** What `/blast` and `/drain` are told about `count` messages of a scenario. */
export function path({ size, content }, count) {
  return `${size}/${count}/${content}`;
}
