// Rounds of server objects that start, serve clients of this process and stop; prints what the
// process held before, after, and meanwhile. That it ends at all shows that nothing keeps it alive.
import webSocket from 'arkws';
import { connected, next, several } from '../../npm/test/events.mjs';
import { held, memory, settled } from './measure.mjs';

const [rounds, servers, clients] = process.argv.slice(2).map(Number);

const before = held();
const rss = [];
for (let round = 0; round < rounds; round++) {
  for (let i = 0; i < servers; i++) await serve();
  rss.push(await memory());
}
console.log(JSON.stringify({ before, after: await settled(before), rss }));

async function serve() {
  const server = webSocket.createWebSocketServer();
  server.on('request', async () => {});
  server.on('messageReceive', ({ data, clientConnection }) => server.send(data, clientConnection));
  await server.start({ serverIP: '127.0.0.1', serverPort: 0 });
  const url = `ws://127.0.0.1:${server.listAddress().port}`;
  const visitors = await Promise.all(Array.from({ length: clients }, () => connected(url)));
  const gone = several(server, 'close', clients);
  await Promise.all(
    visitors.map(async (ws) => {
      const message = next(ws, 'message');
      await ws.send('hello');
      await message;
    }),
  );
  const closed = visitors.map((ws) => next(ws, 'close'));
  await server.stop();
  await Promise.all([gone, ...closed]);
}
