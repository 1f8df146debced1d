// What a server tells its program.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import webSocket from 'arkws';
import { next, several } from '../../npm/test/events.mjs';
import { echoMessages, running } from '../../npm/test/servers.mjs';
import { fragments } from '../support.mjs';
import { addresses, connectionOf, join } from './support.mjs';

describe('connect', { timeout: 60_000 }, () => {
  it('has the address of the client', async (t) => {
    const { server, url } = await running(t);
    const came = next(server, 'connect');
    const client = await join(t, url);
    assert.deepEqual(addresses(await came), [connectionOf(client)]);
  });

  it('comes before the first message, also of a client that sends at once', async (t) => {
    const { server, url } = await running(t);
    const events = [];
    server.on('connect', ({ clientPort }) => events.push(['connect', clientPort]));
    server.on('messageReceive', ({ data, clientConnection }) =>
      events.push([data, clientConnection.clientPort]),
    );
    const ends = several(server, 'close', 5);
    const clients = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const client = await join(t, url);
        client.send('a');
        client.send('b');
        client.close();
        return client;
      }),
    );
    await ends;
    for (const { connection } of clients) {
      const own = events.filter(([, port]) => port === connection.clientPort).map(([what]) => what);
      assert.deepEqual(own, ['connect', 'a', 'b']);
    }
  });
});

describe('messageReceive', { timeout: 60_000 }, () => {
  it('has whole messages and who sent them, text as strings and binary as ArrayBuffers', async (t) => {
    const { server, url } = await running(t);
    const clients = [await join(t, url), await join(t, url)];
    const messages = several(server, 'messageReceive', 4);
    clients[0].send('ein Text mit \u0000 und 😀');
    clients[0].send(Buffer.from([0, 1, 255]));
    clients[1].send('');
    clients[1].send(Buffer.alloc(0));
    const received = (await messages).map(([message]) => message);
    const of = (client) =>
      received.filter(
        ({ clientConnection: { clientPort } }) => clientPort === client.connection.clientPort,
      );
    const [text, binary] = of(clients[0]);
    assert.equal(text.data, 'ein Text mit \u0000 und 😀');
    assert.deepEqual({ ...text.clientConnection }, connectionOf(clients[0]));
    assert.ok(binary.data instanceof ArrayBuffer);
    assert.deepEqual([...new Uint8Array(binary.data)], [0, 1, 255]);
    const [emptyText, emptyBinary] = of(clients[1]);
    assert.equal(emptyText.data, '');
    assert.ok(emptyBinary.data instanceof ArrayBuffer);
    assert.equal(emptyBinary.data.byteLength, 0);
  });

  it('puts large and fragmented messages together', async (t) => {
    const { server, url } = await running(t);
    echoMessages(server);
    const client = await join(t, url);
    for (const [size, pieces] of [
      [100, 2],
      [100_000, 7],
      [5 * 1024 * 1024 - 16, 1],
      [5 * 1024 * 1024 - 16, 1000],
    ]) {
      const message = Buffer.alloc(size, '0123456789abcdef€');
      for (const binary of [true, false]) {
        const sent = binary ? message : Buffer.from('€'.repeat(Math.floor(size / 3)));
        for (const [piece, fin] of fragments(sent, pieces)) client.send(piece, { binary, fin });
        assert.ok(
          Buffer.from(await client.take()).equals(sent),
          `${size} bytes in ${pieces} pieces`,
        );
      }
    }
  });

  it('of a message over maxMessageSize does not come: 1009', async (t) => {
    const { server, url } = await running(t, { maxMessageSize: 1000 });
    server.on('messageReceive', () => assert.fail());
    const [failed, closed] = [next(server, 'error'), next(server, 'close')];
    const client = await join(t, url);
    client.send('a'.repeat(1001));
    assert.equal((await client.closed).code, 1009);
    const [error] = await failed;
    assert.equal(error.code, 200);
    assert.equal(error.cause, 'too-big');
    assert.match(error.message, /maxMessageSize/);
    assert.equal((await closed)[1].code, 1006);
  });

  it('comes compressed if both sides want it', async (t) => {
    const { server, url } = await running(t, { perMessageDeflate: true });
    echoMessages(server);
    const client = await join(t, url, { perMessageDeflate: { threshold: 0 } });
    assert.match(client.extensions, /^permessage-deflate/);
    const before = client._socket.bytesRead;
    client.send('a'.repeat(100_000));
    assert.equal(await client.take(), 'a'.repeat(100_000));
    assert.ok(client._socket.bytesRead - before < 10_000);
  });
});

describe('close', { timeout: 60_000 }, () => {
  it("has two arguments: the connection, and the peer's code and reason under both names", async (t) => {
    const { server, url } = await running(t);
    for (const [close, code, reason] of [
      [(client) => client.close(1000), 1000, ''],
      [(client) => client.close(4321, 'on my own'), 4321, 'on my own'],
      // Without a payload: what ends the platform's own server (B 2.7).
      [(client) => client.close(), 1005, ''],
    ]) {
      const client = await join(t, url);
      const closed = next(server, 'close');
      close(client);
      const [connection, result] = await closed;
      assert.deepEqual({ ...connection }, connectionOf(client));
      assert.deepEqual(result, { code, reason, closeReason: reason });
    }
    await join(t, url);
  });

  it('has 1006 and the cause when a client is lost, after an error', async (t) => {
    const { server, url } = await running(t);
    const client = await join(t, url);
    const events = [];
    server.on('error', (error) => events.push(['error', error]));
    server.on('close', (...args) => events.push(['close', ...args]));
    const closed = next(server, 'close');
    client._socket.resetAndDestroy();
    await closed;
    const [[first, error], [second, connection, { code, reason, closeReason }], ...more] = events;
    assert.deepEqual([first, second, more], ['error', 'close', []]);
    assert.equal(error.code, 200);
    assert.equal(error.data, '0');
    assert.equal(error.cause, 'reset');
    assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${connection.clientPort}: .*reset`));
    assert.deepEqual({ ...connection }, connectionOf(client));
    assert.equal(code, 1006);
    assert.match(reason, /reset/);
    assert.equal(closeReason, reason);
  });
});

describe('a listener', { timeout: 60_000 }, () => {
  it('is one of any number, and is removed alone or with all others', async (t) => {
    const { server, url } = await running(t);
    const calls = [];
    const one = () => calls.push('one');
    const two = () => calls.push('two');
    for (const listener of [one, two, one]) server.on('connect', listener);
    const arrive = async () => {
      // Listeners are called in order: when this one is, the others have been.
      const came = next(server, 'connect');
      await join(t, url);
      await came;
    };
    await arrive();
    assert.deepEqual(calls.splice(0), ['one', 'two']);
    server.off('connect', one);
    await arrive();
    assert.deepEqual(calls.splice(0), ['two']);
    server.off('connect');
    await arrive();
    assert.deepEqual(calls, []);
  });

  it('has static names for every event', async (t) => {
    const { server, url } = await running(t, {}, (server) =>
      server.onRequest(() => seen.push('request')),
    );
    const seen = [];
    const names = ['Connect', 'MessageReceive', 'WebSocketServerError', 'WebSocketServerClose'];
    for (const name of names) server[`on${name}`](() => seen.push(name));
    const visit = async () => {
      const [received, closed] = [next(server, 'messageReceive'), next(server, 'close')];
      const client = await join(t, url);
      client.send('a');
      await received;
      client._socket.resetAndDestroy();
      await closed;
    };
    await visit();
    assert.deepEqual(seen.splice(0), [
      'request',
      'Connect',
      'MessageReceive',
      'WebSocketServerError',
      'WebSocketServerClose',
    ]);
    for (const name of ['Request', ...names]) server[`off${name}`]();
    await visit();
    assert.deepEqual(seen, []);
  });

  it('and its arguments are checked as on the client', () => {
    const server = webSocket.createWebSocketServer();
    for (const call of [
      () => server.on('connect'),
      () => server.on('connect', 1),
      () => server.off('connect', undefined),
      () => server.onConnect(),
      () => server.off(1),
    ]) {
      assert.throws(call, { code: 401 });
    }
    server.on('nothing', () => {});
    server.off('nothing');
  });
});
