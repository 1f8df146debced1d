// Async contexts: in which `AsyncLocalStorage` a program's listeners and callbacks run, and that it
// is let go.
import assert from 'node:assert/strict';
import { AsyncLocalStorage, createHook, executionAsyncId } from 'node:async_hooks';
import { describe, it } from 'node:test';
import arkws from 'arkws';
import { next, openClient, rejection } from './events.mjs';
import { close, onePacket, text } from './one-packet.mjs';
import { serve } from './servers.mjs';
import { folder, node } from './support.mjs';

const storage = new AsyncLocalStorage();
const store = () => storage.getStore();

const CLIENT_EVENTS = ['headerReceive', 'open', 'openInfo', 'message', 'dataEnd', 'error', 'close'];

/** A new client that appends `event store` to `log`. */
function logging(log, events = CLIENT_EVENTS) {
  const ws = arkws.createWebSocket();
  for (const event of events) ws.on(event, () => log.push(`${event} ${store()}`));
  return ws;
}

describe('events run in the async context', () => {
  it('of their connect, whatever the module was first used in', async (t) => {
    const url = await onePacket(t, [text('a'), close(1000)]);
    const log = [];
    const ends = ['A', 'B', 'C'].map((name) => {
      const ws = storage.run('createWebSocket', () => logging(log));
      storage.run(name, () => ws.connect(url));
      return next(ws, 'close');
    });
    await Promise.all(ends);
    for (const name of ['A', 'B', 'C']) {
      const own = log.filter((line) => line.endsWith(` ${name}`));
      assert.deepEqual(
        own,
        ['headerReceive', 'open', 'openInfo', 'message', 'dataEnd', 'close'].map(
          (event) => `${event} ${name}`,
        ),
      );
    }
    assert.equal(log.length, 18);
  });

  it('of their own connect, of several of one object', async (t) => {
    const url = await onePacket(t, [text('a'), close(1000)]);
    const log = [];
    const ws = logging(log, ['open', 'message']);
    ws.on('close', () => log.length < 3 && storage.run('second', () => ws.connect(url)));
    ws.on('close', () => log.push(`close ${store()}`));
    storage.run('first', () => ws.connect(url));
    await next(ws, 'close');
    await next(ws, 'close');
    assert.deepEqual(log, [
      'open first',
      'message first',
      'close first',
      'open second',
      'message second',
      'close second',
    ]);
  });

  it('of their connect, though others are refused meanwhile', async (t) => {
    const url = await serve(t, (socket) => socket.on('message', (data) => socket.send(data)));
    const log = [];
    const ws = logging(log, ['open', 'message', 'error', 'close']);
    storage.run('A', () => ws.connect(url));
    await next(ws, 'open');
    const refused = storage.run('B', () => rejection(ws.connect(url)));
    const told = next(ws, 'error');
    assert.equal((await refused).code, 2302003);
    await told;
    ws.send('a');
    await next(ws, 'message');
    // Nothing promises which of the two is told first.
    const both = Promise.all([next(ws, 'close'), next(ws, 'error')]);
    ws.close();
    const other = storage.run('C', () => rejection(ws.connect(url)));
    await both;
    assert.equal((await other).code, 2302003);
    assert.deepEqual(log.toSorted?.() ?? log.sort(), [
      'close A',
      'error B',
      'error C',
      'message A',
      'open A',
    ]);
    // It is free again.
    storage.run('D', () => ws.connect(url));
    await next(ws, 'open');
    ws.close();
    await next(ws, 'close');
    assert.deepEqual(log.slice(-2), ['open D', 'close D']);
  });

  it('of a connect that fails, at once and later', async () => {
    const log = [];
    const ws = logging(log);
    for (const [name, url] of [
      ['at once', 'ws://'],
      ['later', 'ws://127.0.0.1:1'],
    ]) {
      const told = next(ws, 'error');
      storage.run(name, () => ws.connect(url).catch(() => {}));
      await told;
    }
    assert.deepEqual(log, ['error at once', 'error later']);
  });

  it('of a connect, when a listener before has thrown', async (t) => {
    const url = await onePacket(t, [text('a'), text('b'), text('c'), close(1000)]);
    const root = await folder({
      'main.mjs': `
        import arkws from 'arkws';
        import { AsyncLocalStorage, executionAsyncId } from 'node:async_hooks';
        const storage = new AsyncLocalStorage();
        const log = [], ids = new Set();
        process.on('uncaughtException', ({ message }) => log.push(['uncaught', message, storage.getStore()]));
        const ws = arkws.createWebSocket();
        for (const event of ['open', 'message', 'dataEnd', 'close']) {
          const listener = (name) => () => {
            log.push([event, name, storage.getStore()]);
            ids.add(executionAsyncId());
            if (name === 'first') throw new Error(event);
          };
          ws.on(event, listener('first'));
          ws.on(event, listener('second'));
        }
        ws.on('close', () => console.log(JSON.stringify({ log, ids: [...ids] })));
        storage.run('A', () => ws.connect(process.argv[2]));`,
    });
    const { stdout, stderr } = await node(['main.mjs', url], { cwd: root });
    assert.equal(stderr, '');
    const { log, ids } = JSON.parse(stdout);
    assert.ok(
      log.every(([, , name]) => name === 'A'),
      JSON.stringify(log),
    );
    const messages = ['message', 'dataEnd', 'message', 'dataEnd', 'message', 'dataEnd'];
    const order = ['open', ...messages, 'close'].flatMap((event) => [
      `${event} first`,
      `uncaught ${event}`,
      `${event} second`,
    ]);
    assert.deepEqual(
      log.map(([event, name]) => `${event} ${name}`),
      order,
    );
    assert.equal(ids.length, 1);
    assert.notEqual(ids[0], 0);
  });

  it('of start, for a server and its clients', async (t) => {
    const log = [];
    const server = arkws.createWebSocketServer();
    t.after(() => server.stop().catch(() => {}));
    for (const event of ['request', 'connect', 'messageReceive', 'close'])
      server.on(event, () => log.push(`${event} ${store()}`));
    await storage.run('start', () => server.start({ serverIP: '127.0.0.1', serverPort: 0 }));
    const url = `ws://127.0.0.1:${server.listAddress().port}`;
    await storage.run('client', async () => {
      const ws = await openClient(t, url);
      const received = next(server, 'messageReceive');
      await ws.send('a');
      await received;
      const end = next(server, 'close');
      ws.close();
      await end;
    });
    assert.deepEqual(log, [
      'request start',
      'connect start',
      'messageReceive start',
      'close start',
    ]);
  });

  it('and async hooks see them enter and leave one resource, which ends with the connection', async (t) => {
    const url = await onePacket(t, [text('a'), close(1000)]);
    const resources = new Map();
    const stack = [];
    let broken = 0;
    const hook = createHook({
      init(id, type, trigger) {
        if (type.startsWith('arkws.')) resources.set(id, { type, trigger, destroyed: false });
      },
      before(id) {
        if (resources.has(id)) stack.push(id);
      },
      after(id) {
        if (resources.has(id) && stack.pop() !== id) broken++;
      },
      destroy(id) {
        if (resources.has(id)) resources.get(id).destroyed = true;
      },
    }).enable();
    t.after(() => hook.disable());
    const ids = [];
    const ws = arkws.createWebSocket();
    for (const event of ['open', 'message', 'close']) {
      ws.on(event, () => ids.push([executionAsyncId(), stack.at(-1)]));
    }
    const caller = executionAsyncId();
    const isConnected = ws.connect(url);
    const called = new Promise((resolve) =>
      ws.send('x', () => resolve([executionAsyncId(), stack.at(-1)])),
    );
    await isConnected;
    await next(ws, 'close');
    ids.push(await called);
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    assert.deepEqual(stack, []);
    assert.equal(broken, 0);
    assert.deepEqual(
      [...resources.values()],
      [
        { type: 'arkws.connect', trigger: caller, destroyed: true },
        { type: 'arkws.send', trigger: caller, destroyed: true },
      ],
    );
    const [connection, send] = resources.keys();
    assert.deepEqual(ids, [...Array(3).fill([connection, connection]), [send, send]]);
  });
});

describe('callbacks run in the async context of their call', () => {
  it('of send, before and after open, one by one and together, and if it fails', async (t) => {
    const url = await serve(t, () => {});
    const ws = arkws.createWebSocket();
    const log = [];
    const send = (name) =>
      new Promise((resolve) => {
        storage.run(name, () =>
          ws.send(name, (error) => resolve(log.push(`${store()}${error ? ' failed' : ''}`))),
        );
      });
    const open = next(ws, 'open');
    await ws.connect(url);
    const early = ['A', 'B', 'C'].map(send);
    await open;
    await Promise.all(early);
    await Promise.all(['D', 'E', 'F'].map(send));
    await send('G');
    ws.close();
    await next(ws, 'close');
    await send('H');
    assert.deepEqual(log, ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H failed']);
  });

  it('of sends that were lost with their connection', async () => {
    const ws = arkws.createWebSocket();
    const log = [];
    storage.run('connect', () => ws.connect('ws://127.0.0.1:1').catch(() => {}));
    const all = ['A', 'B'].map((name) =>
      storage.run(name, () => {
        return new Promise((resolve) =>
          ws.send(name, (error) => resolve(log.push(`${error.code} ${store()}`))),
        );
      }),
    );
    await Promise.all(all);
    // If the connection is refused between the two calls, the second one is answered at once.
    assert.deepEqual(log.sort(), ['-1 A', '-1 B']);
  });

  it('of connect and close', async (t) => {
    const url = await serve(t, () => {});
    const ws = arkws.createWebSocket();
    const open = next(ws, 'open');
    assert.equal(
      await storage.run(
        'A',
        () => new Promise((resolve) => ws.connect(url, () => resolve(store()))),
      ),
      'A',
    );
    await open;
    assert.equal(
      await storage.run('B', () => new Promise((resolve) => ws.close(() => resolve(store())))),
      'B',
    );
    assert.equal(
      await storage.run('C', () => new Promise((resolve) => ws.close(() => resolve(store())))),
      'C',
    );
  });

  it('and what awaits promises stays in its own', async (t) => {
    const url = await serve(t, () => {});
    const ws = await openClient(t, url);
    const wait = (name) => storage.run(name, async () => (await ws.send(name), store()));
    assert.deepEqual(await Promise.all(['A', 'B'].map(wait)), ['A', 'B']);
    ws.close();
    await next(ws, 'close');
    await storage.run('C', async () => (await rejection(ws.send('C')), assert.equal(store(), 'C')));
  });
});

describe('async contexts', () => {
  it("are let go when the connection has ended, of the module's first user as well", async (t) => {
    const url = await onePacket(t, [text('a'), close(1000)]);
    const root = await folder({
      'main.cjs': `
        const { AsyncLocalStorage } = require('node:async_hooks');
        const storage = new AsyncLocalStorage();
        const stores = {};
        const sockets = [];
        // What the sockets keep must not keep the store: neither listeners do, nor promises that
        // they resolve.
        async function use() {
          const arkws = require('arkws');
          const ws = arkws.createWebSocket();
          sockets.push(ws);
          const server = arkws.createWebSocketServer();
          sockets.push(server);
          await server.start({ serverIP: '127.0.0.1', serverPort: 0 });
          await server.stop();
          let got = '';
          ws.on('message', (_, text) => (got = text + storage.getStore().name));
          const end = new Promise((resolve) => ws.on('close', () => resolve()));
          ws.connect(process.argv[2], () => {});
          ws.send('x', () => {});
          for (let i = 0; i < 100; i++) ws.send('x').catch(() => {});
          await end;
          ws.off('message');
          ws.off('close');
          return got;
        }
        async function useWith(name) {
          const store = { name };
          stores[name] = new WeakRef(store);
          if ((await storage.run(store, use)) !== 'a' + name) throw new Error('lost');
        }
        (async () => {
          for (const name of ['first', 'second', 'third']) await useWith(name);
          for (let i = 0; i < 50 && Object.values(stores).some((store) => store.deref()); i++) {
            await new Promise((resolve) => setTimeout(resolve, 10));
            gc();
          }
          console.log(Object.keys(stores).filter((name) => stores[name].deref()).join() || 'none', sockets.length);
        })();`,
    });
    const { stdout, stderr } = await node(['--expose-gc', 'main.cjs', url], { cwd: root });
    assert.deepEqual([stdout, stderr], ['none 6\n', '']);
  });

  it('are not needed: a runtime without node:async_hooks', async (t) => {
    const url = await onePacket(t, [text('a'), close(1000)]);
    const root = await folder({
      'main.cjs': `
        const Module = require('node:module');
        const load = Module._load;
        Module._load = (name, ...rest) => {
          if (name === 'node:async_hooks') throw new Error('no ' + name);
          return load(name, ...rest);
        };
        process.getBuiltinModule = undefined;
        const arkws = require('arkws');
        const ws = arkws.createWebSocket();
        ws.on('message', (_, text) => console.log(text));
        ws.on('close', () => console.log('close'));
        ws.connect(process.argv[2]);
        ws.send('x', () => console.log('sent'));`,
    });
    const { lines, stderr } = await node(['main.cjs', url], { cwd: root });
    assert.deepEqual([lines.sort(), stderr], [['a', 'close', 'sent'], '']);
  });

  it('tell node:test which test a listener belongs to', async (t) => {
    const url = await onePacket(t, [text('a'), close(1000)]);
    const root = await folder({
      'main.mjs': `
        import arkws from 'arkws';
        import { it } from 'node:test';
        const use = (listener) => new Promise((resolve) => {
          const ws = arkws.createWebSocket();
          ws.on('message', listener);
          ws.on('close', resolve);
          ws.connect(process.env.URL_OF_PEER);
        });
        it('first', () => use(() => {}));
        it('second', () => use(() => { throw new Error('of the second'); }));
        it('third', () => use(() => {}));`,
    });
    // It reports by itself, not to the runner of this test.
    const env = { URL_OF_PEER: url, NODE_TEST_CONTEXT: undefined };
    const { lines } = await node(['--test-reporter=tap', 'main.mjs'], { cwd: root, env });
    const results = lines.filter((line) => /^(not )?ok/.test(line));
    assert.deepEqual(results, ['ok 1 - first', 'not ok 2 - second', 'ok 3 - third']);
  });

  it('keep nobody from events if they fail', async () => {
    const root = await folder({
      'main.mjs': `
        import arkws from 'arkws';
        import { createHook } from 'node:async_hooks';
        process.on('uncaughtException', ({ message }) => console.log(message));
        const hook = createHook({
          init(_, type, __, resource) {
            if (type !== 'arkws.connect') return;
            resource.runInAsyncScope = () => { throw new Error('no scope'); };
          },
        });
        const connect = (name) => {
          const ws = arkws.createWebSocket();
          ws.on('error', () => console.log(name));
          ws.connect('http://127.0.0.1').catch(() => {});
        };
        // Both are refused at once, so that their events come together.
        hook.enable();
        connect('first');
        hook.disable();
        connect('second');`,
    });
    const { lines, stderr } = await node(['main.mjs'], { cwd: root });
    assert.deepEqual([lines, stderr], [['no scope', 'first', 'second'], '']);
  });
});
