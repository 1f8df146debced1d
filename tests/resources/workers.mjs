// Worker threads, several at a time, that end with open sockets; prints what the process held
// before and after.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { connected, next } from '../../npm/test/events.mjs';
import { gone, held, memory, settled } from './measure.mjs';

const [url, end, rounds, workers, sockets] = process.argv.slice(2);

// Node.js itself keeps something open after its first worker, whose thread is there for a moment
// after its `exit`.
const first = new Worker(new URL('first-worker.mjs', import.meta.url));
const [[task]] = await Promise.all([once(first, 'message'), once(first, 'exit')]);
await gone(task);
const before = held();
const rss = [];
for (let round = 0; round < Number(rounds); round++) {
  // The main thread has a connection of its own, which the others' ends do not touch.
  const own = await connected(url);
  await Promise.all(Array.from({ length: Number(workers) }, work));
  const message = next(own, 'message');
  await own.send('still here');
  await message;
  const closed = next(own, 'close');
  await own.close();
  await closed;
  rss.push(await memory());
}
console.log(JSON.stringify({ before, after: await settled(before), rss }));

async function work() {
  const worker = new Worker(new URL('worker.mjs', import.meta.url), {
    workerData: { url, end, sockets: Number(sockets) },
  });
  if (end === 'terminate') worker.on('message', () => worker.terminate());
  let thrown;
  worker.on('error', (error) => (thrown = error));
  const code = await exit(worker);
  const expected = { naturally: 0, exit: 0, terminate: 1, throw: 1 };
  if (code !== expected[end] || (thrown && thrown.message !== 'on purpose')) {
    throw new Error(`the worker ended with ${code}: ${thrown}`);
  }
}

function exit(worker) {
  return new Promise((resolve) => worker.on('exit', resolve));
}
