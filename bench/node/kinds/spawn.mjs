// From the start of a process to its first open connection: many times, one after the other.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { counterpart } from '../counterpart.mjs';

const TIMES = 20;
const PROGRAM = fileURLToPath(new URL('../open.mjs', import.meta.url));

export async function run(_, scenario, name) {
  const url = `${await counterpart(scenario)}/echo`;
  const times = [];
  for (let i = 0; i < TIMES; i++) {
    const start = performance.now();
    const child = spawn(process.execPath, [PROGRAM, name, url], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const closed = once(child, 'close');
    await once(child.stdout, 'data');
    times.push(performance.now() - start);
    await closed;
  }
  times.sort((a, b) => a - b);
  return { toOpen: times[TIMES / 2] };
}
