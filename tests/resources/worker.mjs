// A worker thread that connects, exchanges messages, and then ends in the way that it is told to.
import { parentPort, workerData } from 'node:worker_threads';
import webSocket from 'arkws';
import { connected, next } from '../../npm/test/events.mjs';

const { url, sockets, end } = workerData;

const kinds = [{}, { perMessageDeflate: true }, { binaryType: 'uint8array' }];
const open = await Promise.all(
  Array.from({ length: sockets }, (_, i) => connected(url, kinds[i % kinds.length])),
);
for (let i = 0; i < 100; i++) {
  await Promise.all(
    open.map(async (ws, number) => {
      const message = next(ws, 'message');
      await ws.send(`${number} ${i}`);
      const [, data] = await message;
      if (data !== `${number} ${i}`) throw new Error(`got ${data}`);
    }),
  );
}
// Large ones, whose memory is given away.
await Promise.all(
  open.map(async (ws, number) => {
    for (const size of [100, 300_000, 2 << 20]) {
      const message = next(ws, 'message');
      await ws.send(new Uint8Array(size).fill(number).buffer);
      const [, data] = await message;
      if (data.byteLength !== size) throw new Error(`got ${data.byteLength} bytes`);
      const moved = structuredClone(data, { transfer: [data.buffer ?? data] });
      const all = new Uint8Array(moved.buffer ?? moved, moved.byteOffset ?? 0, moved.byteLength);
      if (all.some((byte) => byte !== number)) throw new Error('not the bytes that were sent');
    }
  }),
);
// A server and a connection that is being made are open sockets, too.
const server = webSocket.createWebSocketServer();
await server.start({ serverIP: '127.0.0.1', serverPort: 0 });
const ours = await connected(`ws://127.0.0.1:${server.listAddress().port}`);
// Messages are under way when it ends.
for (const ws of open) {
  ws.send('a'.repeat(100_000));
  ws.send(new ArrayBuffer(3 << 20));
}
const late = webSocket.createWebSocket();
late.connect(url);

switch (end) {
  case 'naturally': {
    const closed = [...open, ours, late].map((ws) => next(ws, 'close'));
    for (const ws of [...open, late]) ws.close();
    await server.stop();
    await Promise.all(closed);
    // Nothing keeps the thread alive now.
    break;
  }
  case 'exit':
    process.exit();
    break;
  case 'throw':
    throw new Error('on purpose');
  default:
    // The main thread terminates it.
    parentPort.postMessage('ready');
}
