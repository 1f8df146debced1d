// How a client gets to its server: names and addresses of the program's, and what it asks the
// program before it connects again.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, it } from 'node:test';
import arkws from 'arkws';
import { WebSocketServer } from 'ws';
import { deferred, next, openClient, rejection } from './events.mjs';
import { serve } from './servers.mjs';

const f = () => {};
const direct = { proxy: 'no-proxy' };

async function failure(url, options) {
  const ws = arkws.createWebSocket();
  const error = next(ws, 'error');
  await ws.connect(url, { ...direct, ...options });
  return (await error)[0];
}

describe('lookup', () => {
  it('resolves names, as dns.lookup does', async (t) => {
    const url = new URL(await serve(t, f));
    url.hostname = 'name.test';
    const asked = [];
    const one = (name, options, callback) => {
      asked.push([name, options.all]);
      callback(null, '127.0.0.1', 4);
    };
    const all = (_, __, callback) =>
      setTimeout(callback, 1, null, [
        { address: '127.0.0.2', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ]);
    await openClient(t, url, { ...direct, lookup: one });
    await openClient(t, url, { ...direct, lookup: all });
    assert.deepEqual(asked, [['name.test', true]]);
  });

  it('fails the attempt with its error, in words', async () => {
    const lookups = {
      'no such name': (_, __, callback) => callback(new Error('no such name')),
      thrown: () => {
        throw new Error('thrown');
      },
      'no address': (_, __, callback) => callback(null, []),
      '"nowhere"': (_, __, callback) => callback(null, 'nowhere'),
    };
    for (const [words, lookup] of Object.entries(lookups)) {
      const { cause, message } = await failure('ws://name.test', { lookup });
      assert.equal(cause, 'dns');
      assert.ok(message.includes(words), message);
    }
    const never = await failure('ws://name.test', { lookup: f, connectTimeout: 50 });
    assert.equal(never.cause, 'timeout');
    assert.equal(
      (await rejection(arkws.createWebSocket().connect('ws://a', { lookup: 5 }))).code,
      401,
    );
  });
});

describe('localAddress', () => {
  it('is where the connection comes from', async (t) => {
    const from = [];
    const url = await serve(t, (_, { socket }) => from.push(socket.remoteAddress));
    await openClient(t, url, { ...direct, localAddress: '127.0.0.3' });
    assert.deepEqual(from, ['127.0.0.3']);
    assert.match((await failure(url, { localAddress: '::1' })).message, /::1 is of another family/);
    for (const localAddress of ['nowhere', '', 5]) {
      const error = await rejection(arkws.createWebSocket().connect(url, { localAddress }));
      assert.equal(error.code, 401);
    }
  });
});

describe('reconnect', () => {
  const quick = { initialDelay: 1, maxDelay: 1, jitter: false };

  it('asks for header and URL before each attempt', async (t) => {
    const requests = [];
    const url = await serve(t, (socket, request) => {
      requests.push([request.url, request.headers.authorization, request.headers.second]);
      if (requests.length < 3) socket.close(1012);
    });
    const ws = arkws.createWebSocket();
    t.after(() => ws.close().catch(f));
    const reconnect = {
      ...quick,
      header: async (attempt) => ({ Authorization: `token ${attempt}` }),
      url: (attempt) => new URL(`/again/${attempt}`, url),
    };
    await ws.connect(url, {
      ...direct,
      header: { Authorization: 'first', Second: 'x' },
      reconnect,
    });
    await next(ws, 'reconnected');
    await next(ws, 'reconnected');
    assert.deepEqual(requests.shift(), ['/', 'first', 'x']);
    for (const [path, token, second] of requests) {
      assert.match(path, /^\/again\/[12]$/);
      assert.equal(token, `token ${path.at(-1)}`);
      assert.equal(second, undefined);
    }
  });

  it('takes what they throw, or do not say in time, for a failed attempt', async () => {
    const functions = {
      'no token': async () => {
        throw new Error('no token');
      },
      connectTimeout: () => new Promise(f),
      'not a token': () => ({ 'a b': 'c' }),
    };
    for (const [words, header] of Object.entries(functions)) {
      const ws = arkws.createWebSocket();
      const ends = [];
      ws.on('reconnecting', ({ cause }) => ends.push(cause));
      const error = next(ws, 'error');
      const reconnect = { ...quick, maxAttempts: 2, header };
      const own = { First: 'x' };
      const options = { ...direct, connectTimeout: 100, header: own, reconnect };
      await ws.connect('ws://127.0.0.1:9', options);
      const last = (await error)[0];
      assert.equal(ends.length, 2);
      assert.equal(ends[0].cause, 'refused');
      for (const { message } of [ends[1], last]) assert.ok(message.includes(words), message);
    }
    const url = async () => 'nowhere';
    const ws = arkws.createWebSocket();
    const error = next(ws, 'error');
    await ws.connect('ws://127.0.0.1:9', {
      ...direct,
      reconnect: { ...quick, maxAttempts: 1, url },
    });
    assert.match((await error)[0].message, /cannot be used/);
    for (const reconnect of [{ header: {} }, { url: 'ws://a' }]) {
      assert.equal((await rejection(ws.connect('ws://a', { reconnect }))).code, 401);
    }
  });

  it('asks for the header of the first attempt, too, unless connect has one', async (t) => {
    const requests = [];
    const server = await serve(t, (socket, request) => {
      requests.push([request.url, request.headers.token]);
      if (requests.length % 2 === 1) socket.close(1012);
    });
    const header = async (attempt) => ({ Token: `token ${attempt}` });
    const url = () => new URL('/again', server);
    for (const [own, first] of [
      [{}, 'token 0'],
      [{ header: {} }, 'token 0'],
      [{ header: { Token: 'own' } }, 'own'],
    ]) {
      const ws = arkws.createWebSocket();
      t.after(() => ws.close().catch(f));
      const reconnected = next(ws, 'reconnected');
      await ws.connect(server, { ...direct, ...own, reconnect: { ...quick, header, url } });
      await reconnected;
      assert.deepEqual(requests.splice(0), [
        ['/', first],
        ['/again', 'token 1'],
      ]);
    }
  });

  it('does not wait in connect for the header of the first attempt, which may fail', async (t) => {
    const server = await serve(t, f);
    const ws = arkws.createWebSocket();
    t.after(() => ws.close().catch(f));
    const events = [];
    ws.on('reconnecting', ({ attempt, cause }) => events.push([attempt, cause.cause]));
    const asked = deferred();
    const header = (attempt) =>
      attempt === 0 ? new Promise((_, reject) => asked.resolve(reject)) : { Token: 'x' };
    const open = next(ws, 'open');
    assert.equal(await ws.connect(server, { ...direct, reconnect: { ...quick, header } }), true);
    assert.deepEqual(events, []);
    const fail = await asked.promise;
    fail(new Error('no token'));
    await open;
    assert.deepEqual(events, [[1, 'invalid']]);
  });

  it('can be ended while they are asked', async () => {
    const ws = arkws.createWebSocket();
    const asked = new Promise((resolve) => {
      const header = () => (resolve(), new Promise(f));
      ws.connect('ws://127.0.0.1:9', { ...direct, reconnect: { ...quick, header } });
    });
    await asked;
    const close = next(ws, 'close');
    await ws.close();
    await close;
  });

  it('waits as long as Retry-After asks', async (t) => {
    let refusals = 0;
    const http = createServer();
    const server = new WebSocketServer({ noServer: true });
    http.on('upgrade', (request, socket, head) => {
      if (refusals++ === 0)
        return socket.end('HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n');
      server.handleUpgrade(request, socket, head, f);
    });
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    t.after(() => {
      for (const client of server.clients) client.terminate();
      http.close();
    });
    const ws = arkws.createWebSocket();
    t.after(() => ws.close().catch(f));
    const reconnecting = next(ws, 'reconnecting');
    const open = next(ws, 'open');
    await ws.connect(`ws://127.0.0.1:${http.address().port}`, { ...direct, reconnect: quick });
    const [{ delay, cause }] = await reconnecting;
    assert.equal(delay, 1000);
    assert.equal(cause.response.status, 503);
    await open;
  });
});
