// What arkws adds to the platform's client: state and counters, and connecting again by itself.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import arkws from 'arkws';
import { messages, next, openClient, rejection } from './events.mjs';
import { echo, serve } from './servers.mjs';

const f = () => {};

describe('readyState', () => {
  it('goes from closed through connecting, open and closing back to closed', async (t) => {
    const url = await serve(t, f);
    const ws = arkws.createWebSocket();
    assert.equal(ws.readyState, 3);
    const [open, close] = [next(ws, 'open'), next(ws, 'close')];
    const connecting = ws.connect(url);
    assert.equal(ws.readyState, 0);
    await connecting;
    await open;
    assert.equal(ws.readyState, 1);
    const closing = ws.close();
    assert.equal(ws.readyState, 2);
    await closing;
    await close;
    assert.equal(ws.readyState, 3);
  });

  it('cannot be set', () => {
    const ws = arkws.createWebSocket();
    assert.throws(() => (ws.readyState = 1), TypeError);
    assert.throws(() => (ws.bufferedAmount = 1), TypeError);
  });
});

describe('bufferedAmount', () => {
  it('counts what the operating system has not taken yet', async (t) => {
    let server;
    const url = await serve(t, (socket) => {
      server = socket;
      socket.pause();
    });
    const ws = await openClient(t, url);
    assert.equal(ws.bufferedAmount, 0);
    const sent = Promise.all(Array.from({ length: 10 }, () => ws.send(new ArrayBuffer(4 << 20))));
    assert.ok(ws.bufferedAmount > 30 << 20);
    server.resume();
    await sent;
    assert.equal(ws.bufferedAmount, 0);
  });
});

describe('stats', () => {
  it('count messages and bytes, and name what was agreed on', async (t) => {
    const url = await serve(t, echo, { handleProtocols: () => 'b', perMessageDeflate: true });
    const ws = await openClient(t, url, { protocol: 'a, b', perMessageDeflate: true });
    const echoed = messages(ws, 3);
    for (const data of ['one', 'two', new ArrayBuffer(100)]) await ws.send(data);
    await echoed;
    const stats = ws.stats();
    assert.equal(stats.messagesSent, 3);
    assert.equal(stats.messagesReceived, 3);
    assert.ok(stats.bytesSent > 15 && stats.bytesReceived > 15);
    assert.equal(stats.protocol, 'b');
    assert.match(stats.extensions, /^permessage-deflate/);
    assert.equal(stats.remoteAddress, url.slice('ws://'.length));
    assert.equal(stats.tlsVersion, undefined);
    assert.equal(stats.roundTripTime, undefined);
    assert.equal(stats.pingsSent, 0);
  });

  it('tell of the heartbeat', async (t) => {
    const url = await serve(t, (socket) => socket.on('ping', () => socket.ping()));
    const ws = await openClient(t, url, { pingInterval: 1 });
    const end = Date.now() + 10_000;
    while (ws.stats().pingsReceived === 0 && Date.now() < end)
      await new Promise((resolve) => setTimeout(resolve, 50));
    const { pingsSent, pingsReceived, roundTripTime } = ws.stats();
    assert.ok(pingsSent >= 1 && pingsReceived >= 1);
    assert.ok(roundTripTime > 0 && roundTripTime < 10_000);
  });
});

describe('a message that is larger than maxMessageSize', () => {
  it('ends the connection: the server is told 1009', async (t) => {
    let told;
    const code = new Promise((resolve) => (told = resolve));
    const url = await serve(t, (socket) => {
      socket.on('close', told);
      socket.send('x'.repeat(1001));
    });
    const ws = arkws.createWebSocket();
    const [error, close] = [next(ws, 'error'), next(ws, 'close')];
    await ws.connect(url, { maxMessageSize: 1000 });
    assert.equal((await error)[0].cause, 'too-big');
    // To the program it is a lost connection, with the cause as reason.
    const [, { code: lost, reason }] = await close;
    assert.equal(lost, 1006);
    assert.match(reason, /1000/);
    assert.equal(await code, 1009);
  });
});

describe('reconnect', () => {
  const quick = { initialDelay: 10, maxDelay: 20 };

  it('comes back after a loss, and sends what was sent meanwhile', async (t) => {
    let sockets = 0;
    const received = [];
    const url = await serve(t, (socket) => {
      socket.on('message', (data) => {
        received.push(String(data));
        socket.send(data.toString());
      });
      if (++sockets === 1) setTimeout(() => socket.terminate(), 20);
    });
    const ws = arkws.createWebSocket();
    t.after(() => ws.close().catch(f));
    const events = [];
    for (const type of ['open', 'error', 'close', 'reconnecting', 'reconnected']) {
      ws.on(type, (first, second) => events.push([type, first ?? second]));
    }
    const lost = next(ws, 'reconnecting');
    const back = next(ws, 'reconnected');
    await ws.connect(url, { reconnect: quick });
    const [{ attempt, delay, cause }] = await lost;
    assert.equal(attempt, 1);
    assert.ok(delay >= 0 && delay <= 10);
    assert.equal(cause.code, 200);
    assert.equal(cause.cause, 'reset');
    assert.equal(ws.readyState, 0);
    const echoed = messages(ws, 2);
    assert.deepEqual(await Promise.all([ws.send('a'), ws.send('b')]), [true, true]);
    assert.deepEqual(await back, [{ attempts: 1 }]);
    assert.deepEqual(await echoed, ['a', 'b']);
    assert.deepEqual(received, ['a', 'b']);
    assert.equal(events.filter(([type]) => type === 'open').length, 2);
    assert.equal(events.filter(([type]) => type === 'close').length, 0);
  });

  it('answers the sends that were lost, and those after it, as what they were, also if the program was busy meanwhile', async (t) => {
    // On a thread of its own, because this one blocks: resets its first connection, from which it
    // does not read, when it is told to.
    const server = new Worker(
      `
      const { createHash } = require('node:crypto');
      const { createServer } = require('node:http');
      const { parentPort } = require('node:worker_threads');
      const sockets = [];
      const server = createServer().listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
      server.on('upgrade', ({ headers }, socket) => {
        const key = headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
        const accept = createHash('sha1').update(key).digest('base64');
        const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Accept: ' + accept];
        socket.on('error', () => {});
        socket.write(lines.join('\\r\\n') + '\\r\\n\\r\\n');
        if (sockets.push(socket) > 1) socket.resume();
      });
      parentPort.on('message', () => sockets[0].resetAndDestroy());
    `,
      { eval: true },
    );
    t.after(() => server.terminate());
    const [port] = await once(server, 'message');
    const ws = await openClient(t, `ws://127.0.0.1:${port}`, { reconnect: quick });
    let lost;
    let written;
    do {
      if (ws.bufferedAmount === 0) lost = ws.send(new ArrayBuffer(4 << 20));
      written = ws.stats().bytesSent;
      await new Promise((resolve) => setTimeout(resolve, 100));
    } while (ws.bufferedAmount === 0 || ws.stats().bytesSent > written);

    server.postMessage('reset');
    const blockWhile = (state) => {
      const cell = new Int32Array(new SharedArrayBuffer(4));
      for (let i = 0; i < 5000 && (ws.readyState === 1) === state; i++) Atomics.wait(cell, 0, 0, 1);
    };
    blockWhile(true);
    blockWhile(false);
    const sent = ws.send('after');

    const [error, answer] = await Promise.all([rejection(lost), sent]);
    assert.equal(error.code, -1);
    assert.equal(answer, true);
  });

  it('refuses sends beyond maxQueuedBytes', async (t) => {
    const url = await serve(t, (socket) => setTimeout(() => socket.terminate(), 20));
    const ws = arkws.createWebSocket();
    t.after(() => ws.close().catch(f));
    const lost = next(ws, 'reconnecting');
    await ws.connect(url, {
      reconnect: { initialDelay: 60_000, maxDelay: 60_000, jitter: false, maxQueuedBytes: 1000 },
    });
    const [{ delay }] = await lost;
    assert.equal(delay, 60_000);
    const kept = ws.send('x'.repeat(900));
    kept.catch(f);
    assert.equal((await rejection(ws.send('x'.repeat(200)))).code, -1);
  });

  it('gives up after maxAttempts, with error and close', async (t) => {
    const url = await serve(t, (socket) => socket.terminate(), {
      verifyClient: (_, done) => done(++knocks === 1),
    });
    let knocks = 0;
    const ws = arkws.createWebSocket();
    const attempts = [];
    ws.on('reconnecting', ({ attempt }) => attempts.push(attempt));
    const failed = next(ws, 'error');
    await ws.connect(url, {
      reconnect: { ...quick, maxAttempts: 3, retryOn: ['reset', 'handshake'] },
    });
    await failed;
    assert.deepEqual(attempts, [1, 2, 3]);
    assert.equal(knocks, 4);
  });

  it('tries again on the declared causes that a connection can end with, and on nothing else', async () => {
    const declarations = await readFile(new URL('../index.d.ts', import.meta.url), 'utf8');
    const [, type] = /type ErrorCause =([^;]*);/.exec(declarations);
    const declared = [...type.matchAll(/'([a-z-]+)'/g)].map(([, name]) => name);
    const ofCallsAndServers = ['limit', 'queue-full', 'flood', 'system'];
    const ending = declared.filter((name) => !ofCallsAndServers.includes(name));

    const refusal = (cause) => {
      const ws = arkws.createWebSocket();
      return rejection(ws.connect('ws://127.0.0.1/', { reconnect: { retryOn: [cause] } }));
    };
    for (const cause of ['bad luck', ...ofCallsAndServers]) {
      const { code, message } = await refusal(cause);
      assert.equal(code, 401);
      const [, named] = /; the causes are (.*)$/.exec(message);
      const expected = declared.includes(cause) ? ending : declared;
      assert.deepEqual(named.split(', ').sort(), [...expected].sort());
    }
  });

  it('ends with close()', async (t) => {
    const url = await serve(t, (socket) => setTimeout(() => socket.terminate(), 20));
    const ws = arkws.createWebSocket();
    const lost = next(ws, 'reconnecting');
    await ws.connect(url, { reconnect: { initialDelay: 60_000, maxDelay: 60_000 } });
    await lost;
    const closed = next(ws, 'close');
    assert.equal(await ws.close(), true);
    await closed;
    assert.equal(ws.readyState, 3);
  });

  it('is off by default', async (t) => {
    const url = await serve(t, (socket) => setTimeout(() => socket.terminate(), 20));
    const ws = arkws.createWebSocket();
    ws.on('reconnecting', () => assert.fail('nobody asked for it'));
    const closed = next(ws, 'close');
    await ws.connect(url);
    assert.equal((await closed)[1].code, 1006);
  });
});
