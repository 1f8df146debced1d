// A worker thread with a server that sends messages in one packet, and tells in how many reads the
// answers have come, and by `reads` that some have. Of another thread, so that it reads while the
// program's thread is busy.
import { WebSocketServer } from 'ws';
import { parentPort, workerData } from 'node:worker_threads';

const { count, reads } = workerData;
const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
server.on('listening', () => parentPort.postMessage(server.address().port));
server.on('connection', (socket, { socket: tcp }) => {
  let answers = 0;
  tcp.on('data', () => {
    Atomics.add(reads, 0, 1);
    Atomics.notify(reads, 0);
  });
  socket.on('message', () => {
    // The read may have been counted behind its messages.
    if (++answers === count) setImmediate(() => parentPort.postMessage(reads[0]));
  });
  tcp.cork();
  for (let i = 0; i < count; i++) socket.send('x');
  tcp.uncork();
});
