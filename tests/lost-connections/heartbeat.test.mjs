// Heartbeat in real time; its rules are tested on simulated time in the Rust crates.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:https';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import webSocket from 'arkws';
import { connected, next } from '../../npm/test/events.mjs';
import { serve } from '../../npm/test/servers.mjs';
import { getsAll, slowly } from '../../npm/test/slowly.mjs';
import { opening } from '../bad-input/support.mjs';
import { certificates } from '../support.mjs';

describe('pingInterval of 1 s', { timeout: 60_000 }, () => {
  it('ends the connection to a server that stops answering, with the cause', async (t) => {
    const address = await opening(t, () => {});
    const ws = await connected(`ws://${address}`, { pingInterval: 1, pongTimeout: 1 });
    const events = [];
    ws.on('error', (error) => events.push(error));
    const [, result] = await next(ws, 'close');
    const [error, ...others] = events;
    assert.deepEqual(others, []);
    assert.equal(error.code, 200);
    assert.equal(error.data, '0');
    assert.equal(error.cause, 'heartbeat');
    assert.match(error.message, /pingInterval|pongTimeout/);
    assert.equal(result.code, 1006);
    assert.match(error.message, new RegExp(result.reason.slice(0, 20)));
  });

  it('keeps the connection to a server that answers, and knows the round-trip time', async (t) => {
    let pinged;
    const url = await serve(t, (socket) => (pinged = once(socket, 'ping')));
    const ws = await connected(url, { pingInterval: 1, pongTimeout: 1 });
    ws.on('error', (error) => assert.fail(error));
    await pinged;
    while (ws.stats().roundTripTime === undefined) await sleep(10);
    assert.ok(ws.stats().pingsSent >= 1);
    const closed = next(ws, 'close');
    ws.close();
    assert.equal((await closed)[1].code, 1000);
  });

  it('keeps the connection to a server that sends data instead of pongs', async (t) => {
    const address = await opening(t, (socket) => {
      const message = setInterval(() => socket.write(Buffer.from([0x81, 1, 0x61])), 300);
      socket.on('close', () => clearInterval(message));
    });
    const ws = await connected(`ws://${address}`, { pingInterval: 1, pongTimeout: 1 });
    ws.on('error', (error) => assert.fail(error));
    // Without the data it would have ended after 2 s.
    for (let i = 0; i < 10; i++) await next(ws, 'message');
    assert.equal(ws.readyState, 1);
    const closed = next(ws, 'close');
    ws.close();
    await closed;
  });
});

describe('a server whose clients Node.js speaks TLS with', { timeout: 60_000 }, () => {
  it('keeps one that takes what is sent slowly', async (t) => {
    const https = createServer(await (await certificates()).read('valid'));
    https.listen(0, '127.0.0.1');
    await once(https, 'listening');
    const server = webSocket.createWebSocketServer();
    t.after(() => {
      server.stop().catch(() => {});
      https.close();
    });
    await server.start({ server: https, pingInterval: 1 });
    const port = await slowly(t, https.address().port, 'back');
    await getsAll(server, `wss://localhost:${port}`, { rejectUnauthorized: false });
  });
});
