// As `peer connect-many`: thousands of connections at once, each of which has an answer.
import { createInterface } from 'node:readline';
import webSocket from 'arkws';

/** Handshakes at a time: a server bounds them, and so does the system's queue of connections. */
const AT_A_TIME = 100;

const [, , url, many] = process.argv;
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** Opens a connection; a fault of it ends this program. */
function open() {
  const client = webSocket.createWebSocket();
  return new Promise((resolve, reject) => {
    client.on('error', reject);
    client.on('open', () => resolve(client));
    client.connect(url).catch(reject);
  });
}

const clients = [];
let next = 0;
async function openSome() {
  while (next++ < many) clients.push(await open());
}
await Promise.all(Array.from({ length: AT_A_TIME }, openSome));
console.log('open');
await lines.next();

let slowest = 0;
const answered = clients.map((client, number) => {
  const begin = performance.now();
  const sent = `I am number ${number}`;
  return new Promise((resolve, reject) => {
    client.on('message', (_, data) => {
      if (data !== sent) reject(new Error(`${data} came for ${sent}`));
      slowest = Math.max(slowest, performance.now() - begin);
      resolve();
    });
    client.send(sent).catch(reject);
  });
});
await Promise.all(answered);
console.log(`answered, the slowest after ${Math.round(slowest)} ms`);
await lines.next();

const closed = clients.map((client) => new Promise((resolve) => client.on('close', resolve)));
for (const client of clients) client.close();
await Promise.all(closed);
console.log('closed');
