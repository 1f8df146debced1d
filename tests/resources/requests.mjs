// Rounds of clients that ask to come in, or for a page, and go before the program has answered,
// which it never does; prints what the process held before, after, and meanwhile.
import { once } from 'node:events';
import net from 'node:net';
import webSocket from 'arkws';
import { next } from '../../npm/test/events.mjs';
import { request } from '../../npm/test/handshake.mjs';
import { firstSocket, held, memory, settled } from './measure.mjs';

const [event, ...numbers] = process.argv.slice(2);
const [rounds, requests] = numbers.map(Number);

await firstSocket();
const before = held();
const server = webSocket.createWebSocketServer();
server.on(event, () => new Promise(() => {}));
await server.start({ serverIP: '127.0.0.1', serverPort: 0 });
const { port } = server.listAddress();
const padding = `X-Padding: ${'x'.repeat(8000)}`;
const head =
  event === 'request'
    ? request('Host: localhost', padding)
    : `GET / HTTP/1.1\r\nHost: localhost\r\n${padding}\r\n\r\n`;

const rss = [];
let number = 0;
for (let round = 0; round < rounds; round++) {
  for (let i = 0; i < requests; i++) await askAndGo();
  rss.push(await memory());
}
await server.stop();
console.log(JSON.stringify({ before, after: await settled(before), rss }));

async function askAndGo() {
  // Each from an address of its own: the flood rule is not what is tried here.
  number += 1;
  const localAddress = `127.1.${number >> 8}.${number & 255}`;
  const asked = next(server, event);
  const socket = net.connect({ host: '127.0.0.1', port, localAddress });
  await once(socket, 'connect');
  socket.write(head);
  await asked;
  socket.destroy();
  await once(socket, 'close');
}
