// The object that a program has of a client: one for all events of that client.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { WebSocket } from 'ws';
import { next, rejection } from './events.mjs';
import { echoMessages, running } from './servers.mjs';

const SECRET = 'a-planted-secret';

/** A server, a client of it, and the object that `connect` has told of. */
async function joined(
  t,
  { prepare, config, protocols = [], headers = {}, path = '/', localAddress } = {},
) {
  const { server, url } = await running(t, config, prepare);
  const connect = next(server, 'connect');
  const ws = new WebSocket(url + path, protocols, { headers, localAddress });
  t.after(() => ws.terminate());
  ws.on('error', () => {});
  const [[connection]] = await Promise.all([connect, once(ws, 'open')]);
  return { server, url, ws, connection };
}

describe('a connection of a server', () => {
  it('is one object in every event, and in the list', async (t) => {
    const seen = [];
    const { server, ws, connection } = await joined(t, {
      prepare: (server) => {
        server.on('request', ({ connection }) => seen.push(connection));
        server.on('messageReceive', ({ clientConnection }) => seen.push(clientConnection));
        server.on('close', (closed) => seen.push(closed));
      },
    });
    seen.push(...server.listAllConnections(), ...(await server.listAllConnections()));
    for (const data of ['a', 'b', Buffer.alloc(20_000)]) {
      const message = next(server, 'messageReceive');
      ws.send(data);
      await message;
    }
    const closed = next(server, 'close');
    ws.close();
    await closed;
    assert.equal(seen.length, 7);
    for (const one of seen) assert.equal(one, connection);
  });

  it('knows what its client has asked for, to the end and after it', async (t) => {
    const { server, ws, connection } = await joined(t, {
      config: { protocol: 'v2, v1' },
      protocols: ['v1'],
      path: '/room?x=1',
      headers: { 'X-Many': ['1', '2'], 'X-Name': 'J\u00f6rg' },
    });
    for (const end of [() => {}, () => Promise.all([next(server, 'close'), ws.close()])]) {
      await end();
      assert.equal(connection.path, '/room?x=1');
      assert.deepEqual(connection.headers['x-many'], ['1', '2']);
      assert.equal(connection.headers['x-name'], 'J\u00f6rg');
      assert.equal(connection.headers.upgrade, 'websocket');
      assert.equal(Object.getPrototypeOf(connection.headers), null);
      assert.equal(connection.headers, connection.headers);
      assert.equal(connection.protocol, 'v1');
      assert.equal(connection.path, '/room?x=1');
    }
  });

  it('has no sub-protocol if none was agreed on', async (t) => {
    const { connection } = await joined(t);
    assert.equal(connection.protocol, '');
  });

  it("has the program's own data", async (t) => {
    const { server, ws, connection } = await joined(t, {
      prepare: (server) =>
        server.on('request', ({ connection }) => {
          assert.equal(connection.data, undefined);
          connection.data = { name: 'one' };
        }),
    });
    assert.deepEqual(connection.data, { name: 'one' });
    connection.data.seen = true;
    const message = next(server, 'messageReceive');
    ws.send('a');
    assert.equal((await message)[0].clientConnection.data.seen, true);
  });

  it('shows address and port, and nothing else', async (t) => {
    const { connection, ws } = await joined(t, {
      path: `/${SECRET}?token=${SECRET}`,
      headers: { Cookie: SECRET },
      protocols: [SECRET],
      config: { protocol: SECRET },
    });
    connection.data = SECRET;
    assert.equal(connection.headers.cookie, SECRET);
    const plain = { clientIP: '127.0.0.1', clientPort: ws._socket.localPort };
    assert.deepEqual(Object.keys(connection), ['clientIP', 'clientPort']);
    assert.deepEqual({ ...connection }, plain);
    assert.deepEqual(structuredClone(connection), plain);
    assert.equal(JSON.stringify(connection), JSON.stringify(plain));
    for (const options of [{}, { showHidden: true }, { getters: true, depth: 9 }]) {
      const shown = inspect(connection, options);
      assert.match(shown, /clientPort/);
      assert.doesNotMatch(shown, new RegExp(SECRET));
    }
  });

  it('cannot become another by what one listener does', async (t) => {
    const { server, url, ws, connection } = await joined(t, { prepare: echoMessages });
    const connect = next(server, 'connect');
    const other = new WebSocket(url);
    t.after(() => other.terminate());
    const [[victim]] = await Promise.all([connect, once(other, 'open')]);
    other.on('message', (data) => assert.fail(`the other client gets ${data}`));
    const { clientPort } = connection;
    assert.throws(() => (connection.clientPort = victim.clientPort), TypeError);
    assert.throws(() => (connection.clientIP = 'x'), TypeError);
    assert.throws(() => Object.defineProperty(connection, 'clientPort', { value: 1 }), TypeError);
    assert.throws(() => delete connection.clientIP, TypeError);
    assert.equal(connection.clientPort, clientPort);
    const echo = once(ws, 'message');
    ws.send('mine');
    assert.equal(String((await echo)[0]), 'mine');
  });

  it('can be named by address and port as well', async (t) => {
    const { server, ws, connection } = await joined(t);
    const { clientIP, clientPort } = connection;
    const got = once(ws, 'message');
    assert.equal(await server.send('a', { clientPort, clientIP }), true);
    assert.equal(String((await got)[0]), 'a');
    assert.equal(await server.broadcast('b', { clientIP, clientPort }), 0);
    assert.equal(await server.broadcast('b', connection), 0);
    const closed = once(ws, 'close');
    assert.equal(await server.close({ ...connection }, { code: 4000, reason: '' }), true);
    assert.equal((await closed)[0], 4000);
  });

  it('is of one server only', async (t) => {
    const { connection } = await joined(t);
    const { server: other, connection: its } = await joined(t);
    assert.equal((await rejection(other.send('a', connection))).code, 2302006);
    assert.equal((await rejection(other.close(connection))).code, 2302006);
    assert.equal(await other.send('a', its), true);
  });

  it('is not the next client that has its address and port', async (t) => {
    // One that nobody else has: another program might take the port meanwhile.
    const localAddress = '127.0.0.46';
    const { server, ws, connection, url } = await joined(t, { localAddress });
    const { localPort } = ws._socket;
    const closed = next(server, 'close');
    // Without a closing handshake of TCP its port can be used again at once.
    ws._socket.resetAndDestroy();
    await closed;
    const connect = next(server, 'connect');
    const again = new WebSocket(url, { localPort, localAddress });
    t.after(() => again.terminate());
    const [[successor]] = await Promise.all([connect, once(again, 'open')]);
    assert.deepEqual({ ...successor }, { ...connection });
    assert.notEqual(successor, connection);
    const got = once(again, 'message');
    const { code, cause, message } = await rejection(server.send('old', connection));
    assert.deepEqual([code, cause], [2302006, 'reset']);
    assert.match(message, new RegExp(`127\\.0\\.0\\.46:${localPort}: .*reset`));
    assert.equal((await rejection(server.close(connection))).code, 2302006);
    await server.send('new', successor);
    assert.equal(String((await got)[0]), 'new');
  });

  it('has nothing to say on an object that is none', async (t) => {
    const { connection } = await joined(t);
    const warned = [];
    const listen = ({ code }) => warned.push(code);
    process.on('warning', listen);
    t.after(() => process.off('warning', listen));
    const child = Object.create(connection);
    for (const name of ['path', 'headers', 'protocol', 'data'])
      assert.equal(child[name], undefined);
    assert.throws(() => (child.data = 1), { code: 401 });
    assert.equal(connection.data, undefined);
    await new Promise(setImmediate);
    assert.deepEqual(warned, ['ARKWS_FOREIGN_THIS']);
  });

  it('was never there if the program refused it', async (t) => {
    const refused = [];
    const { server, url } = await running(t, {}, (server) =>
      server.on('request', ({ connection, refuse }) => {
        refused.push(connection);
        refuse(403);
      }),
    );
    server.on('connect', () => assert.fail());
    const ws = new WebSocket(url);
    const [, response] = await once(
      ws.on('error', () => {}),
      'unexpected-response',
    );
    assert.equal(response.statusCode, 403);
    ws.terminate();
    assert.equal((await rejection(server.send('a', refused[0]))).code, 2302006);
    assert.deepEqual([...server.listAllConnections()], []);
  });
});
