// JavaScript owns the memory of each message, whatever its size: no size, no thread and no want of
// memory ends the process, or another connection.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { on, once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import webSocket from 'arkws';
import { WebSocket } from 'ws';
import { serve } from './servers.mjs';
import { folder, nativeModule, node } from './support.mjs';

const MIB = 1 << 20;
/** Around the sizes at which the module takes another way. */
const SIZES = [16, 32, 60, 64, 200, 1024]
  .flatMap((kib) => [kib * 1024 - 1, kib * 1024])
  .concat(3 * MIB);

/** A native module in a runtime whose strings have at most so many units. */
const limited = (units) => `
  const { start } = require('${nativeModule}');
  exports.start = (wake, deliver, makeBuffer, text, binary) =>
    start(wake, deliver, makeBuffer, ${units}, binary);
`;

/** Large buffers cannot be made, from here on. */
const NO_LARGE_BUFFERS = `
  const Real = ArrayBuffer;
  globalThis.ArrayBuffer = new Proxy(Real, {
    construct(target, [length]) {
      if (length >= ${MIB}) throw new RangeError('Array buffer allocation failed');
      return new Real(length);
    },
  });
  const allocate = Buffer.allocUnsafeSlow;
  Buffer.allocUnsafeSlow = (length) => {
    if (length >= ${MIB}) throw new RangeError('Array buffer allocation failed');
    return allocate(length);
  };
`;

/** A server that sends messages of these sizes, each byte of which is its number in the list. */
const sender = (t, sizes) =>
  serve(t, (socket) =>
    sizes.forEach((size, number) => socket.send(Buffer.alloc(size, number + 1))),
  );

describe('ArrayBuffers that were received', () => {
  it('can be transferred at every size', async (t) => {
    const ws = webSocket.createWebSocket();
    const received = [];
    const all = new Promise((resolve) =>
      ws.on('message', (_, data) => received.push(data) === SIZES.length && resolve()),
    );
    await ws.connect(await sender(t, SIZES));
    await all;
    received.forEach((buffer, number) => {
      const moved = structuredClone(buffer, { transfer: [buffer] });
      assert.equal(buffer.byteLength, 0);
      assert.deepEqual(Buffer.from(moved), Buffer.alloc(SIZES[number], number + 1));
    });
    ws.close();
  });

  it('outlive the thread that received them', async (t) => {
    const url = await sender(t, [MIB, 3 * MIB]);
    const worker = new Worker(
      `const { createRequire } = require('node:module');
       const { parentPort, workerData } = require('node:worker_threads');
       const ws = createRequire(workerData.here)('arkws').createWebSocket();
       ws.on('message', (_, data) => {
         const moved = data.transfer ? data.transfer() : data;
         parentPort.postMessage(moved, [moved]);
       });
       ws.connect(workerData.url);`,
      { eval: true, workerData: { url, here: import.meta.url } },
    );
    const [first] = await once(worker, 'message');
    const [second] = await once(worker, 'message');
    await worker.terminate();
    // What the thread had is given back, and taken by others.
    const others = Array.from({ length: 8 }, () => Buffer.alloc(3 * MIB, 0xff));
    assert.deepEqual(Buffer.from(first), Buffer.alloc(MIB, 1));
    assert.deepEqual(Buffer.from(second), Buffer.alloc(3 * MIB, 2));
    assert.equal(others.length, 8);
  });
});

describe('bytes that a stream of the program is to write', () => {
  it('outlive the thread that has written them', async () => {
    const worker = new Worker(
      `const { createRequire } = require('node:module');
       const { Duplex } = require('node:stream');
       const { parentPort, workerData } = require('node:worker_threads');
       const server = createRequire(workerData.here)('arkws').createWebSocketServer();
       const write = (chunk, _, done) => {
         // The large ones are given away, with the memory that they are in.
         if (chunk.length > 32 << 10) {
           const moved = chunk.buffer.transfer ? chunk.buffer.transfer() : chunk.buffer;
           parentPort.postMessage(moved, [moved]);
         }
         done();
       };
       server.on('connect', async (connection) => {
         await server.send(new Uint8Array(${MIB}).fill(1).buffer, connection);
         parentPort.postMessage('all');
       });
       const rawHeaders = ['Host', 'localhost', 'Connection', 'Upgrade', 'Upgrade', 'websocket',
         'Sec-WebSocket-Version', '13', 'Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='];
       server.start({ noServer: true }).then(() => {
         const stream = new Duplex({ read() {}, write });
         server.handleUpgrade({ method: 'GET', url: '/', httpVersion: '1.1', rawHeaders }, stream);
       });`,
      { eval: true, workerData: { here: import.meta.url } },
    );
    const given = [];
    worker.on('message', (chunk) => chunk !== 'all' && given.push(chunk));
    for await (const [chunk] of on(worker, 'message')) if (chunk === 'all') break;
    await worker.terminate();
    // What the thread had is given back, and taken by others.
    const others = given.map(({ byteLength }) => Buffer.alloc(byteLength, 0xff));
    // The first begins with a frame's header.
    const [, ...frames] = given.map((chunk) => Buffer.from(chunk));
    for (const bytes of frames) assert.deepEqual(bytes, Buffer.alloc(bytes.length, 1));
    assert.ok(frames.length > 8, `${others.length} chunks`);
  });
});

describe('a message for which there is no memory', () => {
  for (const binaryType of ['arraybuffer', 'uint8array']) {
    it(`closes its connection with 1009, and no other (${binaryType})`, async (t) => {
      const codes = [];
      const url = await serve(t, (socket, { url }) => {
        socket.on('message', (data, binary) => socket.send(data, { binary }));
        socket.on('close', (code) => codes.push([url, code]));
        if (url === '/large') [16, 2 * MIB, 16].forEach((size) => socket.send(Buffer.alloc(size)));
      });
      const root = await folder({
        'app.mjs': `
          ${NO_LARGE_BUFFERS}
          const { default: webSocket } = await import('arkws');
          const [large, other] = [webSocket.createWebSocket(), webSocket.createWebSocket()];
          const options = { binaryType: '${binaryType}' };
          other.on('open', () => large.connect('${url}/large', options));
          other.on('message', (_, data) => { console.log('other', data.length); other.close(); });
          large.on('message', (_, data) => console.log('large', data.byteLength));
          large.on('error', ({ cause, message }) => console.log('error', cause, message));
          large.on('close', (_, { code, reason }) => {
            console.log('close', code, reason);
            other.send('still here');
          });
          other.connect('${url}/other', options);
        `,
      });
      const { code, stderr, lines } = await node(['app.mjs'], { cwd: root });
      assert.equal(code, 0, stderr);
      const why = `no room in JavaScript's memory for a message of ${2 * MIB} bytes`;
      assert.deepEqual(lines, [
        'large 16',
        `error too-big Websocket connection lost: ${why}`,
        `close 1009 ${why}`,
        'other 10',
      ]);
      assert.deepEqual(codes.sort(), [
        ['/large', 1009],
        ['/other', 1000],
      ]);
    });
  }

  it('closes its connection with 1009, and no other: as a server', async (t) => {
    const root = await folder({
      'app.mjs': `
        ${NO_LARGE_BUFFERS}
        const { default: webSocket } = await import('arkws');
        const server = webSocket.createWebSocketServer();
        server.on('messageReceive', ({ data, clientConnection }) => {
          console.log('message', data.byteLength);
          server.send(data, clientConnection);
        });
        server.on('error', ({ cause, message }) => console.log('error', cause, message));
        server.on('close', (_, { code, reason }) => console.log('close', code, reason));
        await server.start({ serverIP: '127.0.0.1', serverPort: 0 });
        process.on('message', () => server.stop().then(() => process.disconnect()));
        process.send(server.listAddress().port);
      `,
    });
    const app = fork(join(root, 'app.mjs'), { cwd: root, silent: true });
    t.after(() => app.kill());
    const lines = [];
    createInterface({ input: app.stdout }).on('line', (line) => lines.push(line));
    const ended = once(app, 'close');
    const [port] = await once(app, 'message');
    const [large, other] = await Promise.all(
      [0, 1].map(async () => {
        const socket = new WebSocket(`ws://127.0.0.1:${port}`);
        await once(socket, 'open');
        return socket;
      }),
    );
    const closed = once(large, 'close');
    for (const size of [16, 2 * MIB, 16]) large.send(Buffer.alloc(size));
    const [code, reason] = await closed;
    const why = `no room in JavaScript's memory for a message of ${2 * MIB} bytes`;
    assert.deepEqual([code, String(reason)], [1009, why]);
    other.send(Buffer.alloc(10));
    assert.equal((await once(other, 'message'))[0].length, 10);
    app.send('stop');
    assert.deepEqual(await ended, [0, null]);
    assert.deepEqual(lines, [
      'message 16',
      `error too-big Websocket connection lost: ${why}`,
      `close 1009 ${why}`,
      'message 10',
      'close 1001 server is going away',
    ]);
  });
});

describe('a text for which the runtime has no string', () => {
  it('closes its connection with 1009, and no other: as a client', async (t) => {
    const url = await serve(t, (socket, { url }) => {
      socket.on('message', (data, binary) => socket.send(data, { binary }));
      if (url !== '/long') return;
      for (const text of ['x'.repeat(100), '\u{1f600}'.repeat(51), 'behind']) socket.send(text);
    });
    const root = await folder({
      'native.cjs': limited(100),
      'app.mjs': `
        import webSocket from 'arkws';
        const [long, other] = [webSocket.createWebSocket(), webSocket.createWebSocket()];
        other.on('open', () => long.connect('${url}/long'));
        other.on('message', (_, data) => { console.log('other', data); other.close(); });
        long.on('message', (_, data) => console.log('long', data.length));
        long.on('error', ({ cause, message }) => console.log('error', cause, message));
        long.on('close', (_, { code, reason }) => {
          console.log('close', code, reason);
          other.send('still here');
        });
        other.connect('${url}/other');
      `,
    });
    const env = { ARKWS_NATIVE: join(root, 'native.cjs'), OHOS_API_VERSION: '26' };
    const { code, stderr, lines } = await node(['app.mjs'], { cwd: root, env });
    assert.equal(code, 0, stderr);
    const why =
      'a text message of 102 UTF-16 units is longer than a string can be here: 100, ' +
      'which no option changes';
    assert.deepEqual(lines, [
      'long 100',
      `error too-big Websocket connection lost: ${why}`,
      `close 1009 ${why}`,
      'other still here',
    ]);
  });

  it('closes its connection with 1009, and no other: as a server', async () => {
    const root = await folder({
      'native.cjs': limited(100),
      'app.mjs': `
        import { createRequire } from 'node:module';
        import webSocket from 'arkws';
        const { WebSocket } = createRequire(process.env.WS)('ws');
        const server = webSocket.createWebSocketServer();
        server.on('messageReceive', ({ data }) => console.log('message', data.length));
        server.on('error', ({ cause }) => console.log('error', cause));
        server.on('close', (_, { code }) => {
          console.log('close', code);
          // What a server has to give is not given any more once it is stopped.
          if (code === 1005) server.stop();
        });
        await server.start({ serverIP: '127.0.0.1', serverPort: 0 });
        const url = 'ws://127.0.0.1:' + server.listAddress().port;
        const other = new WebSocket(url);
        other.on('open', () => {
          const long = new WebSocket(url);
          long.on('open', () => {
            for (const text of ['x'.repeat(100), 'x'.repeat(101), 'behind']) long.send(text);
          });
          long.on('close', (code) => {
            console.log('told', code);
            other.send('still here', () => other.close());
          });
        });
      `,
    });
    const env = { ARKWS_NATIVE: join(root, 'native.cjs'), WS: fileURLToPath(import.meta.url) };
    const { code, stderr, lines } = await node(['app.mjs'], { cwd: root, env });
    assert.equal(code, 0, stderr);
    // What the peer sees, and when, is its own.
    const told = lines.splice(lines.indexOf('told 1009'), 1);
    assert.deepEqual(told, ['told 1009']);
    const expected = ['message 100', 'error too-big', 'close 1009', 'message 10', 'close 1005'];
    assert.deepEqual(lines, expected);
  });
});

describe('an exception that leaves the code that delivers', () => {
  it('takes nothing from other objects, and reaches uncaughtException', async (t) => {
    // Five texts in one packet, as soon as all three are connected: three runs for one delivery.
    const sockets = [];
    const url = await serve(t, (socket) => {
      if (sockets.push(socket) < 3) return;
      for (const each of sockets) {
        each._socket.cork();
        for (const text of ['1', '2', '3', '4', '5']) each.send(text);
        each._socket.uncork();
      }
    });
    const root = await folder({
      'app.mjs': `
        import webSocket from 'arkws';
        process.on('uncaughtException', (error) => console.log('uncaught', error.message));
        const got = ['', '', ''];
        let [open, closed] = [0, 0];
        const all = got.map((_, index) => {
          const ws = webSocket.createWebSocket();
          ws.on('message', (_, data) => {
            got[index] += data;
            // All but the one that is lost.
            if (got.join('').length === 14) all.forEach((ws) => ws.close());
          });
          ws.on('close', () => ++closed === 3 && console.log(got.toSorted?.().join() ?? got.sort().join()));
          ws.on('open', () => {
            if (++open < 3) return;
            // What the module itself uses fails, once.
            const { charCodeAt } = String.prototype;
            String.prototype.charCodeAt = function () {
              String.prototype.charCodeAt = charCodeAt;
              throw new Error('on purpose');
            };
            // Meanwhile all messages arrive.
            for (const until = performance.now() + 1000; performance.now() < until; );
          });
          ws.connect('${url}');
          return ws;
        });
      `,
    });
    const { code, stderr, lines } = await node(['app.mjs'], { cwd: root });
    assert.equal(code, 0, stderr);
    // One message is lost, since it could not be cut out.
    assert.deepEqual(lines, ['uncaught on purpose', '12345,12345,2345']);
  });

  it('of an uncaughtException handler that throws does not end the delivery to others', async (t) => {
    const url = await serve(t, (socket) => {
      for (let i = 0; i < 5; i++) socket.send(`${i}`);
    });
    const root = await folder({
      'app.mjs': `
        import webSocket from 'arkws';
        const got = { A: 0, B: 0 };
        process.on('exit', () => console.log(JSON.stringify(got)));
        const listen = (name, throws) => {
          const ws = webSocket.createWebSocket();
          ws.on('message', () => {
            if (++got[name] === 5) ws.close();
            if (throws) structuredClone(() => {});
          });
          ws.connect('${url}');
        };
        process.setUncaughtExceptionCaptureCallback(() => {});
        listen('A', true);
        listen('B', false);
      `,
    });
    const { code, stderr, lines } = await node(['app.mjs'], { cwd: root });
    assert.equal(code, 0, stderr);
    assert.deepEqual(lines, ['{"A":5,"B":5}']);
  });
});

describe('a flood of messages and slow listeners', () => {
  it('leave timers their turn', async (t) => {
    const url = await serve(t, (socket) => {
      for (let i = 0; i < 20_000; i++) socket.send('x');
    });
    const root = await folder({
      'app.mjs': `
        import webSocket from 'arkws';
        let [count, ticks, most, last] = [0, 0, 0, performance.now()];
        const total = 10 * 20_000;
        const timer = setInterval(() => {
          ticks++;
          most = Math.max(most, performance.now() - last);
          last = performance.now();
        }, 1);
        for (let n = 0; n < 10; n++) {
          const ws = webSocket.createWebSocket();
          ws.on('message', () => {
            const until = performance.now() + 0.005;
            while (performance.now() < until);
            if (++count === total) {
              clearInterval(timer);
              console.log(ticks);
              process.exit();
            }
          });
          ws.connect('${url}');
        }
      `,
    });
    const { code, stderr, lines } = await node(['app.mjs'], { cwd: root });
    assert.equal(code, 0, stderr);
    // A second of listeners, ten milliseconds at a time; how long one turn takes is the machine's.
    assert.ok(Number(lines[0]) >= 50, `${lines[0]} turns`);
  });
});
