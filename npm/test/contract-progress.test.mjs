// A peer that takes what is sent, however slowly, lives: no heartbeat ends it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as after } from 'node:timers/promises';
import { WebSocket } from 'ws';
import arkws from 'arkws';
import { next, openClient } from './events.mjs';
import { serve } from './servers.mjs';

const MESSAGES = 5;
const SIZE = 2 << 20;
/** Bytes a second: what a kernel holds, some 4 MB, takes longer than the heartbeat has. */
const RATE = 1_900_000;

/**
 * A port that leads to `port`, and lets that much through in the direction that `slow` names: its
 * peer there seems to read slowly. Closed after the tests of `t`.
 */
async function slowly(t, port, slow) {
  const server = createServer({ pauseOnConnect: true }, async (near) => {
    const far = connect(port, '127.0.0.1');
    for (const end of [near, far]) end.on('error', () => {});
    const [from, to] = slow === 'forth' ? [near, far] : [far, near];
    to.pipe(from);
    await once(far, 'connect');
    near.resume();
    from.pause();
    for await (const part of from) {
      to.write(part);
      await after((part.length / RATE) * 1000);
    }
    to.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return server.address().port;
}

/** The next event of a type, unless an `error` comes first. */
function first(object, type) {
  const failed = next(object, 'error').then(([error]) => Promise.reject(error));
  return Promise.race([next(object, type), failed]);
}

describe('a slow peer gets all, answers pings, and stays', { timeout: 60_000 }, () => {
  it('of a client', async (t) => {
    let left = MESSAGES;
    const thank = (peer) => peer.on('message', () => --left === 0 && peer.send('thanks'));
    const url = await serve(t, thank);
    const port = await slowly(t, new URL(url).port, 'forth');
    const options = { pingInterval: 1, pongTimeout: 1 };
    const ws = await openClient(t, `ws://127.0.0.1:${port}`, options);
    const thanks = first(ws, 'message');
    const sends = Array.from({ length: MESSAGES }, () => ws.send(new ArrayBuffer(SIZE)));
    assert.deepEqual(
      await Promise.all(sends),
      sends.map(() => true),
    );
    assert.equal((await thanks)[1], 'thanks');
    const { pingsSent, roundTripTime } = ws.stats();
    assert.ok(pingsSent > 0 && roundTripTime > 0, `${pingsSent} ${roundTripTime}`);
  });

  it('of a server', async (t) => {
    const server = arkws.createWebSocketServer();
    t.after(() => server.stop().catch(() => {}));
    await server.start({ serverIP: '127.0.0.1', serverPort: 0, pingInterval: 500 });
    const port = await slowly(t, server.listAddress().port, 'back');
    const connect = next(server, 'connect');
    const peer = new WebSocket(`ws://127.0.0.1:${port}`);
    let left = MESSAGES;
    peer.on('message', () => --left === 0 && peer.send('thanks'));
    peer.on('error', () => {});
    const [client] = await connect;
    const thanks = first(server, 'messageReceive');
    const send = () => server.send(new ArrayBuffer(SIZE), client);
    const sends = Array.from({ length: MESSAGES }, send);
    assert.deepEqual(
      await Promise.all(sends),
      sends.map(() => true),
    );
    assert.equal((await thanks)[0].data, 'thanks');
    peer.close();
    await next(server, 'close');
  });
});
