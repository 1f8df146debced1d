// `arkws proxy` between clients and servers that are not ours.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import Ws, { WebSocketServer } from 'ws';
import { exchange, ws } from '../interop/exchange.mjs';
import { needsNginx, startNginx } from '../nginx.mjs';
import { python, run as runProgram, start as startServer } from '../support.mjs';
import { proxy, run, serve } from './command.mjs';

const DEFLATE = { perMessageDeflate: { threshold: 0 } };

/** An echo server of npm's `ws`: its URL, and what has become of its connections. */
async function wsServer(t, options) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options });
  await once(server, 'listening');
  t.after(() => server.close());
  server.on('connection', (socket) => {
    socket.on('message', (data, binary) => socket.send(data, { binary }));
    socket.on('error', () => {});
  });
  return { server, url: `ws://127.0.0.1:${server.address().port}/` };
}

const through = async (t, target, ...args) => (await proxy(t, target, '--quiet', ...args)).url;

describe('a proxy between others', { timeout: 300_000 }, () => {
  it('npm ws says everything to npm ws, compressed', async (t) => {
    const { server, url } = await wsServer(t, DEFLATE);
    const connected = once(server, 'connection');
    const client = await ws(await through(t, url), DEFLATE);
    const [socket] = await connected;
    assert.match(client.extensions, /permessage-deflate/);
    assert.match(socket.extensions, /permessage-deflate/);
    await exchange(client);
  });

  it('npm ws says everything to Python, which sends in fragments', async (t) => {
    const target = await startServer(
      t,
      python('websockets_server.py', '--deflate', '--fragments', '7'),
    );
    await exchange(await ws(await through(t, target), DEFLATE));
  });

  it('Python and we say everything to each other', async (t) => {
    const ours = await serve(t, '--deflate');
    await runProgram(python('websockets_client.py', await through(t, ours), '--deflate'));
    const theirs = await startServer(t, python('websockets_server.py'));
    const proxied = await through(t, theirs);
    const said = await run(t, ['connect', '--count', '2', proxied], 'one\ntwo\n');
    assert.deepEqual([said.code, said.stdout], [0, 'one\ntwo\n']);
  });

  it('pings and goodbyes of npm ws reach the other end as they are', async (t) => {
    const { server, url } = await wsServer(t, { autoPong: false });
    const connected = once(server, 'connection');
    const client = new Ws(await through(t, url));
    await once(client, 'open');
    const [socket] = await connected;
    const pongs = [];
    client.on('pong', (data) => pongs.push(data.toString()));
    client.ping('first');
    assert.equal((await once(socket, 'ping'))[0].toString(), 'first');
    // Nobody but the server answers.
    client.send('x');
    await once(client, 'message');
    assert.deepEqual(pongs, []);
    socket.pong('first');
    await once(client, 'pong');
    assert.deepEqual(pongs, ['first']);
    const closed = [once(socket, 'close'), once(client, 'close')];
    client.close(4001, 'so long');
    for (const [code, reason] of await Promise.all(closed)) {
      assert.equal(code, 4001);
      assert.match(reason.toString(), /^(so long)?$/);
    }
  });

  it('a goodbye of the server, and its end without one, are what the client sees', async (t) => {
    const { server, url } = await wsServer(t);
    const proxied = await through(t, url);
    for (const [end, expected] of [
      [(socket) => socket.close(4002, 'enough'), [4002, 'enough']],
      [(socket) => socket.terminate(), [1006, '']],
    ]) {
      const connected = once(server, 'connection');
      const client = new Ws(proxied);
      const [socket] = await connected;
      await once(client, 'open');
      const closed = once(client, 'close');
      end(socket);
      const [code, reason] = await closed;
      assert.deepEqual([code, reason.toString()], expected);
    }
  });

  it('a refusal of npm ws is passed on', async (t) => {
    const { url } = await wsServer(t, {
      verifyClient: (_, answer) => answer(false, 401, 'who are you?', { 'X-Why': 'no' }),
    });
    const client = new Ws(await through(t, url));
    client.on('error', () => {});
    const [, response] = await once(client, 'unexpected-response');
    assert.equal(response.statusCode, 401);
    assert.equal(response.headers['x-why'], 'no');
    client.terminate();
  });

  it('with nginx on either side', needsNginx(), async (t) => {
    const { url } = await wsServer(t, DEFLATE);
    const behind = await startNginx(t, url.replace('ws:', 'http:').slice(0, -1));
    const proxied = await through(t, `ws://127.0.0.1:${behind}/`);
    const front = await startNginx(t, proxied.replace('ws:', 'http:').slice(0, -1));
    await exchange(await ws(`ws://127.0.0.1:${front}/`, DEFLATE));
  });
});
