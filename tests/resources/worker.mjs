// A worker thread that connects, exchanges messages, and then ends in the way that it is told to.
import { parentPort, workerData } from 'node:worker_threads';
import webSocket from 'arkws';
import { connected, next } from '../events.mjs';

const { url, sockets, end } = workerData;

const open = await Promise.all(Array.from({ length: sockets }, () => connected(url)));
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
// A server and a connection that is being made are open sockets, too.
const server = webSocket.createWebSocketServer();
await server.start({ serverIP: '127.0.0.1', serverPort: 0 });
const ours = await connected(`ws://127.0.0.1:${server.listAddress().port}`);
// Messages are under way when it ends.
for (const ws of open) ws.send('a'.repeat(100_000));
webSocket.createWebSocket().connect(url);

switch (end) {
  case 'close': {
    const closed = [...open, ours].map((ws) => next(ws, 'close'));
    for (const ws of open) ws.close();
    await server.stop();
    await Promise.all(closed);
    // The attempt above may have become a connection, which keeps the thread alive.
    process.exit();
  }
  case 'exit':
    process.exit();
  case 'throw':
    throw new Error('on purpose');
  default:
    // The main thread terminates it.
    parentPort.postMessage('ready');
}
