// Rooms: messages to groups of a server's clients.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { describe, it } from 'node:test';
import { WebSocket } from 'ws';
import { next, rejection } from './events.mjs';
import { request } from './handshake.mjs';
import { running } from './servers.mjs';

/** A client, as its server and as its program have it, and the messages that it has got. */
async function come(t, { server, url }) {
  const connect = next(server, 'connect');
  const ws = new WebSocket(url);
  t.after(() => ws.terminate());
  ws.on('error', () => {});
  const got = [];
  ws.on('message', (data, isBinary) => got.push(isBinary ? data : String(data)));
  const [[connection]] = await Promise.all([connect, once(ws, 'open')]);
  return { ws, connection, got };
}

describe('rooms', () => {
  it('get what is sent to them, all but some', async (t) => {
    const place = await running(t);
    const { server } = place;
    const clients = [await come(t, place), await come(t, place), await come(t, place)];
    const [a, b, c] = clients.map(({ connection }) => connection);
    assert.equal(await server.join(a, 'blue'), true);
    await server.join({ ...b }, 'blue');
    await server.join(b, 'blue');
    await server.join(b, 'red');
    assert.equal(await server.broadcastTo('blue', 'to blue'), 2);
    assert.equal(await server.broadcastTo('red', new ArrayBuffer(3)), 1);
    assert.equal(await server.broadcastTo('blue', 'but a', a), 1);
    assert.equal(await server.broadcastTo('blue', 'but all', [a, b, c]), 0);
    assert.equal(await server.broadcastTo('green', 'to nobody'), 0);
    assert.equal(await server.broadcast('to all'), 3);
    for (const [k, expected] of [
      [0, ['to blue', 'to all']],
      [1, ['to blue', Buffer.alloc(3), 'but a', 'to all']],
      [2, ['to all']],
    ]) {
      const { ws, connection, got } = clients[k];
      server.send('end', connection);
      while (got.at(-1) !== 'end') await once(ws, 'message');
      assert.deepEqual(got, [...expected, 'end']);
    }
  });

  it('are for clients that are in, and say so to those who come too early', async (t) => {
    const place = await running(t);
    const early = next(place.server, 'request').then(([{ connection }]) =>
      rejection(place.server.join(connection, 'blue')),
    );
    await come(t, place);
    const { code, message } = await early;
    assert.equal(code, 2302006);
    assert.match(message, /is not in yet: calls may have it from its connect event on$/);
  });

  it('leave out clients, not who has the address of one that has left', async (t) => {
    const { server } = await running(t);
    server.on('error', () => {});
    const joined = async () => {
      const connect = next(server, 'connect');
      const stream = new Duplex({ read() {}, write: (_, __, done) => done() });
      Object.assign(stream, { remoteAddress: '192.0.2.1', remotePort: 7 });
      t.after(() => stream.destroy());
      const rawHeaders = request('Host: localhost')
        .split('\r\n')
        .slice(1, -2)
        .flatMap((line) => line.split(': '));
      server.handleUpgrade({ method: 'GET', url: '/', httpVersion: '1.1', rawHeaders }, stream);
      const [connection] = await connect;
      return { stream, connection };
    };
    const { stream, connection: before } = await joined();
    const closed = next(server, 'close');
    stream.destroy();
    await closed;
    const { connection: now } = await joined();
    assert.deepEqual({ ...now }, { ...before });
    await server.join(now, 'room');
    for (const except of [before, [before]]) {
      assert.equal(await server.broadcast('x', except), 1);
      assert.equal(await server.broadcastTo('room', 'x', except), 1);
    }
    assert.equal(await server.broadcast('x', { ...before }), 0);
    assert.equal(await server.broadcast('x', [before, now]), 0);
  });

  it('are left, one or all, and by a client that goes', async (t) => {
    const place = await running(t);
    const { server } = place;
    const { ws, connection } = await come(t, place);
    for (const room of ['a', 'b', 'c']) await server.join(connection, room);
    const counts = () => Promise.all(['a', 'b', 'c'].map((room) => server.broadcastTo(room, 'x')));
    assert.equal(await server.leave(connection, 'a'), true);
    assert.deepEqual(await counts(), [0, 1, 1]);
    assert.equal(await server.leave(connection, 'a'), true);
    await server.leave(connection);
    assert.deepEqual(await counts(), [0, 0, 0]);
    await server.join(connection, 'a');
    assert.deepEqual(await counts(), [1, 0, 0]);
    const closed = next(server, 'close');
    ws.close();
    await closed;
    assert.deepEqual(await counts(), [0, 0, 0]);
    for (const call of [server.join(connection, 'a'), server.leave(connection)]) {
      const error = await rejection(call);
      assert.equal(error.code, 2302006);
      assert.equal(error.connection, connection);
    }
    assert.deepEqual(await counts(), [0, 0, 0]);
  });

  it('have names that are strings, and bounds', async (t) => {
    const place = await running(t);
    const { server } = place;
    const { connection } = await come(t, place);
    for (const call of [
      () => server.join(connection),
      () => server.join(connection, 7),
      () => server.join(null, 'a'),
      () => server.join({}, 'a'),
      () => server.join(connection, 'x'.repeat(257)),
      () => server.leave(connection, 7),
      () => server.leave(),
      () => server.broadcastTo('a'),
      () => server.broadcastTo(7, 'x'),
      () => server.broadcastTo('a', 'x', [null]),
      () => server.broadcastTo('a', 'x'.repeat(5_242_865)),
    ]) {
      assert.equal((await rejection(call())).code, 401, String(call));
    }
    for (let k = 0; k < 1024; k++) await server.join(connection, `${k}`);
    assert.equal((await rejection(server.join(connection, 'more'))).code, 401);
    await server.join(connection, '7');
    await server.leave(connection, '7');
    await server.join(connection, '');
    assert.equal(await server.broadcastTo('', 'x'), 1);
  });

  it('close a client that does not take what is sent to its room', async (t) => {
    const place = await running(t, { maxQueuedBytes: 100_000 });
    const { server } = place;
    const { ws, connection } = await come(t, place);
    await server.join(connection, 'a');
    ws.pause();
    const failed = next(server, 'error');
    const block = new ArrayBuffer(1 << 20);
    while ((await server.broadcastTo('a', block)) > 0);
    const [error] = await failed;
    assert.equal(error.cause, 'queue-full');
    assert.equal(error.connection, connection);
  });
});
