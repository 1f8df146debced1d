// A peer that takes what is sent, however slowly, lives: no heartbeat ends it.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openClient } from './events.mjs';
import { running, serve } from './servers.mjs';
import { MESSAGES, SIZE, first, getsAll, slowly } from './slowly.mjs';

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
    const { server, port } = await running(t, { pingInterval: 1 });
    await getsAll(server, `ws://127.0.0.1:${await slowly(t, port, 'back')}`);
  });
});
