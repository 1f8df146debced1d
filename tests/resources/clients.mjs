// Rounds of client objects that connect, exchange a message and close; prints what the process held
// before, after, and meanwhile.
import webSocket from 'arkws';
import { next } from '../../npm/test/events.mjs';
import { held, memory, settled } from './measure.mjs';

const [url, rounds, objects] = process.argv.slice(2);
/** Connections at a time. */
const AT_ONCE = 50;

const before = held();
const rss = [];
for (let round = 0; round < Number(rounds); round++) {
  let left = Number(objects);
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (left-- > 0) await visit();
    }),
  );
  rss.push(await memory());
}
console.log(JSON.stringify({ before, after: await settled(before), rss }));

async function visit() {
  const ws = webSocket.createWebSocket();
  const [message, closed] = [next(ws, 'message'), next(ws, 'close')];
  ws.on('error', (error) => {
    throw error;
  });
  await ws.connect(url);
  await ws.send('hello');
  const [, data] = await message;
  if (data !== 'hello') throw new Error(`got ${data}`);
  await ws.close();
  await closed;
}
