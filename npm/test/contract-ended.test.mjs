// What is called after the end of a connection fails for the reason of that end.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import { WebSocket } from 'ws';
import arkws from 'arkws';
import { called, next, openClient, rejection } from './events.mjs';
import { serve } from './servers.mjs';

/** What calls that come too late are answered. */
async function late(ws) {
  const [sent, [calledBack], closed] = await Promise.all([
    rejection(ws.send('late')),
    called((callback) => ws.send(new ArrayBuffer(1), callback)),
    rejection(ws.close()),
  ]);
  assert.deepEqual({ ...calledBack }, { ...sent });
  assert.equal(sent.code, -1);
  assert.equal(closed.code, 2302999);
  assert.equal(closed.cause, sent.cause);
  return sent;
}

describe('send and close of a client tell why there is no connection any more', () => {
  it('never connected: no cause', async () => {
    const { cause, message } = await late(arkws.createWebSocket());
    assert.equal(cause, undefined);
    assert.match(message, /not connected$/);
  });

  it('a reset', async (t) => {
    const url = await serve(t, (peer) => peer.on('message', () => peer._socket.resetAndDestroy()));
    const ws = await openClient(t, url);
    const [error, close] = [next(ws, 'error'), next(ws, 'close')];
    await ws.send('go');
    const [{ cause }] = await error;
    assert.equal(cause, 'reset');
    assert.equal((await late(ws)).cause, 'reset');
    await close;
    const { cause: again, message } = await late(ws);
    assert.equal(again, 'reset');
    assert.match(message, /reset by peer/);
  });

  it('no answer to pings', async (t) => {
    // It answers the handshake, and nothing else.
    const url = await serve(t, (peer) => peer.pause(), { autoPong: false });
    const ws = await openClient(t, url, { pingInterval: 1, pongTimeout: 1 });
    await next(ws, 'error');
    const { cause, message } = await late(ws);
    assert.equal(cause, 'heartbeat');
    assert.match(message, /pongTimeout/);
  });

  it('a broken protocol', async (t) => {
    const url = await serve(t, (peer) => peer._socket.write(Buffer.of(0xff, 0xff)));
    const ws = arkws.createWebSocket();
    const error = next(ws, 'error');
    await ws.connect(url);
    await error;
    assert.equal((await late(ws)).cause, 'protocol');
  });

  it('a close of the peer, and one of its own', async (t) => {
    const url = await serve(t, (peer) => peer.on('message', () => peer.close(3001, 'enough')));
    const ws = await openClient(t, url);
    const close = next(ws, 'close');
    await ws.send('go');
    await close;
    const { cause, message } = await late(ws);
    assert.equal(cause, 'closed');
    assert.match(message, /3001: enough/);

    const other = await openClient(t, url);
    const closed = next(other, 'close');
    await other.close();
    const again = await rejection(other.close());
    assert.deepEqual([again.code, again.cause], [2302999, 'closed']);
    await closed;
    assert.equal((await late(other)).cause, 'closed');
  });

  it('an attempt that failed', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address();
    taken.close();
    await once(taken, 'close');
    const ws = arkws.createWebSocket();
    const error = next(ws, 'error');
    await ws.connect(`ws://127.0.0.1:${port}`);
    await error;
    const { cause, message } = await late(ws);
    assert.equal(cause, 'refused');
    assert.match(message, new RegExp(`127\\.0\\.0\\.1:${port}: connection refused`));
  });
});

describe('send and close of a server tell how the client has left', () => {
  for (const [how, leave, cause] of [
    ['a reset', (peer) => peer._socket.resetAndDestroy(), 'reset'],
    ['a close', (peer) => peer.close(1001, 'away'), 'closed'],
    ['a broken protocol', (peer) => peer._socket.write(Buffer.of(0xff, 0xff)), 'protocol'],
  ]) {
    it(how, async (t) => {
      const server = arkws.createWebSocketServer();
      t.after(() => server.stop().catch(() => {}));
      await server.start({ serverIP: '127.0.0.1', serverPort: 0 });
      const connect = next(server, 'connect');
      const peer = new WebSocket(`ws://127.0.0.1:${server.listAddress().port}`);
      peer.on('error', () => {});
      const [[client]] = await Promise.all([connect, once(peer, 'open')]);
      const close = next(server, 'close');
      leave(peer);
      await close;
      for (const call of [() => server.send('late', client), () => server.close(client)]) {
        const error = await rejection(call());
        assert.deepEqual([error.code, error.cause], [2302006, cause], error.message);
      }
    });
  }
});
