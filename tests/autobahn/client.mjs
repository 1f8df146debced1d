// Runs the cases of an Autobahn test suite's server with our module:
// `node client.mjs ws://127.0.0.1:9001`.
import webSocket from 'arkws';

const [server] = process.argv.slice(2);
const agent = 'arkws-module';

/** Connects, hands each message to `listener`, and waits for the end. */
function session(path, listener) {
  return new Promise((resolve) => {
    const ws = webSocket.createWebSocket();
    ws.on('message', (_, message) => listener(ws, message));
    ws.on('close', () => resolve());
    // Most cases break a rule, and end in an error on our side: it is the server that judges.
    ws.on('error', () => {});
    ws.connect(`${server}${path}`, { perMessageDeflate: true, proxy: 'no-proxy' });
  });
}

let cases = 0;
await session('/getCaseCount', (_, count) => (cases = Number(count)));
for (let number = 1; number <= cases; number++) {
  // An answer that finds the connection gone is the case's doing, too.
  await session(`/runCase?case=${number}&agent=${agent}`, (ws, message) =>
    ws.send(message).catch(() => {}),
  );
}
await session(`/updateReports?agent=${agent}`, () => {});
