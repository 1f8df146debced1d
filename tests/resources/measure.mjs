// What this process holds of its operating system. Linux tells it under /proc.
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

export const skip = !existsSync('/proc/self/task') && 'needs /proc';

/** The names of this process's threads. */
export const threads = () =>
  readdirSync('/proc/self/task').map((task) => {
    try {
      return readFileSync(`/proc/self/task/${task}/comm`, 'utf8').trim();
    } catch {
      return 'gone meanwhile';
    }
  });

/**
 * Makes Node.js open what it keeps: with the first work for its pool of threads, and with the first
 * socket.
 */
export async function firstSocket() {
  await stat('.');
  await once(createServer().listen().close(), 'close');
}

/** How much there is of what could be left behind. */
export const held = () => ({
  threads: threads().length,
  handles: readdirSync('/proc/self/fd').length,
});

/**
 * Mebibytes of memory, after collections (`--expose-gc`): objects free what is behind them in a
 * turn after the first.
 */
export async function memory() {
  for (let i = 0; i < 3; i++) {
    globalThis.gc();
    await nextTurn();
  }
  return process.memoryUsage.rss() / (1 << 20);
}

/** The network thread stays for a second after its last task, in case there is another. */
const PATIENCE = 10_000;

/** Resolves when a thread of this process, by its number, has ended. */
export async function gone(task) {
  while (existsSync(`/proc/self/task/${task}`)) await sleep(5);
}

/** What is held once it is no more than `before`, or after `PATIENCE` milliseconds. */
export async function settled(before) {
  const deadline = performance.now() + PATIENCE;
  for (;;) {
    const now = held();
    const same = JSON.stringify(now) === JSON.stringify(before);
    if (same || performance.now() > deadline) return same ? now : { ...now, names: threads() };
    await sleep(50);
  }
}
