// Reconnecting in real time, with servers that really go and come back.
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { describe, it } from 'node:test';
import webSocket from 'arkws';
import { WebSocketServer } from 'ws';
import { connected, next, rejection, several } from '../../npm/test/events.mjs';

/** Small delays: nothing here waits for long. */
const SOON = { initialDelay: 20, maxDelay: 50, jitter: false };

/** A server of npm `ws` that can go, and come back on the same port. */
async function restartable(t, connected = () => {}) {
  let server;
  let port = 0;
  const up = async () => {
    server = new WebSocketServer({ host: '127.0.0.1', port });
    server.on('connection', connected);
    await once(server, 'listening');
    ({ port } = server.address());
  };
  const down = async (end = (client) => client.terminate()) => {
    for (const client of server.clients) end(client);
    await new Promise((resolve) => server.close(resolve));
  };
  await up();
  t.after(() => down().catch(() => {}));
  return { url: `ws://127.0.0.1:${port}`, up, down };
}

/**
 * A connected client with `reconnect`, and all its events by name; it gives up when the test ends.
 */
async function persistent(t, url, reconnect = SOON) {
  const ws = await connected(url, { reconnect });
  const events = [];
  for (const type of ['open', 'error', 'close', 'reconnecting', 'reconnected'])
    ws.on(type, () => events.push(type));
  t.after(() => ws.close().catch(() => {}));
  return { ws, events };
}

describe('a client with reconnect', { timeout: 60_000 }, () => {
  it('comes back when the server does, and sends in order what was sent meanwhile', async (t) => {
    const arrivals = new EventEmitter();
    const server = await restartable(t, (socket) => {
      socket.on('message', (data) => arrivals.emit('message', data.toString()));
    });
    const { ws, events } = await persistent(t, server.url);
    ws.send('before');
    assert.deepEqual(await once(arrivals, 'message'), ['before']);

    // When the server goes,
    const attempts = several(ws, 'reconnecting', 3);
    await server.down();
    const [[first], [second], [third]] = await attempts;
    assert.deepEqual([first.attempt, second.attempt, third.attempt], [1, 2, 3]);
    assert.deepEqual([first.delay, second.delay, third.delay], [20, 40, 50]);
    assert.equal(first.cause.code, 200);
    assert.equal(first.cause.cause, 'reset');
    assert.equal(second.cause.cause, 'refused');
    assert.notEqual(ws.readyState, 1);

    // and the program goes on sending,
    const sends = Array.from({ length: 100 }, (_, i) => ws.send(`${i}`));
    const back = next(ws, 'reconnected');
    const received = [];
    const all = new Promise((resolve) => {
      arrivals.on('message', (data) => received.push(data) === sends.length && resolve());
    });
    await server.up();

    // then nothing is lost, and nothing said but that it was away.
    const [{ attempts: needed }] = await back;
    assert.ok(needed >= 3);
    assert.deepEqual(new Set(await Promise.all(sends)), new Set([true]));
    await all;
    assert.deepEqual(
      received,
      Array.from({ length: 100 }, (_, i) => `${i}`),
    );
    assert.deepEqual([...new Set(events)], ['reconnecting', 'open', 'reconnected']);
    assert.deepEqual(events.slice(-2), ['open', 'reconnected']);

    // And it ends when it is closed.
    const closed = next(ws, 'close');
    await ws.close();
    assert.deepEqual(await closed, [undefined, { code: 1000, reason: 'CLOSE_NORMAL' }]);
  });

  it('comes back to our own server that was stopped and started', async (t) => {
    const server = webSocket.createWebSocketServer();
    t.after(() => server.stop().catch(() => {}));
    await server.start({ serverIP: '127.0.0.1', serverPort: 0 });
    const { port } = server.listAddress();
    const { ws } = await persistent(t, `ws://127.0.0.1:${port}`);
    const [leaving, back] = [next(ws, 'reconnecting'), next(ws, 'reconnected')];
    server.stop();
    server.start({ serverIP: '127.0.0.1', serverPort: port });
    const [{ cause }] = await leaving;
    assert.match(cause.message, /closed the connection with 1001: server is going away/);
    await back;
    const message = next(server, 'messageReceive');
    await ws.send('again');
    assert.equal((await message)[0].data, 'again');
  });

  it('does not come back to a server that said goodbye for good', async (t) => {
    const server = await restartable(t, (socket) => socket.close(4000, 'for good'));
    const ws = webSocket.createWebSocket();
    ws.on('reconnecting', () => assert.fail());
    const closed = next(ws, 'close');
    await ws.connect(server.url, { reconnect: SOON });
    assert.deepEqual(await closed, [undefined, { code: 4000, reason: 'for good' }]);
  });

  it('gives up after maxAttempts: error, then close', async (t) => {
    const server = await restartable(t);
    const { ws, events } = await persistent(t, server.url, { ...SOON, maxAttempts: 2 });
    const [failed, closed] = [next(ws, 'error'), next(ws, 'close')];
    const queued = next(ws, 'reconnecting').then(() => rejection(ws.send('never')));
    await server.down();
    assert.equal((await failed)[0].cause, 'refused');
    const [, { code, reason }] = await closed;
    assert.equal(code, 1006);
    assert.match(reason, /refused/);
    assert.deepEqual(events, ['reconnecting', 'reconnecting', 'error', 'close']);
    assert.equal((await queued).code, -1);
    // The object is free again.
    await server.up();
    const open = next(ws, 'open');
    await ws.connect(server.url);
    await open;
  });

  it('stops when it is closed while it waits', async (t) => {
    const server = await restartable(t);
    const { ws, events } = await persistent(t, server.url, { initialDelay: 60_000 });
    const leaving = next(ws, 'reconnecting');
    await server.down();
    await leaving;
    const closed = next(ws, 'close');
    const lost = rejection(ws.send('never'));
    assert.equal(await ws.close({ code: 1000, reason: 'enough' }), true);
    assert.deepEqual((await closed)[1], { code: 1000, reason: 'enough' });
    assert.equal((await lost).code, -1);
    assert.deepEqual(events, ['reconnecting', 'close']);
  });

  it('refuses sends when maxQueuedBytes wait', async (t) => {
    const server = await restartable(t);
    const { ws } = await persistent(t, server.url, { ...SOON, maxQueuedBytes: 1000 });
    const leaving = next(ws, 'reconnecting');
    await server.down();
    await leaving;
    const kept = ws.send('a'.repeat(900));
    const { code, message } = await rejection(ws.send('b'.repeat(900)));
    assert.equal(code, -1);
    assert.match(message, /1000/);
    await server.up();
    assert.equal(await kept, true);
  });

  it('tries again from the start, if the first attempt fails', async (t) => {
    const server = await restartable(t);
    await server.down();
    const ws = webSocket.createWebSocket();
    t.after(() => ws.close().catch(() => {}));
    ws.on('error', (error) => assert.fail(error));
    const [trying, open] = [next(ws, 'reconnecting'), next(ws, 'open')];
    assert.equal(await ws.connect(server.url, { reconnect: SOON }), true);
    assert.equal((await trying)[0].cause.cause, 'refused');
    await server.up();
    await open;
  });
});

describe('a client without reconnect', { timeout: 60_000 }, () => {
  it('stays away', async (t) => {
    const server = await restartable(t);
    const ws = await connected(server.url);
    ws.on('reconnecting', () => assert.fail());
    const [failed, closed] = [next(ws, 'error'), next(ws, 'close')];
    await server.down();
    assert.equal((await failed)[0].cause, 'reset');
    assert.equal((await closed)[1].code, 1006);
    await assert.rejects(ws.send('a'), { code: -1 });
  });
});
