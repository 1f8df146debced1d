// `stop` in the program's own words, and with an answer.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import arkws, { BusinessError } from 'arkws';
import { WebSocket } from 'ws';
import { next, openClient, rejection, several } from './events.mjs';
import { request } from './handshake.mjs';
import { running } from './servers.mjs';
import { folder, node } from './support.mjs';

const { makeModule } = createRequire(import.meta.url)('../lib/index.js');

/** A client that says no more after its request, and answers nothing. */
async function silentClient(t, server, port) {
  const joined = next(server, 'connect');
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.write(request('Host: localhost'));
  const [{ clientPort }] = await joined;
  assert.equal(clientPort, socket.localPort);
  return socket.resume();
}

describe('stop with options', { timeout: 60_000 }, () => {
  it('is answered when every close event has been told', async (t) => {
    const { server, url } = await running(t);
    const clients = [];
    for (let k = 0; k < 5; k++) {
      const client = new WebSocket(url);
      t.after(() => client.terminate());
      await once(client, 'open');
      clients.push(client);
    }
    const ours = await openClient(t, url);
    const told = clients.map((client) => once(client, 'close'));
    const oursClosed = next(ours, 'close');
    const closed = [];
    server.on('close', (_, { code, reason }) => closed.push(`${code} ${reason}`));
    assert.equal(await server.stop({ code: 4000, reason: 'maintenance' }), true);
    assert.deepEqual(closed, Array(6).fill('4000 maintenance'));
    for (const [code, reason] of await Promise.all(told)) {
      assert.deepEqual([code, reason.toString()], [4000, 'maintenance']);
    }
    const [, { code, reason }] = await oursClosed;
    assert.deepEqual([code, reason], [4000, 'maintenance']);
    assert.equal((await rejection(server.stop({}))).code, 2302999);
  });

  it('says what stop says without', async (t) => {
    const { server, url } = await running(t);
    await openClient(t, url);
    const closed = next(server, 'close');
    assert.equal(await server.stop({}), true);
    const [, { code, reason }] = await closed;
    assert.deepEqual([code, reason], [1001, 'server is going away']);
  });

  for (const timeout of [0, 200]) {
    it(`drops who has not closed after ${timeout} ms with 1006`, async (t) => {
      const { server, port } = await running(t);
      const socket = await silentClient(t, server, port);
      const ended = once(socket, 'close');
      const seen = [];
      server.on('error', ({ cause, message }) => {
        assert.match(message, /the option timeout of stop changes the limit/);
        seen.push(`error ${cause}`);
      });
      server.on('close', (_, { code }) => seen.push(`close ${code}`));
      const start = performance.now();
      assert.equal(await server.stop({ timeout }), true);
      assert.deepEqual(seen, ['error timeout', 'close 1006']);
      const elapsed = performance.now() - start;
      assert.ok(elapsed >= timeout && elapsed < timeout + 3000, `${elapsed}`);
      await ended;
    });
  }

  it('lets the server start again meanwhile, and each stop has its own answer', async (t) => {
    const { server, port } = await running(t);
    await silentClient(t, server, port);
    const answers = [];
    const slow = server.stop({ timeout: 300 }).then(() => answers.push('slow'));
    await server.start({ serverIP: '127.0.0.1', serverPort: port });
    await silentClient(t, server, port);
    const quick = server.stop({ timeout: 0 }).then(() => answers.push('quick'));
    await Promise.all([slow, quick]);
    assert.deepEqual(answers, ['quick', 'slow']);
  });

  it('is answered if the server had not started yet', async () => {
    const server = arkws.createWebSocketServer();
    const [started, stopped] = await Promise.allSettled([
      server.start({ serverIP: '127.0.0.1', serverPort: 0 }),
      server.stop({}),
    ]);
    assert.equal(stopped.value, true);
    // The network thread may have been quicker.
    assert.equal(started.value ?? started.reason.code === 2302999, true);
    assert.equal((await rejection(server.stop({}))).code, 2302999);
  });

  it('refuses what is no option with 401, and goes on', async (t) => {
    const { server, url } = await running(t);
    for (const args of [
      [undefined],
      [null],
      [1001],
      ['bye'],
      [{ code: '1001' }],
      [{ code: 1006 }],
      [{ code: 999 }],
      [{ code: 5000 }],
      [{ code: NaN }],
      [{ reason: 1 }],
      [{ timeout: -1 }],
      [{ timeout: '1' }],
      [{ timeout: NaN }],
      [{}, 1],
    ]) {
      const error = await rejection(server.stop(...args));
      assert.ok(error instanceof BusinessError);
      assert.equal(error.code, 401, JSON.stringify(args));
    }
    await openClient(t, url);
  });

  for (const name of ['@ohos.net.webSocket', '@kit.NetworkKit']) {
    it(`is refused with 2302999 on an object of ${name}, as on the platform`, async (t) => {
      const server = makeModule(name).createWebSocketServer();
      await server.start({ serverIP: '127.0.0.1', serverPort: 0 });
      t.after(() => server.stop().catch(() => {}));
      for (const argument of [{}, { timeout: 0 }, undefined, 1]) {
        assert.equal((await rejection(server.stop(argument))).code, 2302999);
      }
      assert.notEqual(server.listAddress(), undefined);
      const stopped = await server.stop();
      assert.equal(stopped, true);
    });
  }

  it('is waited for by the process, also of a server that does not listen', async () => {
    const cwd = await folder({
      'main.mjs': `
        import arkws from 'arkws';
        const server = arkws.createWebSocketServer();
        for (let k = 0; k < 50; k++) {
          await server.start({ noServer: true });
          await server.stop({});
        }
        console.log('stopped');`,
    });
    const { code, stdout } = await node(['main.mjs'], { cwd });
    assert.deepEqual([code, stdout], [0, 'stopped\n']);
  });

  it('cuts a reason that is too long at a character', async (t) => {
    const { server, url } = await running(t);
    await openClient(t, url);
    const closed = several(server, 'close', 1);
    await server.stop({ reason: 'ü'.repeat(100) });
    const [[, { reason }]] = await closed;
    assert.equal(reason, 'ü'.repeat(61));
  });
});
