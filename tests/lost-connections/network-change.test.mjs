// A client that waits for an hour to reconnect, and the network changes.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { it } from 'node:test';
import webSocket, { networkChanged } from 'arkws';
import { network } from 'arkws/testing';
import { WebSocketServer } from 'ws';
import { next } from '../../npm/test/events.mjs';

const HOUR = 3_600_000;

for (const [name, change] of Object.entries({
  'networkChanged()': networkChanged,
  'the netAvailable that a test makes': () => network.restore(),
})) {
  it(`${name} ends the wait`, { timeout: 60_000 }, async (t) => {
    const ws = webSocket.createWebSocket();
    t.after(() => ws.close().catch(() => {}));
    const waits = next(ws, 'reconnecting');
    let server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await once(server, 'listening');
    const { port } = server.address();
    const reconnect = { initialDelay: HOUR, maxDelay: HOUR, jitter: false };
    const [connection] = await Promise.all([
      once(server, 'connection').then(([socket]) => socket),
      ws.connect(`ws://127.0.0.1:${port}`, { reconnect }),
    ]);
    const closed = new Promise((resolve) => server.close(resolve));
    connection.terminate();
    await closed;
    assert.equal((await waits)[0].delay, HOUR);

    server = new WebSocketServer({ host: '127.0.0.1', port });
    t.after(() => server.close());
    await once(server, 'listening');
    const back = next(ws, 'reconnected');
    change();
    assert.deepEqual(await back, [{ attempts: 1 }]);
  });
}
