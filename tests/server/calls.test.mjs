// What a program can do with a server, with npm `ws` and our own client as its clients.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, it } from 'node:test';
import webSocket from 'arkws';
import { connected, next, several } from '../../npm/test/events.mjs';
import { echoMessages, running, urlOf } from '../../npm/test/servers.mjs';
import { addresses, assertRejects, connectionOf, join } from './support.mjs';

/** Issue: a client that has connected is listed within this many milliseconds. */
const LISTED_WITHIN = 20;

describe('start and stop', { timeout: 60_000 }, () => {
  it('begin and end to listen, and leave the object ready to be started again', async (t) => {
    const server = webSocket.createWebSocketServer();
    assert.equal(server.listAddress(), undefined);
    for (let round = 0; round < 3; round++) {
      assert.equal(await server.start({ serverIP: '127.0.0.1', serverPort: 0 }), true);
      const { address, port } = server.listAddress();
      assert.equal(address, '127.0.0.1');
      assert.ok(port > 0);
      const client = await join(t, urlOf(server));
      assert.equal(await server.stop(), true);
      assert.deepEqual(await client.closed, { code: 1001, reason: 'server is going away' });
      assert.equal(server.listAddress(), undefined);
      await assert.rejects(join(t, `ws://127.0.0.1:${port}`), { code: 'ECONNREFUSED' });
    }
  });

  it('follow each other at once on the same port', async (t) => {
    const { server, url } = await running(t);
    const { port } = server.listAddress();
    const before = await join(t, url);
    // When nobody waits for the stop,
    for (let round = 0; round < 5; round++) {
      server.stop();
      assert.equal(await server.start({ serverIP: '127.0.0.1', serverPort: port }), true);
    }
    // then the old client has gone, and a new one comes in at the same place.
    assert.equal((await before.closed).code, 1001);
    const after = await join(t, url);
    assert.deepEqual(addresses(server.listAllConnections()), [connectionOf(after)]);
  });

  it('listen on all interfaces by default', async (t) => {
    const { server, url } = await running(t, { serverIP: undefined });
    assert.equal(server.listAddress().address, '0.0.0.0');
    await join(t, url);
  });

  it('listen on IPv6', async (t) => {
    const { server } = await running(t, { serverIP: '::1' });
    await join(t, `ws://[::1]:${server.listAddress().port}`);
    assert.equal(server.listAllConnections()[0].clientIP, '::1');
  });

  it('close every client with 1001, and their close events come', async (t) => {
    const { server, url } = await running(t);
    const clients = await Promise.all([join(t, url), join(t, url), connected(url)]);
    const ends = several(server, 'close', 3);
    const ours = next(clients[2], 'close');
    const listed = await server.listAllConnections();
    assert.equal(await server.stop(), true);
    const goodbye = { code: 1001, reason: 'server is going away' };
    assert.deepEqual(await clients[0].closed, goodbye);
    assert.deepEqual(await clients[1].closed, goodbye);
    assert.deepEqual(await ours, [undefined, goodbye]);
    const closed = await ends;
    for (const [, result] of closed)
      assert.deepEqual(result, { ...goodbye, closeReason: goodbye.reason });
    const byPort = (a, b) => a.clientPort - b.clientPort;
    assert.deepEqual(
      closed.map(([connection]) => connection).sort(byPort),
      [...listed].sort(byPort),
    );
  });
});

describe('listAllConnections', { timeout: 60_000 }, () => {
  it('returns an array that can also be awaited and .then()-ed', async (t) => {
    const { server, url } = await running(t);
    assert.deepEqual(await server.listAllConnections(), []);
    const clients = [await join(t, url), await join(t, url)];
    const expected = clients
      .map(connectionOf)
      .sort((a, b) => (`${a.clientPort}` < `${b.clientPort}` ? -1 : 1));

    const list = server.listAllConnections();
    assert.ok(Array.isArray(list));
    assert.equal(list.length, 2);
    assert.equal(JSON.stringify(list), JSON.stringify(expected));
    assert.deepEqual(addresses(list), expected);
    const awaited = await list;
    assert.ok(Array.isArray(awaited));
    assert.deepEqual(awaited, [...list]);
    assert.equal(await list.then((connections) => connections[0]), list[0]);
    assert.equal(await list.catch(() => assert.fail()).then(({ length }) => length), 2);
  });

  it(`has a client within ${LISTED_WITHIN} ms of its open, and not after its close event`, async (t) => {
    const { server, url } = await running(t);
    for (let round = 0; round < 20; round++) {
      const client = await join(t, url);
      const opened = performance.now();
      const { clientPort } = connectionOf(client);
      const listed = () =>
        server.listAllConnections().some((connection) => connection.clientPort === clientPort);
      while (!listed()) {
        assert.ok(
          performance.now() - opened < LISTED_WITHIN,
          `not listed ${LISTED_WITHIN} ms after its open`,
        );
        await sleep(1);
      }
      const closed = next(server, 'close');
      client.close();
      await closed;
      assert.ok(!listed());
    }
  });
});

describe('send', { timeout: 60_000 }, () => {
  it('brings text and binary to one client, in order', async (t) => {
    const { server, url } = await running(t);
    const [one, other] = [await join(t, url), await join(t, url)];
    const sent = [];
    for (let i = 0; i < 100; i++) {
      sent.push(
        server.send(`${i} 😀`, connectionOf(one)),
        server.send(new Uint8Array([i, 0, 255]).buffer, connectionOf(one)),
      );
    }
    sent.push(server.send('to the other', connectionOf(other)));
    assert.deepEqual(new Set(await Promise.all(sent)), new Set([true]));
    for (let i = 0; i < 100; i++) {
      assert.equal(await one.take(), `${i} 😀`);
      assert.deepEqual([...(await one.take())], [i, 0, 255]);
    }
    assert.equal(await other.take(), 'to the other');
  });

  it('takes messages up to 5 MiB less 16 bytes', async (t) => {
    const { server, url } = await running(t);
    const client = await join(t, url);
    const most = 5 * 1024 * 1024 - 16;
    assert.equal(await server.send(new ArrayBuffer(most), connectionOf(client)), true);
    assert.equal((await client.take()).length, most);
    await assertRejects(
      server.send(new ArrayBuffer(most + 1), connectionOf(client)),
      401,
      /^Parameter error/,
    );
    await assertRejects(server.broadcast('a'.repeat(most + 1)), 401, /^Parameter error/);
    for (const empty of ['', new ArrayBuffer(0)]) {
      await server.send(empty, connectionOf(client));
      assert.equal((await client.take()).length, 0);
    }
  });

  it('that waits when its client vanishes is rejected, and never turns into an unhandledRejection', async (t) => {
    const { server, url } = await running(t);
    const client = await join(t, url);
    client.pause();
    const connection = connectionOf(client);
    const block = new ArrayBuffer(4 << 20);
    // Given more than the sockets' buffers hold,
    server.send(block, connection);
    const waiting = [server.send(block, connection), server.send('last', connection)];
    const gone = next(server, 'close');
    client._socket.resetAndDestroy();
    for (const send of waiting)
      await assertRejects(send, -1, /^Websocket Unknown Other Error: 127\.0\.0\.1:\d+: /);
    assert.deepEqual({ ...(await gone)[0] }, connection);
  });
});

describe('broadcast', { timeout: 60_000 }, () => {
  it('reaches all clients but those left out, and tells how many', async (t) => {
    const { server, url } = await running(t);
    assert.equal(await server.broadcast('nobody'), 0);
    const clients = [await join(t, url), await join(t, url), await join(t, url)];
    const [first, second] = clients.map(connectionOf);
    assert.equal(await server.broadcast('all'), 3);
    assert.equal(await server.broadcast(new Uint8Array([1, 2]).buffer, first), 2);
    assert.equal(await server.broadcast('the third', [first, second]), 1);
    assert.equal(await server.broadcast('end'), 3);
    const expected = [
      ['all', 'end'],
      ['all', Buffer.from([1, 2]), 'end'],
      ['all', Buffer.from([1, 2]), 'the third', 'end'],
    ];
    for (const [i, messages] of expected.entries()) {
      for (const message of messages) assert.deepEqual(await clients[i].take(), message);
    }
  });
});

describe('close', { timeout: 60_000 }, () => {
  it('ends one connection with a code and a reason, after what was sent before', async (t) => {
    const { server, url } = await running(t);
    const [one, other] = [await join(t, url), await join(t, url)];
    const closed = next(server, 'close');
    server.send('last words', connectionOf(one));
    assert.equal(await server.close(connectionOf(one), { code: 4001, reason: 'enough' }), true);
    assert.equal(await one.take(), 'last words');
    assert.deepEqual(await one.closed, { code: 4001, reason: 'enough' });
    const [which, result] = await closed;
    assert.deepEqual({ ...which }, connectionOf(one));
    assert.deepEqual(result, { code: 4001, reason: 'enough', closeReason: 'enough' });
    assert.deepEqual(addresses(server.listAllConnections()), [connectionOf(other)]);
  });

  it('without options is a normal one', async (t) => {
    const { server, url } = await running(t);
    const client = await join(t, url);
    await server.close(connectionOf(client));
    assert.deepEqual(await client.closed, { code: 1000, reason: 'CLOSE_NORMAL' });
  });

  it('replaces a code that must not go on the wire by 1000', async (t) => {
    const { server, url } = await running(t);
    for (const code of [1005, 1006, 1015, 2000, 5000, -1]) {
      const client = await join(t, url);
      await server.close(connectionOf(client), { code, reason: '' });
      assert.deepEqual(await client.closed, { code: 1000, reason: 'CLOSE_NORMAL' });
    }
  });
});

describe('our own client', { timeout: 60_000 }, () => {
  it('exchanges messages of all sizes with our server', async (t) => {
    const { server, url } = await running(t);
    echoMessages(server);
    const ws = await connected(url);
    for (const size of [0, 1, 125, 126, 65_535, 65_536, 1 << 20]) {
      const text = next(ws, 'message');
      ws.send('ä'.repeat(size));
      assert.deepEqual(await text, [undefined, 'ä'.repeat(size)]);
      const binary = next(ws, 'message');
      ws.send(new ArrayBuffer(size));
      assert.equal((await binary)[1].byteLength, size);
    }
    const [here, there] = [next(ws, 'close'), next(server, 'close')];
    await ws.close({ code: 3000, reason: 'done' });
    assert.deepEqual(await here, [undefined, { code: 3000, reason: 'done' }]);
    assert.deepEqual((await there)[1], { code: 3000, reason: 'done', closeReason: 'done' });
  });
});
