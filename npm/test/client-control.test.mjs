// What a client does beside messages: pings, pause, terminate, signals, iteration; and what a
// refusal tells.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import arkws from 'arkws';
import { messages, next, openClient, rejection } from './events.mjs';
import { echo, listen, serve } from './servers.mjs';
import { folder, node } from './support.mjs';

const f = () => {};
const text = (data) => Buffer.from(data).toString();

/** An HTTP server that refuses with what `answer` writes. */
async function refusing(t, answer) {
  const server = createServer(f);
  server.on('upgrade', (request, socket) => answer(socket, request));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return `ws://127.0.0.1:${server.address().port}`;
}

/** The error of an attempt. */
async function failure(url, options = {}) {
  const ws = arkws.createWebSocket();
  const error = next(ws, 'error');
  await ws.connect(url, options);
  return (await error)[0];
}

describe('the response of a refusal', () => {
  const secret = 'planted-secret';

  it('has status, headers and body, which are not printed with the error', async (t) => {
    const url = await refusing(t, (socket) => {
      const body = JSON.stringify({ token: secret });
      socket.end(
        `HTTP/1.1 401 Unauthorized\r\nX-Token: ${secret}\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n` +
          `Content-Length: ${body.length}\r\n\r\n${body}`,
      );
    });
    const error = await failure(url);
    assert.equal(error.data, '401');
    const { status, headers, body } = error.response;
    assert.equal(status, 401);
    assert.equal(headers['x-token'], secret);
    assert.deepEqual(headers['set-cookie'], ['a', 'b']);
    assert.equal(JSON.parse(String(body)).token, secret);
    for (const shown of [JSON.stringify(error), inspect(error), String(error), error.stack])
      assert.ok(!shown.includes(secret), shown);
    assert.ok(!Object.keys(error).includes('response'));
  });

  it('comes with the rejection of the sends that waited, too, and is not printed', async (t) => {
    const url = await refusing(t, (socket) =>
      socket.end(`HTTP/1.1 403 Forbidden\r\nContent-Length: ${secret.length}\r\n\r\n${secret}`),
    );
    const ws = arkws.createWebSocket();
    const failed = next(ws, 'error');
    await ws.connect(url);
    const errors = await Promise.all(['a', 'b'].map((text) => rejection(ws.send(text))));
    for (const error of errors) {
      assert.equal(error.code, -1);
      assert.equal(error.cause, 'handshake');
      assert.equal(error.response.status, 403);
      assert.equal(String(error.response.body), secret);
      for (const shown of [JSON.stringify(error), inspect(error), String(error), error.stack])
        assert.ok(!shown.includes(secret), shown);
      assert.ok(!Object.keys(error).includes('response'));
    }
    assert.deepEqual((await failed)[0].response, errors[0].response);
  });

  it('has a body that came in chunks, or until the end, of at most 64 KiB', async (t) => {
    const long = 'x'.repeat(100_000);
    const bodies = {
      'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n': 'abcde',
      'Connection: close\r\n\r\nuntil the end': 'until the end',
      'Content-Length: 0\r\n\r\n': '',
      [`Content-Length: ${long.length}\r\n\r\n${long}`]: long.slice(0, 65_536),
      'Content-Length: 10\r\n\r\nhalf': 'half',
    };
    for (const [rest, body] of Object.entries(bodies)) {
      const url = await refusing(t, (socket) => {
        socket.on('error', f);
        socket.end(`HTTP/1.1 403 Forbidden\r\n${rest}`);
      });
      assert.equal(String((await failure(url)).response.body), body);
    }
  });

  it('does not wait long for a body that does not come', async (t) => {
    const { address } = await listen(t, (socket) =>
      socket.once('data', () => socket.write('HTTP/1.1 503 Busy\r\n\r\nbusy')),
    );
    assert.equal(String((await failure(`ws://${address}`)).response.body), 'busy');
  });

  it('is there for a redirect that is not followed, and nowhere else', async (t) => {
    const url = await refusing(t, (socket) =>
      socket.end('HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 4\r\n\r\nthat'),
    );
    const { response } = await failure(url, { maxRedirects: 0 });
    assert.equal(response.headers.location, '/');
    assert.equal(String(response.body), 'that');
    assert.ok(!('response' in (await failure('ws://127.0.0.1:9', { proxy: 'no-proxy' }))));
  });
});

describe('ping', () => {
  it('resolves with the round-trip time', async (t) => {
    const pings = [];
    const url = await serve(t, (socket) => socket.on('ping', (data) => pings.push(text(data))));
    const ws = await openClient(t, url);
    const times = [
      await ws.ping(),
      ...(await Promise.all([ws.ping('a'), ws.ping(Buffer.from('b'))])),
    ];
    for (const time of times) assert.ok(time > 0 && time < 10_000, time);
    assert.equal(pings.length, 3);
    assert.deepEqual(pings.slice(1), ['a', 'b']);
  });

  it('is refused without a connection, and with what cannot be sent', async (t) => {
    const ws = arkws.createWebSocket();
    assert.equal((await rejection(ws.ping())).code, -1);
    const open = await openClient(t, await serve(t, f));
    for (const data of ['x'.repeat(126), 5, null, {}]) {
      assert.equal((await rejection(open.ping(data))).code, 401);
    }
    assert.ok((await open.ping('x'.repeat(125))) > 0);
    assert.equal((await rejection(ws.ping.call({}))).code, 401);
  });

  it('is rejected when the connection ends, quietly', async (t) => {
    const url = await serve(t, (socket) => socket.once('ping', () => socket.terminate()), {
      autoPong: false,
    });
    const ws = await openClient(t, url);
    ws.ping().catch(f);
    ws.ping('forgotten');
    const error = await rejection(ws.ping());
    assert.equal(error.code, -1);
    assert.equal(error.cause, 'reset');
  });

  it('events tell what comes', async (t) => {
    const url = await serve(t, (socket) => socket.on('message', () => socket.ping('server')));
    const ws = await openClient(t, url);
    await ws.send('not heard');
    await ws.ping('nor is this');
    const ping = next(ws, 'ping');
    await ws.send('now');
    assert.equal(text((await ping)[0]), 'server');
    const pong = next(ws, 'pong');
    const time = ws.ping('client');
    const [data] = await pong;
    assert.ok(data instanceof ArrayBuffer);
    assert.equal(text(data), 'client');
    await time;
  });
});

describe('pause', () => {
  it('keeps messages, and what comes behind them, until resume', async (t) => {
    const url = await serve(t, (socket) => {
      for (const part of ['a', 'b', 'c']) socket.send(part);
      socket.close(4000);
    });
    const ws = arkws.createWebSocket();
    const heard = [];
    ws.on('message', (_, value) => {
      heard.push(value);
      if (value === 'b') ws.pause();
    });
    ws.on('close', (_, { code }) => heard.push(code));
    const open = next(ws, 'open');
    ws.pause();
    await ws.connect(url);
    await open;
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual(heard, []);
    const closed = next(ws, 'close');
    assert.equal(ws.resume(), ws);
    while (heard.length < 2) await new Promise(setImmediate);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual(heard, ['a', 'b']);
    ws.resume();
    await closed;
    assert.deepEqual(heard, ['a', 'b', 'c', 4000]);
  });

  it('makes the server wait', async (t) => {
    let peer;
    const url = await serve(t, (socket) => (peer = socket));
    const ws = await openClient(t, url);
    let bytes = 0;
    ws.on('message', (_, value) => (bytes += value.byteLength));
    ws.pause();
    const block = Buffer.alloc(1 << 20);
    for (let k = 0; k < 64; k++) peer.send(block);
    let before;
    do {
      before = peer.bufferedAmount;
      await new Promise((resolve) => setTimeout(resolve, 100));
    } while (peer.bufferedAmount !== before);
    assert.ok(before > 32 << 20, `${before} bytes wait`);
    assert.equal(bytes, 0);
    ws.resume();
    while (bytes < 64 << 20) await next(ws, 'message');
  });

  it('ends with close', async (t) => {
    const url = await serve(t, (socket) => socket.send('late'));
    const ws = await openClient(t, url);
    ws.pause();
    ws.on('message', () => assert.fail('muted'));
    const close = next(ws, 'close');
    await ws.close();
    assert.equal((await close)[1].code, 1000);
  });

  it('misses nothing that a promise waits for', async (t) => {
    const url = await serve(t, (socket) => ['a', 'b', 'c'].forEach((part) => socket.send(part)));
    const ws = await openClient(t, url);
    ws.pause();
    await new Promise((resolve) => setTimeout(resolve, 50));
    ws.resume();
    const heard = [];
    for (let k = 0; k < 3; k++) heard.push((await next(ws, 'message'))[1]);
    assert.deepEqual(heard, ['a', 'b', 'c']);
  });

  it('loses no other listener of one that throws', async () => {
    const cwd = await folder({
      'main.mjs': `
        import arkws from 'arkws';
        import { createRequire } from 'node:module';
        const { WebSocketServer } = createRequire(${JSON.stringify(import.meta.url)})('ws');
        const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
        server.on('connection', (socket) => { socket.send('a'); socket.send('b'); });
        process.on('uncaughtException', ({ message }) => console.log('uncaught', message));
        await new Promise((resolve) => server.on('listening', resolve));
        const ws = arkws.createWebSocket();
        ws.on('message', (_, value) => { throw new Error(value); });
        ws.on('message', (_, value) => {
          console.log('heard', value);
          if (value === 'b') process.exit();
        });
        ws.pause();
        ws.on('open', () => setTimeout(() => ws.resume(), 50));
        await ws.connect('ws://127.0.0.1:' + server.address().port);`,
    });
    const { lines, stderr } = await node(['main.mjs'], { cwd });
    assert.deepEqual(lines, ['uncaught a', 'heard a', 'uncaught b', 'heard b'], stderr);
  });
});

describe('terminate', () => {
  it('ends the connection without a closing handshake', async (t) => {
    let closed;
    const url = await serve(t, (socket) => (closed = once(socket, 'close')));
    const ws = await openClient(t, url);
    ws.on('error', () => assert.fail('no error'));
    const close = next(ws, 'close');
    ws.terminate();
    const [, { code, reason }] = await close;
    assert.equal(code, 1006);
    assert.match(reason, /terminated/);
    assert.equal((await closed)[0], 1006);
    assert.equal(ws.readyState, 3);
    ws.terminate();
  });

  it('ends an attempt, a close that is waited for, and a wait to reconnect', async (t) => {
    const { address } = await listen(t, f);
    const ws = arkws.createWebSocket();
    const ends = async () => {
      const close = next(ws, 'close');
      ws.terminate();
      assert.equal((await close)[1].code, 1006);
    };
    await ws.connect(`ws://${address}`);
    await ends();

    const url = await serve(t, (socket) => socket.pause());
    const open = next(ws, 'open');
    await ws.connect(url);
    await open;
    const sent = rejection(
      ws.send(new ArrayBuffer(5 << 20)).then(() => ws.send(new ArrayBuffer(5 << 20))),
    ).catch(f);
    await ws.close();
    await ends();
    await sent;

    const reconnecting = next(ws, 'reconnecting');
    await ws.connect('ws://127.0.0.1:9', {
      proxy: 'no-proxy',
      reconnect: { initialDelay: 60_000, jitter: false },
    });
    await reconnecting;
    await ends();
  });
});

describe('signal', () => {
  it('that is aborted already fails the call, and an event tells it', async () => {
    const ws = arkws.createWebSocket();
    const event = next(ws, 'error');
    const error = await rejection(
      ws.connect('ws://127.0.0.1:9', { signal: AbortSignal.abort(new Error('no more')) }),
    );
    assert.equal(error.code, -1);
    assert.match(error.message, /aborted: no more/);
    assert.equal((await event)[0].cause, 'closed');
  });

  it('gives an attempt up', async (t) => {
    const { address } = await listen(t, f);
    const ws = arkws.createWebSocket();
    const error = next(ws, 'error');
    ws.on('close', () => assert.fail('it was not open'));
    await ws.connect(`ws://${address}`, {
      signal: AbortSignal.any([AbortSignal.timeout(50), AbortSignal.timeout(50_000)]),
    });
    const [{ cause, message }] = await error;
    assert.equal(cause, 'closed');
    assert.match(message, /aborted: .*timeout/);
    assert.equal(ws.readyState, 3);
  });

  it('closes an open connection, and is let go of with it', async (t) => {
    const url = await serve(t, f);
    const controller = new AbortController();
    const ws = await openClient(t, url, { signal: controller.signal });
    const close = next(ws, 'close');
    controller.abort();
    assert.equal((await close)[1].code, 1000);

    const other = new AbortController();
    const again = await openClient(t, url, { signal: other.signal });
    const closed = next(again, 'close');
    await again.close();
    await closed;
    await new Promise(setImmediate);
    const { getEventListeners } = await import('node:events');
    assert.deepEqual(getEventListeners(other.signal, 'abort'), []);
  });

  it('must be one', async () => {
    for (const signal of [null, 5, {}, new EventTarget()]) {
      assert.equal(
        (await rejection(arkws.createWebSocket().connect('ws://a', { signal }))).code,
        401,
      );
    }
  });
});

describe('for await', () => {
  it('gives the messages, and ends with the close', async (t) => {
    const url = await serve(t, (socket) => {
      for (let k = 0; k < 1000; k++) socket.send(String(k));
      socket.close();
    });
    const ws = arkws.createWebSocket();
    await ws.connect(url);
    const got = [];
    for await (const message of ws) got.push(message);
    assert.deepEqual(
      got,
      Array.from({ length: 1000 }, (_, k) => String(k)),
    );
    for await (const _ of ws) assert.fail('there is no connection');
  });

  it('throws when the connection is lost, or is not made', async (t) => {
    const url = await serve(t, (socket) =>
      socket.send('one', () => setTimeout(() => socket.terminate(), 20)),
    );
    for (const [to, count] of [
      [url, 1],
      ['ws://127.0.0.1:9', 0],
    ]) {
      const ws = arkws.createWebSocket();
      await ws.connect(to, { proxy: 'no-proxy' });
      const got = [];
      const error = await rejection(
        (async () => {
          for await (const message of ws) got.push(message);
        })(),
      );
      assert.equal(error.code, 200);
      assert.equal(got.length, count);
    }
  });

  it('makes the server wait for a slow loop', async (t) => {
    let peer;
    const url = await serve(t, (socket) => (peer = socket));
    const ws = await openClient(t, url);
    const iterator = ws[Symbol.asyncIterator]();
    const block = Buffer.alloc(1 << 20);
    for (let k = 0; k < 64; k++) peer.send(block);
    let before;
    do {
      before = peer.bufferedAmount;
      await new Promise((resolve) => setTimeout(resolve, 100));
    } while (peer.bufferedAmount !== before);
    assert.ok(before > 32 << 20, `${before} bytes wait`);
    for (let k = 0; k < 64; k++) assert.equal((await iterator.next()).value.byteLength, 1 << 20);
    peer.close();
    assert.equal((await iterator.next()).done, true);
  });

  it('that is left leaves the connection open', async (t) => {
    const ws = await openClient(t, await serve(t, echo));
    const sent = ws.send('a');
    for await (const message of ws) {
      assert.equal(message, 'a');
      break;
    }
    await sent;
    const again = messages(ws, 1);
    await ws.send('b');
    assert.deepEqual(await again, ['b']);
  });

  it('answers calls of next that are made at once, in order', async (t) => {
    const ws = await openClient(t, await serve(t, echo));
    const iterator = ws[Symbol.asyncIterator]();
    const both = Promise.all([iterator.next(), iterator.next(), iterator.next()]);
    const echoes = messages(ws, 2);
    await ws.send('a');
    await ws.send('b');
    await echoes;
    await ws.close();
    assert.deepEqual(
      (await both).map(({ value, done }) => value ?? done),
      ['a', 'b', true],
    );
  });
});

describe('Symbol.asyncDispose', { skip: Symbol.asyncDispose === undefined }, () => {
  it('closes, and waits for the close', async (t) => {
    const ws = await openClient(t, await serve(t, f));
    const events = [];
    ws.on('close', (_, { code }) => events.push(code));
    await ws[Symbol.asyncDispose]();
    assert.deepEqual(events, [1000]);
    await ws[Symbol.asyncDispose]();
    await arkws.createWebSocket()[Symbol.asyncDispose]();
  });
});

describe('unref', () => {
  it('lets the process end, and ref keeps it', async (t) => {
    const url = await serve(t, f);
    const run = async (body) => {
      const cwd = await folder({
        'main.mjs': `
          import arkws from 'arkws';
          const ws = arkws.createWebSocket();
          ws.on('close', (_, { code }) => console.log('close', code));
          ${body}`,
      });
      const { code, lines } = await node(['main.mjs', url], { cwd });
      return { code, lines };
    };
    const end = `await ws.connect(process.argv[2]); ws.on('open', () => setTimeout(() => {`;
    assert.deepEqual(await run(`${end} console.log('end'); ws.unref(); }, 10));`), {
      code: 0,
      lines: ['end'],
    });
    // Before there is a connection, and of an object among others.
    const closed = { code: 0, lines: ['close 1000'] };
    const other = `
      const other = arkws.createWebSocket().unref();
      await other.connect(process.argv[2]);`;
    assert.deepEqual(await run(`${other} ${end} ws.close(); }, 100));`), closed);
    const again = `ws.unref(); ws.ref(); ${end} ws.close(); }, 100).unref());`;
    assert.deepEqual(await run(again), closed);
  });
});

describe('an object that is collected while it is paused', () => {
  it('goes on, and is closed if nobody listens', async (t) => {
    const url = await serve(t, (socket) => socket.send('kept'));
    const cwd = await folder({
      'main.mjs': `
        import arkws from 'arkws';
        async function forget(listener) {
          const ws = arkws.createWebSocket();
          const open = new Promise((resolve) => ws.once('open', resolve));
          if (listener) ws.on('message', listener);
          await ws.connect(process.argv[2]);
          await open;
          ws.pause();
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
        await forget((_, text) => { console.log(text); process.exit(); });
        await forget();
        for (;;) {
          await new Promise(setImmediate);
          gc();
        }`,
    });
    const { code, lines } = await node(['--expose-gc', 'main.mjs', url], { cwd });
    assert.deepEqual({ code, lines }, { code: 0, lines: ['kept'] });
  });
});
