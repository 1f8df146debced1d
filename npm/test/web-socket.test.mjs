// The web's WebSocket, from the standard: messages, events and their tasks, the close
// (https://websockets.spec.whatwg.org/#feedback-from-the-protocol).
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { openAsBlob } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { CloseEvent, MessageEvent, WebSocket } from 'arkws/web';
import { echo, listen, serve } from './servers.mjs';
import { node } from './support.mjs';

/** An open socket that is ended with the test. */
async function connected(t, url, ...args) {
  const ws = new WebSocket(url, ...args);
  ws.binaryType = 'arraybuffer';
  t.after(() => ws.close());
  await once(ws, 'open');
  return ws;
}

/** The next messages of a socket. */
function messages(ws, count) {
  return new Promise((resolve) => {
    const all = [];
    ws.addEventListener('message', function take({ data }) {
      if (all.push(data) < count) return;
      ws.removeEventListener('message', take);
      resolve(all);
    });
  });
}

const bytes = (...values) => new Uint8Array(values);

describe('send', () => {
  it('throws an InvalidStateError before the connection is open, a TypeError without data', (t) => {
    const ws = new WebSocket('ws://127.0.0.1:9/');
    t.after(() => ws.close());
    assert.throws(() => ws.send('x'), { name: 'InvalidStateError' });
    assert.throws(() => ws.send(), TypeError);
    assert.throws(() => ws.send(Symbol('x')), TypeError);
  });

  it('sends strings, buffers, views and Blobs, in order', async (t) => {
    const url = await serve(t, echo);
    const ws = await connected(t, url);
    const data = messages(ws, 9);
    const view = bytes(1, 2, 3, 4);
    ws.send('first');
    ws.send(new Blob(['blob']));
    ws.send(view.buffer);
    ws.send(view.subarray(1, 3));
    view[1] = 9;
    ws.send(new DataView(view.buffer, 3));
    ws.send(Buffer.from('buffer'));
    ws.send('');
    ws.send(new Blob([]));
    ws.send('last');
    assert.deepEqual(
      (await data).map((one) => (typeof one === 'string' ? one : Buffer.from(one).toString('hex'))),
      [
        'first',
        Buffer.from('blob').toString('hex'),
        '01020304',
        '0203',
        '04',
        Buffer.from('buffer').toString('hex'),
        '',
        '',
        'last',
      ],
    );
  });

  it('sends anything else as its string, in which half a surrogate pair is U+FFFD', async (t) => {
    const ws = await connected(t, await serve(t, echo));
    const data = messages(ws, 7);
    for (const value of [null, undefined, 1, { toString: () => 'own' }, '\ud800a', '😀', [1, 2]])
      ws.send(value);
    assert.deepEqual(await data, ['null', 'undefined', '1', 'own', '\ufffda', '😀', '1,2']);
  });

  it('throws a TypeError for memory that is shared or resizable, sends a detached buffer as none', async (t) => {
    const ws = await connected(t, await serve(t, echo));
    assert.throws(() => ws.send(new Uint8Array(new SharedArrayBuffer(1))), TypeError);
    const resizable = new ArrayBuffer(1, { maxByteLength: 2 });
    assert.throws(() => ws.send(resizable), TypeError);
    assert.throws(() => ws.send(new Uint8Array(resizable)), TypeError);
    const data = messages(ws, 2);
    const buffer = new ArrayBuffer(8);
    structuredClone(buffer, { transfer: [buffer] });
    ws.send(buffer);
    ws.send(new SharedArrayBuffer(1));
    const [empty, shared] = await data;
    assert.equal(empty.byteLength, 0);
    assert.equal(shared, '[object SharedArrayBuffer]');
  });

  it('sends messages of any length', async (t) => {
    const url = await serve(t, (socket) =>
      socket.on('message', (data, binary) => socket.send(`${data.length} ${binary}`)),
    );
    const ws = await connected(t, url);
    const data = messages(ws, 3);
    ws.send(new Uint8Array(6 << 20));
    ws.send('ä'.repeat(3 << 20));
    ws.send('ä'.repeat(6 << 20));
    assert.deepEqual(await data, [`${6 << 20} true`, `${6 << 20} false`, `${12 << 20} false`]);
  });

  it('does not throw when it comes too late, and counts its bytes', async (t) => {
    const ws = await connected(t, await serve(t, echo));
    ws.close();
    ws.send('äx');
    ws.send(bytes(1, 2));
    ws.send(new Blob(['blob']));
    assert.equal(ws.bufferedAmount, 3 + 2 + 4);
    await once(ws, 'close');
    ws.send('x');
    assert.equal(ws.bufferedAmount, 10);
  });

  it('of a Blob that cannot be read is an error, behind which nothing is sent', async (t) => {
    const seen = [];
    const url = await serve(t, (socket) => socket.on('message', (data) => seen.push(String(data))));
    const folder = await mkdtemp(join(tmpdir(), 'arkws-'));
    t.after(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'file'), 'first');
    const blob = await openAsBlob(join(folder, 'file'));
    await writeFile(join(folder, 'file'), 'something else');
    const ws = await connected(t, url);
    const events = [];
    for (const type of ['error', 'close'])
      ws.addEventListener(type, ({ code, wasClean }) => events.push([type, code, wasClean]));

    ws.send('before');
    ws.send(blob);
    ws.send('behind');
    await once(ws, 'close');

    assert.deepEqual(seen, ['before']);
    assert.deepEqual(events[0], ['error', undefined, undefined]);
    assert.equal(events.length, 2);
    assert.equal(ws.bufferedAmount, 'first'.length + 'behind'.length);
  });

  it('closes a connection that is full, which is an error', async (t) => {
    let resume;
    const url = await serve(t, (socket) => {
      socket.pause();
      resume = () => socket.resume();
    });
    const ws = await connected(t, url, { maxQueuedBytes: 10_000 });
    const seen = [];
    ws.onerror = ({ message }) => seen.push(message);
    const data = new Uint8Array(1 << 20);
    let sent = 0;
    while (ws.readyState === WebSocket.OPEN && sent < 256 << 20) {
      ws.send(data);
      sent += data.length;
    }
    assert.equal(ws.readyState, WebSocket.CLOSING);
    assert.ok(ws.bufferedAmount >= data.length);
    const before = ws.bufferedAmount;
    ws.send('x');
    assert.equal(ws.bufferedAmount, before + 1);
    resume();
    const [{ wasClean }] = await once(ws, 'close');
    assert.equal(wasClean, true);
    assert.match(seen.join(), /maxQueuedBytes/);
  });
});

describe('what listeners send', () => {
  /** A server of another thread that sends so many messages in one packet. */
  async function sender(t, count) {
    const reads = new Int32Array(new SharedArrayBuffer(4));
    const program = new URL('echo-chunks.mjs', import.meta.url);
    const worker = new Worker(program, { workerData: { count, reads } });
    t.after(() => worker.terminate());
    const [port] = await once(worker, 'message');
    return { worker, reads, url: `ws://127.0.0.1:${port}` };
  }

  it('leaves in one write, if the messages have come together', async (t) => {
    const { worker, url } = await sender(t, 20);
    const ws = new WebSocket(url);
    t.after(() => ws.close());
    ws.onmessage = async ({ data }) => {
      ws.send(data);
      // Time for the server to read what has left.
      const start = performance.now();
      while (performance.now() - start < 1);
    };
    assert.deepEqual(await once(worker, 'message'), [1]);
  });

  it('leaves before the last of many messages is told, and when the queue is short', async (t) => {
    for (const [length, blocksAt, options] of [
      [1, 70, {}],
      [1000, 69, {}],
      [1000, 5, { maxQueuedBytes: 10_000 }],
    ]) {
      const { worker, reads, url } = await sender(t, 100);
      const ws = new WebSocket(url, options);
      const errors = [];
      ws.onerror = ({ message }) => errors.push(message);
      let sent = 0;
      let read;
      ws.onmessage = () => {
        ws.send(new Uint8Array(length));
        // No later task of this thread has it leave.
        if (++sent === blocksAt) read = Atomics.wait(reads, 0, 0, 10_000);
      };
      await once(worker, 'message');
      assert.notEqual(read, 'timed-out', `after ${blocksAt} of ${length} bytes`);
      ws.close();
      await once(ws, 'close');
      assert.deepEqual(errors, []);
    }
  });

  it('leaves although a listener throws, and when it closes', async (t) => {
    const url = await serve(t, (socket, { socket: tcp }) => {
      tcp.cork();
      for (let i = 0; i < 3; i++) socket.send(`${i}`);
      tcp.uncork();
      socket.on('message', (data) => seen.push(`${data}`));
    });
    const seen = [];
    const ws = new WebSocket(url);
    ws.onmessage = ({ data }) => {
      ws.send(data);
      if (data === '2') ws.close();
    };
    await once(ws, 'close');
    assert.deepEqual(seen, ['0', '1', '2']);
    const program = `
      const { WebSocket } = require('arkws/web');
      process.on('uncaughtException', () => {});
      const ws = new WebSocket('${url}');
      ws.onmessage = ({ data }) => {
        ws.send('thrown ' + data);
        if (data === '2') setTimeout(() => ws.close());
        throw new Error(data);
      };`;
    await node(['-e', program], { cwd: new URL('..', import.meta.url) });
    assert.deepEqual(seen.slice(3), ['thrown 0', 'thrown 1', 'thrown 2']);
  });
});

describe('bufferedAmount', () => {
  it('counts what the running code has sent, as UTF-8', async (t) => {
    const ws = await connected(t, await serve(t, echo));
    assert.equal(ws.bufferedAmount, 0);
    const data = messages(ws, 3);
    ws.send('äöü');
    ws.send(bytes(1, 2));
    assert.equal(ws.bufferedAmount, 8);
    ws.send(new Blob(['12345']));
    assert.equal(ws.bufferedAmount, 13);
    await data;
    assert.equal(ws.bufferedAmount, 0);
  });

  it('does not fall within a task, promises and ticks included, and has fallen in a later one', async (t) => {
    const ws = await connected(t, await serve(t, echo));
    ws.send('12345');
    for (let i = 0; i < 100; i++) await undefined;
    await new Promise(process.nextTick);
    assert.equal(ws.bufferedAmount, 5);
    ws.send('678');
    assert.equal(ws.bufferedAmount, 8);
    for (let i = 0; i < 100; i++) await undefined;
    assert.equal(ws.bufferedAmount, 8);
    // Nothing was read or sent in the task before, and the network thread has nothing to do.
    await new Promise((resolve) => setTimeout(resolve));
    assert.equal(ws.bufferedAmount, 0);
  });

  it('keeps what was never sent when the connection is lost, and grows by what comes too late', async (t) => {
    let destroy;
    const url = await serve(t, (socket, { socket: tcp }) => {
      socket.pause();
      destroy = () => tcp.resetAndDestroy();
    });
    const ws = await connected(t, url);
    const data = new Uint8Array(1 << 20);
    for (let i = 0; i < 64; i++) ws.send(data);
    assert.equal(ws.bufferedAmount, 64 << 20);
    const closed = once(ws, 'close');
    let least = Number.POSITIVE_INFINITY;
    ws.addEventListener('error', () => (least = ws.bufferedAmount));
    destroy();
    await closed;
    assert.ok(least > 32 << 20, `${least}`);
    const kept = ws.bufferedAmount;
    assert.equal(kept, least);
    ws.send('late');
    assert.equal(ws.bufferedAmount, kept + 4);
    await new Promise((resolve) => setTimeout(resolve));
    assert.equal(ws.bufferedAmount, kept + 4);
  });

  it('is of no connection before there is one, and nothing once all has been sent', async (t) => {
    const ws = new WebSocket(await serve(t, echo));
    assert.equal(ws.bufferedAmount, 0);
    await once(ws, 'open');
    ws.send('all');
    ws.close();
    assert.equal(ws.bufferedAmount, 3);
    await once(ws, 'close');
    assert.equal(ws.bufferedAmount, 0);
  });
});

describe('binaryType', () => {
  it('is blob at first, and takes no other value than its two', async (t) => {
    const ws = new WebSocket(await serve(t, echo));
    t.after(() => ws.close());
    assert.equal(ws.binaryType, 'blob');
    for (const value of ['arraybuffer', 'nodebuffer', 'Blob', undefined, null, 1]) {
      ws.binaryType = value;
      assert.equal(ws.binaryType, 'arraybuffer');
    }
    ws.binaryType = { toString: () => 'blob' };
    assert.equal(ws.binaryType, 'blob');
    await once(ws, 'open');
    ws.send(bytes(7));
    const [{ data }] = await once(ws, 'message');
    assert.ok(data instanceof Blob);
    assert.deepEqual(new Uint8Array(await data.arrayBuffer()), bytes(7));
    ws.binaryType = 'arraybuffer';
    ws.send(bytes(8));
    const [next] = await once(ws, 'message');
    assert.ok(next.data instanceof ArrayBuffer);
    assert.deepEqual(new Uint8Array(next.data), bytes(8));
  });
});

describe('events', () => {
  it('come in order: open, messages, close', async (t) => {
    const url = await serve(t, (socket) => {
      for (const text of ['a', 'b', 'c']) socket.send(text);
      socket.close(3001, 'done');
    });
    const ws = new WebSocket(url);
    const seen = [];
    for (const type of ['open', 'message', 'error', 'close']) {
      ws.addEventListener(type, (event) => {
        assert.equal(event.target, ws);
        assert.equal(event.currentTarget, ws);
        assert.equal(event.bubbles || event.cancelable, false);
        const more = { message: event.data, close: `${event.code} ${event.reason}` }[type];
        seen.push(`${type} ${more} ${event.wasClean} ${ws.readyState}`);
      });
    }
    await once(ws, 'close');
    assert.deepEqual(seen, [
      'open undefined undefined 1',
      'message a undefined 1',
      'message b undefined 1',
      'message c undefined 1',
      'close 3001 done true 3',
    ]);
  });

  it('are MessageEvents with the origin of the URL, and CloseEvents', async (t) => {
    const url = await serve(t, (socket) => (socket.send('x'), socket.close()));
    const ws = new WebSocket(`${url}/path?query`);
    const closed = once(ws, 'close');
    const [message] = await once(ws, 'message');
    assert.ok(message instanceof MessageEvent);
    assert.equal(message.origin, url);
    assert.equal(message.lastEventId, '');
    assert.equal(message.source, null);
    assert.deepEqual(message.ports, []);
    const [close] = await closed;
    assert.ok(close instanceof CloseEvent);
  });

  it('are tasks: whatever one starts runs before the next', async (t) => {
    const COUNT = 50;
    const url = await serve(t, (socket) => {
      socket.once('message', () => {
        for (let i = 0; i < COUNT; i++) socket.send(String(i));
        socket.close();
      });
    });
    const ws = await connected(t, url);
    const seen = [];
    ws.addEventListener('message', async ({ data }) => {
      seen.push(`${data} first`);
      process.nextTick(() => seen.push(`${data} tick`));
      for (let i = 0; i < 5; i++) await undefined;
      await new Promise((resolve) => resolve(Promise.resolve()));
      seen.push(`${data} job`);
    });
    ws.addEventListener('message', ({ data }) => seen.push(`${data} second`));
    ws.onclose = () => seen.push('close');
    ws.send('go');
    await once(ws, 'close');
    const expected = Array.from({ length: COUNT }, (_, i) => [
      `${i} first`,
      `${i} second`,
      `${i} job`,
      `${i} tick`,
    ]).flat();
    assert.deepEqual(
      seen.filter((one) => !one.endsWith('tick')),
      [...expected.filter((one) => !one.endsWith('tick')), 'close'],
    );
    for (let i = 1; i < COUNT; i++)
      assert.ok(seen.indexOf(`${i - 1} tick`) < seen.indexOf(`${i} first`));
  });

  it('are tasks of several connections, too, each in the context of its constructor', async (t) => {
    const COUNT = 200;
    const url = await serve(t, (socket) => {
      for (let i = 0; i < COUNT; i++) socket.send(String(i));
      socket.close();
    });
    const storage = new AsyncLocalStorage();
    let running = 0;
    await Promise.all(
      ['a', 'b', 'c'].map((name) =>
        storage.run(name, () => {
          const ws = new WebSocket(url);
          let next = 0;
          ws.onmessage = async ({ data }) => {
            assert.equal(running++, 0);
            assert.equal(storage.getStore(), name);
            assert.equal(data, String(next++));
            await undefined;
            await undefined;
            running--;
          };
          return once(ws, 'close').then(() => assert.equal(next, COUNT));
        }),
      ),
    );
  });

  it('stop with the state: no message comes once close has been called', async (t) => {
    const url = await serve(t, (socket) => {
      for (let i = 0; i < 10; i++) socket.send('x');
    });
    const ws = new WebSocket(url);
    let count = 0;
    ws.onmessage = () => {
      count++;
      ws.close();
    };
    await once(ws, 'close');
    assert.equal(count, 1);
  });

  it('have a target as any other', async (t) => {
    const url = await serve(t, echo);
    const ws = await connected(t, url);
    const seen = [];
    let heard;
    const object = {
      handleEvent({ data }) {
        seen.push(data);
        setImmediate(heard);
      },
    };
    const aborted = new AbortController();
    ws.addEventListener('message', object);
    ws.addEventListener('message', object);
    ws.addEventListener('message', () => seen.push('once'), { once: true });
    ws.addEventListener('message', () => seen.push('aborted'), { signal: aborted.signal });
    ws.addEventListener('message', (event) => event.stopImmediatePropagation());
    ws.addEventListener('message', () => seen.push('never'));
    EventTarget.prototype.addEventListener.call(ws, 'message', () => seen.push('never'));
    for (const data of ['1', '2']) {
      const done = new Promise((resolve) => (heard = resolve));
      ws.send(data);
      await done;
      aborted.abort();
    }
    assert.deepEqual(seen, ['1', 'once', 'aborted', '2']);
  });
});

describe('event handlers', () => {
  it('hold what they are set to, if it is an object', () => {
    const ws = new WebSocket('ws://127.0.0.1:6667/');
    for (const name of ['onopen', 'onmessage', 'onerror', 'onclose']) {
      assert.equal(ws[name], null);
      const handler = () => {};
      ws[name] = handler;
      assert.equal(ws[name], handler);
      const object = {};
      ws[name] = object;
      assert.equal(ws[name], object);
      for (const nothing of [null, undefined, 1, 'x']) {
        ws[name] = handler;
        ws[name] = nothing;
        assert.equal(ws[name], null);
      }
    }
  });

  it('keep their place, are called with their event, and may be replaced', () => {
    const ws = new WebSocket('ws://127.0.0.1:6667/');
    const seen = [];
    ws.onmessage = () => seen.push('replaced');
    ws.addEventListener('message', () => seen.push('listener'));
    ws.onmessage = function (event) {
      assert.equal(this, ws);
      assert.equal(event.type, 'message');
      seen.push('handler');
      return false;
    };
    const event = new Event('message', { cancelable: true });
    assert.equal(ws.dispatchEvent(event), false);
    ws.onmessage = null;
    ws.onmessage = () => seen.push('last');
    assert.equal(ws.dispatchEvent(new Event('message')), true);
    ws.onmessage = {};
    ws.dispatchEvent(new Event('message'));
    assert.deepEqual(seen, ['handler', 'listener', 'listener', 'last', 'listener']);
  });

  it('that throw are uncaught exceptions, and stop nobody else', async (t) => {
    const url = await serve(t, (socket) => {
      for (const text of ['a', 'b', 'c']) socket.send(text);
      socket.close();
    });
    const program = `
      import { WebSocket } from 'arkws/web';
      const ws = new WebSocket(process.argv[1]);
      process.on('uncaughtException', (error) => console.log('uncaught', error.message));
      ws.onmessage = ({ data }) => { throw new Error(data); };
      ws.addEventListener('message', ({ data }) => console.log('heard', data));
      ws.onclose = ({ code }) => console.log('close', code);
    `;
    const { lines, stderr } = await node(['--input-type=module', '-e', program, url], {
      cwd: new URL('.', import.meta.url),
    });
    assert.equal(stderr, '');
    assert.deepEqual(
      lines.filter((line) => !line.startsWith('uncaught')),
      ['heard a', 'heard b', 'heard c', 'close 1005'],
    );
    assert.deepEqual(
      lines.filter((line) => line.startsWith('uncaught')),
      ['uncaught a', 'uncaught b', 'uncaught c'],
    );
  });
});

describe('close', () => {
  it('takes 1000 and 3000 to 4999, and 123 bytes of reason', async (t) => {
    const ws = await connected(t, await serve(t, () => {}));
    for (const code of [0, 999, 1001, 1005, 1006, 2999, 5000, 65536, NaN, null, 'x', -1, {}]) {
      assert.throws(() => ws.close(code), { name: 'InvalidAccessError' });
    }
    assert.throws(() => ws.close(1000, 'x'.repeat(124)), { name: 'SyntaxError' });
    assert.throws(() => ws.close(1000, 'ä'.repeat(62)), { name: 'SyntaxError' });
    assert.throws(() => ws.close(1n), TypeError);
    assert.throws(() => ws.close(1000, Symbol('x')), TypeError);
    assert.equal(ws.readyState, WebSocket.OPEN);
  });

  /** What the server has of a close, and what the event says. */
  async function closed(t, ...args) {
    let server;
    const url = await serve(t, (socket) => (server = once(socket, 'close')));
    const ws = await connected(t, url);
    assert.equal(ws.close(...args), undefined);
    assert.equal(ws.readyState, WebSocket.CLOSING);
    const [{ code, reason, wasClean }] = await once(ws, 'close');
    assert.equal(ws.readyState, WebSocket.CLOSED);
    assert.equal(wasClean, true);
    const [sent, why] = await server;
    return { code, reason, sent, why: String(why) };
  }

  it('sends a code and a reason, or a frame without a body', async (t) => {
    const same = (code, reason) => ({ code, reason, sent: code, why: reason });
    assert.deepEqual(await closed(t), same(1005, ''));
    assert.deepEqual(await closed(t, undefined), same(1005, ''));
    assert.deepEqual(await closed(t, 1000), same(1000, ''));
    assert.deepEqual(await closed(t, 3000, 'a\ud800'), same(3000, 'a\ufffd'));
    assert.deepEqual(await closed(t, 4999, 'ä'.repeat(61)), same(4999, 'ä'.repeat(61)));
    assert.deepEqual(await closed(t, '3000.5'), same(3000, ''));
    assert.deepEqual(await closed(t, 3001.5, null), same(3002, 'null'));
    assert.deepEqual(await closed(t, undefined, 'why'), same(1000, 'why'));
  });

  it('sends what was sent before', async (t) => {
    const seen = [];
    const url = await serve(t, (socket) => socket.on('message', (data) => seen.push(String(data))));
    const ws = await connected(t, url);
    ws.send('a');
    ws.send(new Blob(['b']));
    ws.send('c');
    ws.close(3000);
    const [{ code }] = await once(ws, 'close');
    assert.equal(code, 3000);
    assert.deepEqual(seen, ['a', 'b', 'c']);
  });

  it('does nothing when it comes again', async (t) => {
    const ws = await connected(t, await serve(t, () => {}));
    let closes = 0;
    ws.onclose = () => closes++;
    ws.close(3000);
    ws.close(3001);
    const [{ code }] = await once(ws, 'close');
    assert.equal(code, 3000);
    ws.close();
    assert.throws(() => ws.close(1), { name: 'InvalidAccessError' });
    assert.equal(closes, 1);
  });

  it('of a connection that is not open yet is an error, and a close with 1006', async (t) => {
    const ws = new WebSocket(await serve(t, () => {}));
    const seen = [];
    for (const type of ['open', 'error', 'close'])
      ws.addEventListener(type, ({ code, wasClean }) => seen.push([type, code, wasClean]));
    ws.close();
    assert.equal(ws.readyState, WebSocket.CLOSING);
    await once(ws, 'close');
    assert.deepEqual(seen, [
      ['error', undefined, undefined],
      ['close', 1006, false],
    ]);
  });

  it('in the open event is a clean one', async (t) => {
    const ws = new WebSocket(await serve(t, () => {}));
    ws.onopen = () => ws.close();
    const [{ code, wasClean }] = await once(ws, 'close');
    assert.deepEqual([code, wasClean], [1005, true]);
  });

  it('by the server has its code and reason, or 1005', async (t) => {
    for (const [args, expected] of [
      [[], [1005, '', true]],
      [
        [1001, 'away'],
        [1001, 'away', true],
      ],
      [[4000], [4000, '', true]],
    ]) {
      const ws = new WebSocket(await serve(t, (socket) => socket.close(...args)));
      ws.onerror = () => assert.fail('an error');
      const [{ code, reason, wasClean }] = await once(ws, 'close');
      assert.deepEqual([code, reason, wasClean], expected);
    }
  });

  it('that nobody asked for is an error and 1006, also when the program has', async (t) => {
    for (const asks of [false, true]) {
      const url = await serve(t, (socket) => {
        if (asks) socket._socket.once('data', () => socket.terminate());
        else socket.on('message', () => socket.terminate());
      });
      const ws = await connected(t, url);
      const seen = [];
      ws.onerror = ({ error }) => seen.push(error instanceof Error);
      if (asks) ws.close(3000);
      else ws.send('x');
      const [{ code, reason, wasClean }] = await once(ws, 'close');
      if (asks && wasClean) continue;
      assert.deepEqual([code, reason, wasClean, seen], [1006, '', false, [true]]);
    }
  });

  it('for what is no WebSocket protocol is an error', async (t) => {
    const url = await serve(t, (socket) => socket._socket.write(Buffer.from([0x81, 1, 0xff])));
    const ws = new WebSocket(url);
    let errors = 0;
    ws.onerror = () => errors++;
    ws.onmessage = () => assert.fail('a message');
    const [{ code, wasClean }] = await once(ws, 'close');
    assert.deepEqual([code, wasClean, errors], [1006, false, 1]);
  });

  it('takes the state to CLOSING when the server’s close frame comes', async (t) => {
    let server;
    const { address } = await listen(t, (socket) => (server = socket));
    const http = await serve(t, (socket) => {
      server = socket._socket;
      // A close frame; the transport stays.
      server.write(Buffer.from([0x88, 2, 0x0b, 0xb8]));
    });
    assert.ok(address);
    const ws = new WebSocket(http);
    await once(ws, 'open');
    while (ws.readyState === WebSocket.OPEN) await new Promise(setImmediate);
    assert.ok(ws.readyState >= WebSocket.CLOSING);
    const [{ code, wasClean }] =
      ws.readyState === WebSocket.CLOSED
        ? [{ code: 3000, wasClean: true }]
        : await once(ws, 'close');
    assert.deepEqual([code, wasClean], [3000, true]);
  });
});

describe('the process', () => {
  it('waits for an open connection, and ends after the close', async (t) => {
    const url = await serve(t, echo);
    const program = `
      import { WebSocket } from 'arkws/web';
      const ws = new WebSocket(process.argv[1]);
      ws.onopen = () => ws.send('x');
      ws.onmessage = ({ data }) => { console.log(data.size ?? data); ws.close(); };
    `;
    const { lines, code } = await node(['--input-type=module', '-e', program, url], {
      cwd: new URL('.', import.meta.url),
    });
    assert.deepEqual([lines, code], [['x'], 0]);
  });

  it('keeps a socket that nothing refers to, and its listeners', async (t) => {
    let server;
    const url = await serve(t, (socket) => (server = socket));
    const program = `
      import { WebSocket } from 'arkws/web';
      new WebSocket(process.argv[1]).onmessage = function ({ data }) {
        console.log(data);
        this.close();
      };
      setTimeout(() => (gc(), gc(), console.log('collected')), 50);
    `;
    const ended = node(['--expose-gc', '--input-type=module', '-e', program, url], {
      cwd: new URL('.', import.meta.url),
    });
    while (server === undefined) await new Promise(setImmediate);
    const timer = setTimeout(() => server.send('still there'), 200);
    t.after(() => clearTimeout(timer));
    assert.deepEqual((await ended).lines, ['collected', 'still there']);
  });
});
