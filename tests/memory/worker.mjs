// A worker thread that has messages under way when it ends, in the way that it is told.
import { parentPort, workerData } from 'node:worker_threads';
import { connected, next } from '../../npm/test/events.mjs';

const { url, end } = workerData;
const ws = await connected(url);
const message = next(ws, 'message');
await ws.send(new ArrayBuffer(1 << 20));
await message;
for (let i = 0; i < 20; i++) ws.send('a'.repeat(10_000)).catch(() => {});

switch (end) {
  case 'terminate':
    parentPort.postMessage('ready');
    break;
  case 'exit':
    process.exit();
    break;
  case 'throw':
    throw new Error('on purpose');
  default: {
    const closed = next(ws, 'close');
    await ws.close();
    await closed;
  }
}
