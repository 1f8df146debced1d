// The program of `internet-denied.test.mjs`: what calls give, as JSON.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import webSocket, { setPolicy } from 'arkws';
import { WebSocket } from 'ws';

/** The code of a failure; 0: there was none. */
const code = (promise) =>
  promise.then(
    () => 0,
    (error) => error.code,
  );

const ws = webSocket.createWebSocket();
const server = webSocket.createWebSocketServer();
const somebody = { clientIP: '127.0.0.1', clientPort: 1 };
let events = 0;
for (const type of ['error', 'close']) {
  ws.on(type, () => events++);
  server.on(type, () => events++);
}
// The system has the last word.
setPolicy({ internet: true });

const url = 'ws://127.0.0.1:1';
const message = await ws.connect(url).catch((error) => error.message);
const denied = {
  connect: await code(ws.connect(url)),
  'connect callback': await new Promise((done) => ws.connect(url, (error) => done(error?.code))),
  'connect to no URL': await code(ws.connect('hello')),
  send: await code(ws.send('x')),
  close: await code(ws.close()),
  start: await code(server.start({ serverPort: 0 })),
  'start with a wrong address': await code(server.start({ serverIP: '..', serverPort: 0 })),
  'server send': await code(server.send('x', somebody)),
  'server close': await code(server.close(somebody)),
  stop: await code(server.stop()),
};
const eventsOfDenied = events;

const folder = mkdtempSync(join(tmpdir(), 'arkws-sandbox-'));
const path = join(folder, 'socket');
server.on('messageReceive', ({ data, clientConnection }) => server.send(data, clientConnection));
await server.start({ path });
const client = new WebSocket('ws://localhost', { createConnection: () => createConnection(path) });
await once(client, 'open');
client.send('hello');
const [data] = await once(client, 'message');
const closed = once(client, 'close');
await server.stop();
await closed;
rmSync(folder, { recursive: true });

console.log(JSON.stringify({ denied, message, events: eventsOfDenied, echoed: String(data) }));
