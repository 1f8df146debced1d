// Events of one packet: a program that awaits one of them, and then adds a listener, misses none of
// the others.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import arkws, { setApiVersion } from 'arkws';
import { next, rejection } from './events.mjs';
import { close, frame, onePacket, text } from './one-packet.mjs';
import { folder, node } from './support.mjs';

/** A client whose `open` has come. */
async function opened(t, url, options = {}) {
  const ws = arkws.createWebSocket();
  t.after(() => ws.close().catch(() => {}));
  const open = next(ws, 'open');
  await ws.connect(url, options);
  await open;
  return ws;
}

/** All messages until the `close` event. */
function untilClose(ws) {
  const all = [];
  return new Promise((resolve) => {
    ws.on('message', (_, value) => all.push(value));
    ws.on('close', () => resolve(all));
  });
}

async function jobs(count) {
  for (let i = 0; i < count; i++) await undefined;
}

const numbered = (count) => Array.from({ length: count }, (_, i) => `message ${i}`);

describe('events of one packet', () => {
  for (const wait of [0, 1, 3, 20]) {
    it(`come to listeners that are added ${wait} promise jobs after open`, async (t) => {
      const sent = numbered(5);
      const url = await onePacket(t, [...sent.map(text), close(1000)]);
      for (let i = 0; i < 20; i++) {
        const ws = await opened(t, url);
        await jobs(wait);
        assert.deepEqual(await untilClose(ws), sent);
      }
    });
  }

  for (const level of [10, 12]) {
    for (const long of [1, 10_000]) {
      it(`dataEnd among them, at API level ${level}, of messages of ${long} bytes`, async (t) => {
        const sent = ['a', 'b', 'c'].map((letter) => letter.repeat(long));
        const url = await onePacket(t, [...sent.map(text), close(1000)]);
        setApiVersion(level);
        t.after(() => setApiVersion(undefined));
        const ws = await opened(t, url);
        const closed = next(ws, 'close');
        for (const message of sent) {
          for (let got = ''; got !== message; ) {
            const [, value] = await next(ws, 'message');
            got += value;
          }
          await next(ws, 'dataEnd');
        }
        await closed;
      });
    }
  }

  it('come to listeners that are added in a tick, and after queueMicrotask', async (t) => {
    const url = await onePacket(t, [text('a'), close(1000)]);
    for (const later of [process.nextTick, queueMicrotask]) {
      const ws = await opened(t, url);
      const all = await new Promise((resolve) => later(() => resolve(untilClose(ws))));
      assert.deepEqual(all, ['a']);
    }
  });

  it('are each awaited by itself', async (t) => {
    const url = await onePacket(t, [text('a'), text('b'), close(4001, 'c')]);
    const ws = arkws.createWebSocket();
    const header = next(ws, 'headerReceive');
    await ws.connect(url);
    const [headers] = await header;
    assert.equal(headers.upgrade, 'websocket');
    const [, open] = await next(ws, 'open');
    assert.equal(open.status, 101);
    const [, info] = await next(ws, 'openInfo');
    assert.equal(info.status, 101);
    assert.deepEqual(await next(ws, 'message'), [undefined, 'a']);
    assert.deepEqual(await next(ws, 'message'), [undefined, 'b']);
    assert.deepEqual(await next(ws, 'close'), [undefined, { code: 4001, reason: 'c' }]);
  });

  it('that break the protocol: error and close, after a message', async (t) => {
    const url = await onePacket(t, [text('a'), frame(3, 'reserved')]);
    const ws = await opened(t, url);
    assert.deepEqual(await next(ws, 'message'), [undefined, 'a']);
    const [error] = await next(ws, 'error');
    assert.equal(error.cause, 'protocol');
    const [, end] = await next(ws, 'close');
    assert.equal(end.code, 1006);
  });

  for (const views of [false, true]) {
    it(`that are binary${views ? ' views' : ''}, of any size, one by one`, async (t) => {
      const sizes = [0, 1, 5, 100, 125, 2, 0, 125];
      const url = await onePacket(t, [
        ...sizes.map((size) => frame(2, Buffer.alloc(size, size))),
        close(1000),
      ]);
      const ws = await opened(t, url, views ? { binaryType: 'uint8array' } : {});
      for (const size of sizes) {
        const [, data] = await next(ws, 'message');
        assert.deepEqual(Buffer.from(data), Buffer.alloc(size, size));
      }
      await next(ws, 'close');
    });
  }

  it('that are texts of all kinds, one by one, and then all', async (t) => {
    const kinds = ['ascii', 'käse', '日本語', '', 'x'.repeat(100), '🙂'];
    const sent = Array.from({ length: 600 }, (_, i) => kinds[i % kinds.length] + (i % 7));
    const url = await onePacket(t, [...sent.map(text), close(1000)]);
    const ws = await opened(t, url);
    const got = [];
    for (let i = 0; i < 50; i++) got.push((await next(ws, 'message'))[1]);
    assert.deepEqual([...got, ...(await untilClose(ws))], sent);
  });

  it('do not stop at messages that have a listener', async (t) => {
    const sent = numbered(500);
    const url = await onePacket(t, [...sent.map(text), close(1000)]);
    const ws = await opened(t, url);
    let inARow = 0;
    let longest = 0;
    ws.on('message', () => {
      longest = Math.max(longest, ++inARow);
      queueMicrotask(() => (inARow = 0));
    });
    await next(ws, 'close');
    assert.ok(longest >= 100, `${longest} in a row`);
  });

  it('that nobody listens to are gone, also for listeners that come a turn later', async (t) => {
    const url = await onePacket(t, numbered(2000).map(text));
    const ws = await opened(t, url);
    await new Promise(setImmediate);
    while (ws.stats().messagesReceived < 2000) await new Promise(setImmediate);
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    ws.on('message', () => assert.fail('a message was kept'));
    const end = next(ws, 'close');
    ws.close();
    await end;
  });

  it('raise dataEnd for a message without a listener', async (t) => {
    const url = await onePacket(t, [text('a'), text('b'), close(1000)]);
    const ws = await opened(t, url);
    let ends = 0;
    ws.on('dataEnd', () => ends++);
    await next(ws, 'close');
    assert.equal(ends, 2);
  });

  it('come to listeners that are added when a send has failed', async () => {
    const ws = arkws.createWebSocket();
    const isConnected = ws.connect('ws://127.0.0.1:1');
    const sent = rejection(ws.send('x'));
    await isConnected;
    assert.equal((await sent).code, -1);
    assert.equal((await next(ws, 'error'))[0].cause, 'refused');
  });

  it('of several clients at the same time', async (t) => {
    const url = await onePacket(t, [text('a'), text('b'), close(1000)]);
    const client = async (_, number) => {
      const ws = await opened(t, url);
      await jobs(number);
      return untilClose(ws);
    };
    const all = await Promise.all(Array.from({ length: 20 }, client));
    for (const got of all) assert.deepEqual(got, ['a', 'b']);
  });

  it('are kept when a listener throws, in order and each once', async (t) => {
    const url = await onePacket(t, [...numbered(300).map(text), close(1000)]);
    const root = await folder({
      'main.mjs': `
        import arkws from 'arkws';
        const thrown = [], got = [], others = [];
        process.on('uncaughtException', (error) => thrown.push(error.message));
        const ws = arkws.createWebSocket();
        ws.on('open', () => { throw new Error('open'); });
        ws.on('openInfo', () => { throw new Error('openInfo'); });
        ws.on('message', (_, value) => { got.push(value); if (got.length % 3 === 0) throw new Error(value); });
        ws.on('message', (_, value) => others.push(value));
        ws.on('close', () => { console.log(JSON.stringify({ thrown, got, others })); });
        ws.connect(process.argv[2]);`,
    });
    const { stdout, stderr } = await node(['main.mjs', url], { cwd: root });
    assert.equal(stderr, '');
    const { thrown, got, others } = JSON.parse(stdout);
    assert.deepEqual(got, numbered(300));
    assert.deepEqual(others, numbered(300));
    assert.deepEqual(thrown, ['open', 'openInfo', ...numbered(300).filter((_, i) => i % 3 === 2)]);
  });

  it('are not delivered after the program has closed, in a promise job', async (t) => {
    const url = await onePacket(t, numbered(10).map(text));
    const ws = await opened(t, url);
    await next(ws, 'message');
    ws.on('message', () => assert.fail('after close'));
    const end = next(ws, 'close');
    ws.close();
    await end;
  });

  it('end with the worker that has them', async (t) => {
    const url = await onePacket(t, numbered(1000).map(text));
    const root = await folder({
      'main.mjs': `
        import { Worker } from 'node:worker_threads';
        for (let i = 0; i < 20; i++) {
          const worker = new Worker(new URL('worker.mjs', import.meta.url), { argv: [process.argv[2]] });
          await new Promise((resolve) => worker.once('message', () => resolve(worker.terminate())));
        }
        console.log('done');`,
      'worker.mjs': `
        import arkws from 'arkws';
        import { parentPort } from 'node:worker_threads';
        const ws = arkws.createWebSocket();
        await ws.connect(process.argv[2]);
        for (;;) await new Promise((resolve) => {
          const listener = () => { ws.off('message', listener); parentPort.postMessage(0); resolve(); };
          ws.on('message', listener);
        });`,
    });
    const { stdout, stderr, code } = await node(['main.mjs', url], { cwd: root });
    assert.deepEqual([stdout, stderr, code], ['done\n', '', 0]);
  });

  it('keep neither timers nor immediates from their turns', async (t) => {
    const url = await onePacket(t, [...numbered(3000).map(text), close(1000)]);
    const ws = await opened(t, url);
    let turns = 0;
    const turn = () => (turns++, (immediate = setImmediate(turn)));
    let immediate = setImmediate(turn);
    const slow = () => {
      const until = performance.now() + 0.1;
      while (performance.now() < until);
    };
    let got = 0;
    const end = next(ws, 'close').then(() => 'close');
    while ((await Promise.race([next(ws, 'message'), end])) !== 'close') {
      got++;
      slow();
    }
    clearImmediate(immediate);
    assert.equal(got, 3000);
    assert.ok(turns >= 5, `${turns} turns in 300 ms`);
  });
});

/** Sends a handshake and masked texts in one write. */
async function clientOfOnePacket(t, port, texts) {
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  const request = `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;
  const frames = texts.map((payload) => {
    const bytes = Buffer.from(payload);
    return Buffer.concat([Buffer.from([0x81, 0x80 | bytes.length, 0, 0, 0, 0]), bytes]);
  });
  socket.write(Buffer.concat([Buffer.from(request), ...frames]));
  return socket;
}

describe('events of one packet, of a server', () => {
  it('come to listeners that are added after connect, and after each message', async (t) => {
    const server = arkws.createWebSocketServer();
    t.after(() => server.stop().catch(() => {}));
    await server.start({ serverIP: '127.0.0.1', serverPort: 0 });
    const { port } = server.listAddress();
    for (let i = 0; i < 20; i++) {
      const socket = await clientOfOnePacket(t, port, ['a', 'b', 'c', 'd']);
      await next(server, 'connect');
      for (const expected of ['a', 'b']) {
        await jobs(2);
        const [{ data }] = await next(server, 'messageReceive');
        assert.equal(data, expected);
      }
      const rest = [];
      const listener = ({ data }) => rest.push(data);
      server.on('messageReceive', listener);
      socket.end();
      await next(server, 'close');
      server.off('messageReceive', listener);
      assert.deepEqual(rest, ['c', 'd']);
    }
  });

  it('come to listeners that are added after request', async (t) => {
    const server = arkws.createWebSocketServer();
    t.after(() => server.stop().catch(() => {}));
    await server.start({ serverIP: '127.0.0.1', serverPort: 0 });
    const { port } = server.listAddress();
    const asked = next(server, 'request');
    await clientOfOnePacket(t, port, ['a']);
    await asked;
    await next(server, 'connect');
    const [{ data }] = await next(server, 'messageReceive');
    assert.equal(data, 'a');
  });
});
