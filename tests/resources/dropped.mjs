// Rounds of connections that end in ways nobody asked for; prints what the process held before,
// after, and meanwhile.
import { once } from 'node:events';
import { connect } from 'node:net';
import webSocket from 'arkws';
import { connected, next, several } from '../../npm/test/events.mjs';
import { firstSocket, held, memory, settled } from './measure.mjs';

const [url, ...numbers] = process.argv.slice(2);
const [rounds, connections] = numbers.map(Number);
/** Connections at a time. */
const AT_ONCE = 40;
/** A server object lets ten in from one address. */
const CLIENTS = 10;

const ways = [
  // The server cuts the connection in the midst of a frame.
  async () => {
    const ws = await connected(`${url}/cut`);
    const [failed, closed] = [next(ws, 'error'), next(ws, 'close')];
    ws.send('hello').catch(() => {});
    await Promise.all([failed, closed]);
  },
  // The program closes it while much is on its way to it.
  async () => {
    const ws = webSocket.createWebSocket();
    const message = next(ws, 'message');
    await connected(`${url}/much`, { perMessageDeflate: true }, ws);
    await message;
    const closed = next(ws, 'close');
    await ws.close();
    await closed;
  },
  // The program gives the attempt up.
  async () => {
    const ws = webSocket.createWebSocket();
    const closed = next(ws, 'close');
    await ws.connect(url);
    await ws.close();
    await closed;
  },
  // The program forgets the object, with a message on its way.
  async () => {
    const ws = await connected(url);
    ws.off('error');
    ws.send('a'.repeat(10_000)).catch(() => {});
  },
];

await firstSocket();
const before = held();
const rss = [];
for (let round = 0; round < rounds; round++) {
  let left = connections - CLIENTS;
  const visit = async () => {
    while (left > 0) await ways[left-- % ways.length]();
  };
  await Promise.all([serve(), ...Array.from({ length: AT_ONCE }, visit)]);
  rss.push(await memory());
}
// What is left of the last of them goes when it is collected.
const collecting = setInterval(gc, 100);
const after = await settled(before);
clearInterval(collecting);
console.log(JSON.stringify({ before, after, rss }));

/** A server whose clients go in the midst of a frame, of a handshake, or not before it stops. */
async function serve() {
  const server = webSocket.createWebSocketServer();
  server.on('messageReceive', ({ data, clientConnection }) => server.send(data, clientConnection));
  await server.start({ serverIP: '127.0.0.1', serverPort: 0 });
  const { port } = server.listAddress();
  const gone = several(server, 'close', CLIENTS - 2);
  await Promise.all(
    Array.from({ length: CLIENTS }, async (_, number) => {
      const socket = connect(port, '127.0.0.1').on('error', () => {});
      await once(socket, 'connect');
      socket.write('GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n');
      if (number < 2) return socket.destroy();
      socket.write(
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
      );
      await once(socket, 'data');
      // The first bytes of a message of 64 KiB.
      socket.write(Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4]));
      if (number < 6) return socket.resetAndDestroy();
      // It goes when it is asked to.
      socket.once('data', () => socket.destroy());
    }),
  );
  await server.stop();
  await gone;
}
