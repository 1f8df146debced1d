// Messages keep their content and their order, whatever they are made of.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import arkws, { setApiVersion } from 'arkws';
import { deferred, messages, next, openClient } from './events.mjs';
import { echo, serve } from './servers.mjs';
import { folder, node } from './support.mjs';

describe('a text that is longer than a message may be', () => {
  it('is refused before it is read', async () => {
    const root = await folder({
      'app.mjs': `
        import webSocket, { setPolicy } from 'arkws';
        const server = webSocket.createWebSocketServer();
        await server.start({ serverIP: '127.0.0.1', serverPort: 0 });
        const ws = webSocket.createWebSocket();
        const both = [new Promise((resolve) => server.on('connect', resolve))];
        both.push(new Promise((resolve) => ws.on('open', resolve)));
        ws.connect('ws://127.0.0.1:' + server.listAddress().port);
        const [connection] = await Promise.all(both);
        const limit = 5 * 1024 * 1024 - 16;
        const most = () => process.resourceUsage().maxRSS / 1024;
        for (const send of [
          (text) => ws.send(text),
          (text) => server.send(text, connection),
          (text) => server.broadcast(text),
        ]) {
          await send('x'.repeat(limit));
          const before = most();
          // A megabyte of parts, until somebody reads it.
          const error = await send('x'.repeat(4e8)).catch((error) => error);
          console.log(error.code, error.message, Math.round(most() - before) < 100);
          console.log((await send('x'.repeat(limit + 1)).catch((error) => error)).code);
          console.log((await send('é'.repeat(limit / 2 + 1)).catch((error) => error)).code);
        }
        setPolicy({ internet: false });
        console.log((await ws.send('x'.repeat(4e8)).catch((error) => error)).code);
        process.exit();
      `,
    });
    const { code, stderr, lines } = await node(['app.mjs'], { cwd: root });
    assert.equal(code, 0, stderr);
    const why = 'a text of 400000000 UTF-16 units is longer than a message may be: 5242864 bytes';
    const refused = [`401 Parameter error: ${why} true`, '401', '401'];
    assert.deepEqual(lines, [...refused, ...refused, ...refused, '201']);
  });
});

describe('text', () => {
  for (const [what, sent, received = sent] of [
    ['ASCII', 'hello'],
    ['nothing', ''],
    ['Latin-1', 'h\u00e9\u00ff\u0080'],
    ['characters of two, three and four bytes', 'é€\u{10348}'],
    ['U+0000', 'a\0b\0'],
    ['a lone high surrogate', 'a\ud800b', 'a\ufffdb'],
    ['a lone low surrogate at the end', 'a\udc00', 'a\ufffd'],
    ['surrogates in the wrong order', '\udc00\ud800', '\ufffd\ufffd'],
    ['4095 units', 'x'.repeat(4095)],
    ['4096 units', 'x'.repeat(4096)],
    ['4097 units of two bytes', 'é'.repeat(4097)],
    ['a megabyte', 'x'.repeat(1 << 20)],
    ['a megabyte that is not ASCII', `${'x'.repeat(1 << 20)}é`],
  ]) {
    it(`of ${what} arrives`, async (t) => {
      const ws = await openClient(t, await serve(t, echo));
      const [value] = await Promise.all([messages(ws, 1), ws.send(sent)]);
      assert.equal(value[0], received);
    });
  }

  it('that is not ASCII arrives, wherever the characters are', async (t) => {
    const ws = await openClient(t, await serve(t, echo));
    const sent = [
      '\u0080',
      '\u00bf',
      '\u00c0',
      '\u00ff',
      'éé',
      'ééééééééé',
      '\u0100',
      '\u07ff',
      'é€',
      '\u{10ffff}',
    ].flatMap((characters) =>
      Array.from({ length: 20 }, (_, i) => 'x'.repeat(i) + characters + 'y'.repeat(19 - i)),
    );
    const received = messages(ws, sent.length);
    for (const text of sent) ws.send(text);
    assert.deepEqual(await received, sent);
  });

  it('is sent as it is, whatever lies next to what, but for lone surrogates', async (t) => {
    const ws = await openClient(t, await serve(t, echo));
    const sent = [];
    for (const around of ['x', 'é', '€', '\u{1f43b}', '\ud83d']) {
      for (const inside of [
        '\x7f',
        '\x80',
        '\u07ff',
        '\u0800',
        '\ud7ff',
        '\ue000',
        '\uffff',
        '\u{10000}',
        '\ud800',
        '\udc00',
      ]) {
        for (let i = 0; i < 35; i++)
          sent.push(around.repeat(i) + inside + around.repeat(34 - i) + 'xé€'.slice(i % 3));
      }
    }
    const received = messages(ws, sent.length);
    for (const text of sent) ws.send(text);
    assert.deepEqual(
      await received,
      sent.map((text) => text.toWellFormed()),
    );
  });

  it('counts for back-pressure what was received, in whatever form it is handed over', async (t) => {
    const texts = ['é'.repeat(30_000), '€'.repeat(20_000), 'x'.repeat(60_000)];
    const count = 400;
    const url = await serve(t, (socket) =>
      socket.on('message', () => {
        for (let i = 0; i < count; i++) socket.send(texts[i % texts.length]);
      }),
    );
    const ws = await openClient(t, url);
    // Several times what may wait: it would come to a stop if anything were left over.
    const [received] = await Promise.all([messages(ws, count), ws.send('go')]);
    assert.ok(received.every((text, i) => text === texts[i % texts.length]));
  });

  it('of a rope, a slice and a number made a string arrives', async (t) => {
    const ws = await openClient(t, await serve(t, echo));
    const parts = Array.from({ length: 2000 }, (_, i) => String(i));
    const rope = parts.reduce((whole, part) => whole + part, '');
    const sent = [rope, rope.slice(100, 4500), String(12345.5)];
    const received = messages(ws, 3);
    for (const text of sent) ws.send(text);
    assert.deepEqual(await received, sent);
  });
});

describe('an ArrayBuffer', () => {
  for (const size of [0, 1, 125, 126, 65535, 65536, 200 * 1024 - 1, 200 * 1024, 1 << 20, 5 << 20]) {
    it(`of ${size} bytes arrives`, async (t) => {
      const ws = await openClient(t, await serve(t, echo));
      const sent = Uint8Array.from(
        { length: Math.min(size, 5242864) },
        (_, i) => (i * 31) ^ (i >> 8),
      );
      const [[value]] = await Promise.all([messages(ws, 1), ws.send(sent.buffer)]);
      assert.ok(value instanceof ArrayBuffer);
      assert.equal(Buffer.compare(Buffer.from(value), Buffer.from(sent)), 0);
    });
  }

  it('is copied when it is sent', async (t) => {
    const ws = await openClient(t, await serve(t, echo));
    const bytes = new Uint8Array([1, 2, 3]);
    const received = messages(ws, 1);
    ws.send(bytes.buffer);
    bytes.fill(9);
    assert.deepEqual([...new Uint8Array((await received)[0])], [1, 2, 3]);
  });

  it("is the program's own: it can be written to and transferred, a large one by a slice", async (t) => {
    const ws = await openClient(t, await serve(t, echo));
    for (const size of [10, 100 * 1024, 1 << 20]) {
      const received = messages(ws, 2);
      ws.send(new ArrayBuffer(size));
      ws.send(new ArrayBuffer(size));
      const [first, second] = await received;
      new Uint8Array(first).fill(7);
      assert.equal(new Uint8Array(second)[0], 0);
      const own = size < 200 * 1024 ? first : first.slice();
      const moved = structuredClone(own, { transfer: [own] });
      assert.equal(own.byteLength, 0);
      assert.equal(new Uint8Array(moved)[size - 1], 7);
    }
  });
});

describe('short texts', () => {
  it('that arrive together keep their ends, their order and their listeners', async (t) => {
    const lengths = [0, 1, 2, 12, 13, 16, 63, 64, 65, 100];
    const sent = Array.from({ length: 5000 }, (_, i) => {
      const filling = ['a', 'é', '€'][(i >> 6) % 3].repeat(lengths[i % lengths.length]);
      return filling.length > 5 ? filling.slice(0, -5) + String(i).padStart(5, '0') : filling;
    });
    const url = await serve(t, (socket) =>
      socket.on('message', () => sent.forEach((text) => socket.send(text))),
    );
    const ws = await openClient(t, url);
    // One that adds another, once, in the middle of what has arrived.
    const seen = [];
    ws.on('message', (_, text) => {
      if (text === sent[2506]) ws.on('message', (_, later) => seen.push(later));
    });
    const [received] = await Promise.all([messages(ws, sent.length), ws.send('go')]);
    assert.deepEqual(received, sent);
    assert.deepEqual(seen, sent.slice(2507));
  });

  it('may be empty: any number of them', async (t) => {
    const url = await serve(t, (socket) =>
      socket.on('message', () => {
        for (let i = 0; i < 3000; i++) socket.send('');
      }),
    );
    const ws = await openClient(t, url);
    const [received] = await Promise.all([messages(ws, 3000), ws.send('go')]);
    assert.ok(received.every((text) => text === ''));
  });
});

describe("binaryType 'uint8array'", () => {
  const SIZES = [
    0,
    1,
    16,
    125,
    126,
    1000,
    16384,
    16385,
    65535,
    65536,
    200 * 1024 - 1,
    200 * 1024,
    1 << 20,
  ];
  const bytes = (size, seed) =>
    Uint8Array.from({ length: size }, (_, i) => seed + i * 31 + (i >> 8));

  it('gives a Buffer for a message of any size, in order', async (t) => {
    const sent = Array.from({ length: 10 }, (_, round) =>
      SIZES.map((size) => bytes(size, round)),
    ).flat();
    const url = await serve(t, (socket) =>
      socket.on('message', () => sent.forEach((data) => socket.send(data))),
    );
    const ws = await openClient(t, url, { binaryType: 'uint8array' });
    const [received] = await Promise.all([messages(ws, sent.length), ws.send('go')]);
    for (const [i, value] of received.entries()) {
      assert.ok(value instanceof Uint8Array && Buffer.isBuffer(value));
      assert.equal(Buffer.compare(value, sent[i]), 0);
      assert.ok(sent[i].length > 16384 || value.buffer.byteLength <= 65536);
    }
  });

  it('gives views that do not overlap', async (t) => {
    const sent = Array.from({ length: 1000 }, (_, i) => bytes(i % 40, i));
    const url = await serve(t, (socket) =>
      socket.on('message', () => sent.forEach((data) => socket.send(data))),
    );
    const ws = await openClient(t, url, { binaryType: 'uint8array' });
    const [received] = await Promise.all([messages(ws, sent.length), ws.send('go')]);
    received.forEach((value, i) => i % 2 && value.fill(0));
    for (const [i, value] of received.entries())
      assert.deepEqual([...value], i % 2 ? Array(i % 40).fill(0) : [...sent[i]]);
  });

  it('loses no more than the views of a buffer that a listener transfers', async (t) => {
    const url = await serve(t, (socket, request) => {
      request.socket.cork();
      for (let i = 0; i < 10; i++) socket.send(Buffer.alloc(100, i));
      socket.send('end');
      request.socket.uncork();
    });
    const cwd = await folder({
      'main.mjs': `
        import arkws from 'arkws';
        const lost = [];
        process.on('uncaughtException', ({ name }) => lost.push(name));
        const ws = arkws.createWebSocket();
        let views = 0;
        ws.on('message', (_, value) => {
          if (value !== 'end') {
            views++;
            return structuredClone(value.buffer, { transfer: [value.buffer] });
          }
          console.log(views + lost.length, lost.every((name) => name === 'TypeError'));
          ws.close();
        });
        ws.connect(process.argv[2], { binaryType: 'uint8array' });
      `,
    });
    const { code, stderr, lines } = await node(['main.mjs', url], { cwd });
    assert.deepEqual({ code, stderr, lines }, { code: 0, stderr: '', lines: ['10 true'] });
  });

  it('is for one connection: the next may have another', async (t) => {
    const url = await serve(t, echo);
    const ws = arkws.createWebSocket();
    t.after(() => ws.close().catch(() => {}));
    for (const [binaryType, Type] of [
      ['uint8array', Uint8Array],
      [undefined, ArrayBuffer],
      ['uint8array', Uint8Array],
      ['arraybuffer', ArrayBuffer],
    ]) {
      const open = next(ws, 'open');
      await ws.connect(url, { binaryType });
      await open;
      const [[value]] = await Promise.all([messages(ws, 1), ws.send(new ArrayBuffer(3))]);
      assert.ok(value instanceof Type);
      const closed = next(ws, 'close');
      await ws.close();
      await closed;
    }
  });

  it('gives pieces as well at the levels that have them', async (t) => {
    t.after(() => setApiVersion(undefined));
    setApiVersion(10);
    const ws = await openClient(t, await serve(t, echo), { binaryType: 'uint8array' });
    const sent = bytes(10_000, 5);
    const [pieces] = await Promise.all([messages(ws, 3), ws.send(sent.buffer)]);
    assert.deepEqual(
      pieces.map((piece) => piece.byteLength),
      [4096, 4096, 1808],
    );
    assert.equal(Buffer.compare(Buffer.concat(pieces), sent), 0);
  });
});

describe('order', () => {
  it('holds for 100,000 messages of all kinds, and none is lost', async (t) => {
    const COUNT = 100_000;
    const url = await serve(t, (socket) => {
      for (let i = 0; i < COUNT; i++) {
        if (i % 1000 === 999) socket.send(Buffer.alloc(20_000, String(i)));
        else if (i % 7 === 3) socket.send(Buffer.from(String(i)));
        else socket.send(i % 5 === 0 ? `é${i}` : String(i));
      }
    });
    const ws = arkws.createWebSocket();
    t.after(() => ws.close().catch(() => {}));
    let i = 0;
    let ends = 0;
    const all = new Promise((resolve, reject) => {
      ws.on('dataEnd', () => {
        if (++ends === COUNT) resolve();
      });
      ws.on('message', (_, value) => {
        const text =
          typeof value === 'string'
            ? value.replace('é', '')
            : Buffer.from(value).toString('latin1', 0, String(i).length);
        if (text !== String(i)) reject(new Error(`${text} instead of ${i}`));
        i++;
      });
    });
    await ws.connect(url);
    await all;
    assert.equal(i, COUNT);
  });

  it('holds for sends of all kinds, made before and after open', async (t) => {
    const seen = [];
    const { promise, resolve } = deferred();
    const url = await serve(t, (socket) =>
      socket.on('message', (data, isBinary) => {
        seen.push(isBinary ? data.length : String(data));
        if (seen.at(-1) === 'end') resolve();
      }),
    );
    const ws = arkws.createWebSocket();
    t.after(() => ws.close().catch(() => {}));
    const open = next(ws, 'open');
    await ws.connect(url);
    const expected = [];
    const send = (data) => {
      ws.send(data);
      expected.push(typeof data === 'string' ? data : data.byteLength);
    };
    for (let i = 0; i < 500; i++) send(i % 2 ? `early ${i}` : new ArrayBuffer(i));
    await open;
    for (let i = 0; i < 5000; i++) send(i % 3 ? `late ${i}` : new ArrayBuffer(i * 10));
    send('end');
    await promise;
    assert.deepEqual(seen, expected);
  });

  it('holds for the answers to sends', async (t) => {
    const ws = await openClient(t, await serve(t, echo));
    const order = [];
    const answers = [];
    for (let i = 0; i < 5000; i++) {
      if (i % 2) answers.push(ws.send('a').then(() => order.push(i)));
      else answers.push(new Promise((resolve) => ws.send('a', () => resolve(order.push(i)))));
    }
    await Promise.all(answers);
    const odd = order.filter((i) => i % 2);
    const even = order.filter((i) => i % 2 === 0);
    assert.deepEqual(
      odd,
      [...odd].sort((a, b) => a - b),
    );
    assert.deepEqual(
      even,
      [...even].sort((a, b) => a - b),
    );
    assert.equal(order.length, 5000);
  });
});

describe('the turn of the event loop', () => {
  it('ends between batches: timers run while messages pour in', async (t) => {
    const url = await serve(t, (socket) => {
      const pour = () => {
        // A limit, because a socket that has been reset swallows what it is given.
        for (let i = 0; i < 1000 && socket.bufferedAmount < 1 << 20; i++)
          socket.send('x'.repeat(100));
        if (socket.readyState === 1) setImmediate(pour);
      };
      pour();
    });
    const ws = await openClient(t, url);
    let count = 0;
    ws.on('message', () => count++);
    let ticks = 0;
    while (count < 200_000) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      ticks++;
    }
    assert.ok(ticks > 20, `${ticks} timers fired during ${count} messages`);
  });

  it('comes, also if each send is made as soon as the last one is answered', async (t) => {
    // A server that takes whatever comes, on a thread of its own.
    const server = arkws.createWebSocketServer();
    await server.start({ serverIP: '127.0.0.1', serverPort: 0 });
    t.after(() => server.stop());
    const ws = await openClient(t, `ws://127.0.0.1:${server.listAddress().port}`);
    let turns = 0;
    const turn = () => {
      turns++;
      immediate = setImmediate(turn);
    };
    let immediate = setImmediate(turn);
    t.after(() => clearImmediate(immediate));
    for (let i = 0; i < 1000; i++) await ws.send('again');
    assert.ok(turns >= 10, `${turns} turns`);
  });

  it('sends in one write what promise jobs that run together send, in order', async (t) => {
    const reads = [];
    const { promise, resolve } = deferred();
    const url = await serve(t, (socket, request) => {
      request.socket.on('data', (bytes) => reads.push(bytes.length));
      const received = [];
      socket.on('message', (data) => {
        if (received.push(String(data)) === 3) resolve(received);
      });
    });
    const ws = await openClient(t, url);
    Promise.resolve()
      .then(() => ws.send('2'))
      .catch(resolve);
    Promise.resolve()
      .then(() => {})
      .then(() => ws.send('3'))
      .catch(resolve);
    ws.send('1');
    assert.deepEqual(await promise, ['1', '2', '3']);
    assert.equal(reads.length, 1);
  });
});

describe('the API level', () => {
  it('10 gives pieces of at most 4096 bytes and one dataEnd, 26 the whole message', async (t) => {
    t.after(() => setApiVersion(undefined));
    const text = 'é€x'.repeat(1666) + 'yyyy';
    const url = await serve(t, (socket) => {
      socket.send(text);
      socket.send(Buffer.alloc(10_000, 1));
      socket.send('');
      socket.close(1000);
    });
    for (const level of [10, 26]) {
      setApiVersion(level);
      const ws = arkws.createWebSocket();
      const events = [];
      ws.on('message', (_, value) => events.push(value));
      ws.on('dataEnd', () => events.push('END'));
      await ws.connect(url);
      await next(ws, 'close');
      const got = [[]];
      for (const event of events) {
        if (event === 'END') got.push([]);
        else got.at(-1).push(event);
      }
      assert.equal(got.length, 4);
      const [pieces, binary, empty] = got;
      assert.equal(pieces.join(''), text);
      assert.equal(Buffer.concat(binary.map((piece) => Buffer.from(piece))).length, 10_000);
      assert.deepEqual(empty, ['']);
      if (level === 10) {
        assert.ok(
          pieces.every((piece) => Buffer.byteLength(piece) <= 4096 && !piece.includes('\ufffd')),
        );
        assert.deepEqual(
          binary.map((piece) => piece.byteLength),
          [4096, 4096, 1808],
        );
      } else {
        assert.equal(pieces.length, 1);
        assert.equal(binary.length, 1);
      }
    }
  });
});
