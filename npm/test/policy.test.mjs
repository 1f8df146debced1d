// What a host program sets for the whole process: the policy, and the API level.
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import webSocket, { BusinessError, setApiVersion, setPolicy } from 'arkws';
import { serve } from './servers.mjs';

const code = (promise) =>
  promise.then(
    () => 'success',
    (error) => error.code,
  );
const event = (ws, type) => new Promise((resolve) => ws.on(type, (...args) => resolve(args)));

describe('setPolicy', () => {
  afterEach(() => setPolicy(undefined));

  it('takes the permission from every call, of objects that exist too, and gives it back', async (t) => {
    const url = await serve(t, () => {});
    const ws = webSocket.createWebSocket();
    const server = webSocket.createWebSocketServer();
    setPolicy({ internet: false });
    for (const call of [
      () => ws.connect(url),
      () => ws.send('text'),
      () => ws.close(),
      () => server.start({ serverPort: 0 }),
      () => server.send('text', { clientIP: '127.0.0.1', clientPort: 1 }),
      () => server.close({ clientIP: '127.0.0.1', clientPort: 1 }),
      () => server.stop(),
    ]) {
      assert.equal(await code(call()), 201, String(call));
    }
    setPolicy(undefined);
    const closed = event(ws, 'close');
    assert.equal(await code(ws.connect(url)), 'success');
    await ws.close();
    await closed;
  });

  it('lets connect to the hosts of the list only', async (t) => {
    const url = await serve(t, (socket) => socket.close());
    const { port } = new URL(url);
    for (const [allowedHosts, allowed] of [
      [['127.0.0.1'], true],
      [['example.com', '127.0.*'], true],
      [[`ws://127.0.0.1:${port}`], true],
      [['wss://127.0.0.1'], false],
      [['127.0.0.1:1'], false],
      [['*.example.com'], false],
      [[], false],
    ]) {
      setPolicy({ allowedHosts });
      const ws = webSocket.createWebSocket();
      const error = event(ws, 'error');
      const closed = event(ws, 'close');
      assert.equal(
        await code(ws.connect(url)),
        allowed ? 'success' : 2302998,
        JSON.stringify(allowedHosts),
      );
      // Programs that listen only learn of it too.
      if (allowed) await closed;
      else assert.equal((await error)[0].code, 200);
    }
  });

  it('asks for the permission before it looks at the host', async () => {
    setPolicy({ internet: false, allowedHosts: [] });
    assert.equal(await code(webSocket.createWebSocket().connect('ws://127.0.0.1')), 201);
  });

  it('refuses what is no policy, and leaves the one in force', async () => {
    setPolicy({ internet: false });
    const wrong = (error) => error instanceof BusinessError && error.code === 401;
    const lists = [
      'example.com',
      [1],
      ['http://example.com'],
      ['example.com/path'],
      ['example.com:port'],
    ];
    const policies = [
      null,
      'none',
      1,
      { internet: 'no' },
      ...lists.map((allowedHosts) => ({ allowedHosts })),
    ];
    for (const policy of policies) {
      assert.throws(() => setPolicy(policy), wrong, JSON.stringify(policy));
    }
    assert.equal(await code(webSocket.createWebSocket().connect('ws://127.0.0.1')), 201);
  });
});

describe('setApiVersion', () => {
  afterEach(() => setApiVersion(undefined));
  // The levels differ in the code for a URL that is none: 401 up to 11, 2302001 from 12.
  const levelIsOld = async (ws) => (await code(ws.connect('http://host'))) === 401;

  it('holds for objects made from then on', async () => {
    const before = webSocket.createWebSocket();
    setApiVersion(10);
    const after = webSocket.createWebSocket();
    setApiVersion(undefined);
    assert.deepEqual([await levelIsOld(before), await levelIsOld(after)], [false, true]);
    assert.equal(await levelIsOld(webSocket.createWebSocket()), false);
  });

  it('takes a level that is newer than all that it knows for the newest', async () => {
    setApiVersion(99);
    assert.equal(await levelIsOld(webSocket.createWebSocket()), false);
  });

  it('refuses what is no level', () => {
    const wrong = (error) => error instanceof BusinessError && error.code === 401;
    for (const level of [5, 10.5, -1, NaN, Infinity, '10', null]) {
      assert.throws(() => setApiVersion(level), wrong, String(level));
    }
  });
});
