// A server of the module's for as many clients as come; says on each line of input how many there
// are.
import { createInterface } from 'node:readline';
import webSocket from 'arkws';

const server = webSocket.createWebSocketServer();
server.on('messageReceive', ({ data, clientConnection }) => server.send(data, clientConnection));
server.on('error', (error) => console.error(error));
await server.start({ serverIP: '127.0.0.1', serverPort: 0, limits: 'none' });
console.log(`listening on ws://127.0.0.1:${server.listAddress().port}`);
for await (const _ of createInterface({ input: process.stdin })) {
  console.log(`clients: ${server.listAllConnections().length}`);
}
await server.stop();
