// `arkws serve`, with other people's clients.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { before, describe, it } from 'node:test';
import Ws from 'ws';
import { needsNginx, startNginx } from '../nginx.mjs';
import { binary, text, ws } from '../interop/exchange.mjs';
import { certificates, python, run } from '../support.mjs';
import { serve } from './command.mjs';

let tls;
before(async () => (tls = await certificates()));

/** The flags that serve wss, and what its clients have to know. */
const secured = async () => ({
  flags: ['--tls', `${tls.server('valid')}.pem`, `${tls.server('valid')}.key`],
  ca: await readFile(tls.ca),
});

/** Messages of each kind and of many sizes come back as they were. */
async function exchange(client) {
  for (const size of [0, 1, 125, 126, 65_535, 65_536, 1 << 20]) {
    for (const message of [text(size), binary(size)]) {
      client.send(message);
      assert.deepEqual(await client.take(), message);
    }
  }
  for (let number = 0; number < 1000; number++) client.send(String(number));
  for (let number = 0; number < 1000; number++) {
    assert.equal(await client.take(), String(number));
  }
  assert.equal(await client.close(1000, 'done'), 1000);
}

const DEFLATE = { perMessageDeflate: { threshold: 0 } };
const PYTHON = ['websockets_client.py', '--many', '1000', '--largest', String(1 << 20)];

describe('arkws serve', { timeout: 300_000 }, () => {
  for (const [name, flags, options, python_] of [
    ['', [], {}, []],
    [', compressed', ['--deflate'], DEFLATE, ['--deflate']],
    [', in fragments', ['--fragment', '1000'], {}, []],
    [', compressed, in fragments', ['--deflate', '--fragment', '1000'], DEFLATE, ['--deflate']],
  ]) {
    it(`echoes to npm ws${name}`, async (t) => {
      const client = await ws(await serve(t, ...flags), options);
      assert.equal(client.extensions !== '', flags.includes('--deflate'));
      await exchange(client);
    });

    it(`echoes to Python websockets${name}`, async (t) => {
      const url = await serve(t, '--quiet', ...flags);
      await run(python(...PYTHON, ...python_, url));
    });
  }

  it('echoes over TLS', async (t) => {
    const { flags, ca } = await secured();
    const url = (await serve(t, '--quiet', ...flags)).replace('127.0.0.1', 'localhost');
    await exchange(await ws(url, { ca }));
    await run(python(...PYTHON, '--ca', tls.ca, url));
  });

  it('echoes through nginx', needsNginx(), async (t) => {
    const upstream = (await serve(t, '--deflate')).replace('ws:', 'http:');
    const url = `ws://127.0.0.1:${await startNginx(t, upstream)}/`;
    const client = await ws(url, DEFLATE);
    assert.notEqual(client.extensions, '');
    await exchange(client);
  });

  it('passes on what one says to all, and chooses a sub-protocol', async (t) => {
    const url = await serve(t, '--broadcast', '--protocol', 'b,a');
    const clients = [];
    for (const protocol of ['a', 'b']) {
      const socket = new Ws(url, ['other', protocol]);
      await once(socket, 'open');
      assert.equal(socket.protocol, protocol);
      clients.push(socket);
    }
    const heard = clients.map((socket) => once(socket, 'message'));
    clients[0].send('to all');
    for (const [data] of await Promise.all(heard)) assert.equal(String(data), 'to all');
    for (const socket of clients) socket.terminate();
  });

  it('has npm ws see the faults that were asked for', async (t) => {
    const refused = new Ws(await serve(t, '--refuse', '503'));
    const [error] = await once(refused, 'error');
    assert.match(error.message, /503/);

    const closed = await ws(await serve(t, '--close-code', '4001', '--drop-after', '1'));
    closed.send('one');
    assert.equal(await closed.take(), 'one');
    await assert.rejects(closed.take(), /closed: 4001 /);

    const broken = await ws(await serve(t, '--garbage', '--drop-after', '1'));
    broken.send('one');
    assert.equal(await broken.take(), 'one');
    await assert.rejects(broken.take(), /Invalid WebSocket frame/);

    const dropped = await ws(await serve(t, '--drop-after', '1'));
    dropped.send('one');
    assert.equal(await dropped.take(), 'one');
    await assert.rejects(dropped.take(), /closed: 1006 /);
  });
});
