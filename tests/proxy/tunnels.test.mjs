// Through proxies that people run: tinyproxy for HTTP's CONNECT, microsocks for SOCKS 5.
import assert from 'node:assert/strict';
import { createConnection } from 'node:net';
import { pipeline } from 'node:stream';
import { before, describe, it } from 'node:test';
import { connected } from '../../npm/test/events.mjs';
import { echo, listen, serve } from '../../npm/test/servers.mjs';
import { assertUsable, exchange, failure } from '../client.mjs';
import { freePort, needs } from '../programs.mjs';
import { python, start } from '../support.mjs';
import { Certificates } from '../tls/certificates.mjs';
import { startMicrosocks, startTinyproxy } from './servers.mjs';

const TINYPROXY = needs('tinyproxy', 'tinyproxy-bin');
const MICROSOCKS = needs('microsocks', 'microsocks');

/** Connects through the proxy, exchanges a message and closes. */
async function through(url, proxy, port, options = {}) {
  const ws = await connected(url, { proxy, ...options });
  assert.equal(ws.stats().remoteAddress, `127.0.0.1:${port}`);
  await exchange(ws);
}

/** The proxy is to blame, and the object may be used again. */
async function refused(t, url, proxy, message) {
  const { ws, error } = await failure(url, { proxy });
  assert.equal(error.cause, 'proxy', error.message);
  assert.match(error.message, message);
  assert.equal(error.data, '0');
  assert.doesNotMatch(error.message, /secret/);
  await assertUsable(t, ws);
}

describe('an HTTP proxy', { timeout: 60_000, ...TINYPROXY }, () => {
  it('is tunnelled through, by host and port or in one', async (t) => {
    const url = await serve(t, echo);
    const port = await startTinyproxy(t);
    for (const proxy of [
      { host: '127.0.0.1', port },
      { host: ' localhost ', port, exclusionList: [] },
      { host: `127.0.0.1:${port}` },
      { host: `127.0.0.1:${port}`, port: 1 },
      { host: `http://127.0.0.1:${port}`, port: 0 },
      { host: `HTTP://localhost:${port}/` },
    ]) {
      await through(url, proxy, port);
    }
  });

  it('is tunnelled through to an IPv6 address', async (t) => {
    const url = (await serve(t, echo, { host: '::1' })).replace('127.0.0.1', '[::1]');
    const port = await startTinyproxy(t);
    await through(url, { host: '127.0.0.1', port }, port);
  });

  it('carries large messages both ways', async (t) => {
    const url = await serve(t, echo);
    const ws = await connected(url, {
      proxy: { host: '127.0.0.1', port: await startTinyproxy(t) },
    });
    await exchange(ws, 'x'.repeat(1 << 20));
  });

  describe('with Basic authentication', () => {
    const basic = (t) => startTinyproxy(t, 'BasicAuth ann secret');

    it('is given user name and password, wherever they stand', async (t) => {
      const url = await serve(t, echo);
      const port = await basic(t);
      for (const proxy of [
        { host: 'ann:secret@127.0.0.1', port },
        { host: `ann:secret@127.0.0.1:${port}` },
        { host: `http://ann:secret@127.0.0.1:${port}` },
        { host: `a%6en:%73ecret@127.0.0.1:${port}` },
        { host: '127.0.0.1', port, username: 'ann', password: 'secret' },
      ]) {
        await through(url, proxy, port);
      }
    });

    it('asks who does not say them', async (t) => {
      const port = await basic(t);
      const message = new RegExp(
        `the proxy 127\\.0\\.0\\.1:${port} asks for a user name and password`,
      );
      await refused(t, await serve(t, echo), { host: '127.0.0.1', port }, message);
    });

    it('does not let in who says others', async (t) => {
      const port = await basic(t);
      const url = await serve(t, echo);
      const message = new RegExp(
        `the proxy 127\\.0\\.0\\.1:${port} does not accept the user name and password`,
      );
      await refused(t, url, { host: 'ann:wrong-secret@127.0.0.1', port }, message);
      await refused(
        t,
        url,
        { host: '127.0.0.1', port, username: 'eve', password: 'secret' },
        message,
      );
    });
  });

  it('that forbids the port says so', async (t) => {
    const url = await serve(t, echo);
    const port = await startTinyproxy(t, 'ConnectPort 443');
    const message = new RegExp(
      `the proxy 127\\.0\\.0\\.1:${port} answered 403 Forbidden to CONNECT ${new URL(url).host}`,
    );
    await refused(t, url, { host: '127.0.0.1', port }, message);
  });

  it('that cannot reach the server says so', async (t) => {
    const port = await startTinyproxy(t);
    const target = `127.0.0.1:${await freePort()}`;
    const message = new RegExp(
      `the proxy 127\\.0\\.0\\.1:${port} answered 50\\d .* to CONNECT ${target}`,
    );
    await refused(t, `ws://${target}`, { host: '127.0.0.1', port }, message);
  });

  it('waits for more if it is taken for a SOCKS proxy, but not for ever', async (t) => {
    const port = await startTinyproxy(t);
    const options = { proxy: { host: `socks5://127.0.0.1:${port}` }, connectTimeout: 200 };
    const { ws, error } = await failure(await serve(t, echo), options);
    assert.equal(error.cause, 'timeout', error.message);
    assert.match(
      error.message,
      new RegExp(
        `through 127\\.0\\.0\\.1:${port}: the proxy took longer than 200ms .*connectTimeout`,
      ),
    );
    await assertUsable(t, ws);
  });
});

describe('a SOCKS proxy', { timeout: 60_000, ...MICROSOCKS }, () => {
  it('is tunnelled through, the name resolved here or there', async (t) => {
    const url = await serve(t, echo);
    const port = await startMicrosocks(t);
    for (const host of ['127.0.0.1', 'localhost']) {
      for (const proxy of [
        { host: 'socks5://127.0.0.1', port },
        { host: `socks5://127.0.0.1:${port}` },
        { host: `SOCKS5H://localhost:${port}`, exclusionList: ['somewhere.example'] },
      ]) {
        await through(url.replace('127.0.0.1', host), proxy, port);
      }
    }
  });

  it('is tunnelled through to an IPv6 address', async (t) => {
    const url = (await serve(t, echo, { host: '::1' })).replace('127.0.0.1', '[::1]');
    const port = await startMicrosocks(t);
    await through(url, { host: 'socks5://127.0.0.1', port }, port);
    await through(url, { host: 'socks5h://127.0.0.1', port }, port);
  });

  it('is tunnelled through to the address that answers, let go of by others', async (t) => {
    const { port } = new URL(await serve(t, echo));
    // Nobody listens at this port of 127.0.0.2.
    await start(t, python('silent_server.py', '127.0.0.3', port));
    const addresses = ['127.0.0.2', '127.0.0.3', '127.0.0.1'];
    const socks = await startMicrosocks(t);
    const tunnels = [];
    const proxy = await listen(t, (client) => {
      tunnels.push({ client, ended: new Promise((resolve) => client.on('close', resolve)) });
      const upstream = createConnection(socks, '127.0.0.1').on('error', () => {});
      pipeline(client, upstream, client, () => {});
    });
    const lookup = (_name, _options, callback) => {
      callback(
        null,
        addresses.map((address) => ({ address, family: 4 })),
      );
    };
    const ws = await connected(`ws://name.test:${port}`, {
      proxy: { host: `socks5://${proxy.address}` },
      lookup,
    });
    const [refused, silent, good] = tunnels;
    await Promise.all([refused.ended, silent.ended]);
    assert.equal(tunnels.length, 3);
    assert.equal(good.client.destroyed, false);
    await exchange(ws);
  });

  it('carries large messages both ways', async (t) => {
    const url = await serve(t, echo);
    const ws = await connected(url, {
      proxy: { host: 'socks5://127.0.0.1', port: await startMicrosocks(t) },
    });
    await exchange(ws, 'x'.repeat(1 << 20));
  });

  describe('with a password', () => {
    const user = 'ann@example';
    const password = 'secret:/ é';

    it('is given user name and password, wherever they stand', async (t) => {
      const url = await serve(t, echo);
      const port = await startMicrosocks(t, { user, password });
      const encoded = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
      for (const proxy of [
        { host: `socks5://${encoded}@127.0.0.1:${port}` },
        { host: `socks5h://${encoded}@127.0.0.1`, port },
        { host: 'socks5://127.0.0.1', port, username: user, password },
      ]) {
        await through(url, proxy, port);
      }
    });

    it('asks who does not say them', async (t) => {
      const port = await startMicrosocks(t, { user, password });
      const message = new RegExp(
        `the proxy 127\\.0\\.0\\.1:${port} asks for a user name and password`,
      );
      await refused(t, await serve(t, echo), { host: 'socks5://127.0.0.1', port }, message);
    });

    it('does not let in who says others', async (t) => {
      const port = await startMicrosocks(t, { user, password });
      const message = new RegExp(
        `the proxy 127\\.0\\.0\\.1:${port} does not accept the user name and password`,
      );
      const proxy = { host: 'socks5://127.0.0.1', port, username: user, password: 'wrong-secret' };
      await refused(t, await serve(t, echo), proxy, message);
    });
  });

  it('that cannot reach the server says so', async (t) => {
    const port = await startMicrosocks(t);
    const target = `127.0.0.1:${await freePort()}`;
    const message = new RegExp(
      `the proxy 127\\.0\\.0\\.1:${port} cannot connect to ${target}: connection refused`,
    );
    await refused(t, `ws://${target}`, { host: 'socks5://127.0.0.1', port }, message);
  });

  it('is no HTTP proxy', async (t) => {
    const port = await startMicrosocks(t);
    const message = new RegExp(
      `the proxy 127\\.0\\.0\\.1:${port} misbehaves: its answer to CONNECT: what arrived is not HTTP`,
    );
    await refused(t, await serve(t, echo), { host: '127.0.0.1', port }, message);
  });
});

describe('wss', { timeout: 60_000, ...needs('openssl', 'openssl') }, () => {
  let made;

  before(async () => {
    made = await Certificates.make();
    await made.authority('root');
    await made.issue('server', { names: ['DNS:localhost'] });
  });

  for (const [what, start, scheme, required] of [
    ['an HTTP proxy', startTinyproxy, 'http', TINYPROXY],
    ['a SOCKS proxy', startMicrosocks, 'socks5', MICROSOCKS],
  ]) {
    it(`through ${what} is TLS with the server, whose certificate counts`, required, async (t) => {
      const tls = { cert: await made.read('server.pem'), key: await made.read('server.key') };
      const url = await serve(t, echo, { tls });
      const port = await start(t);
      const proxy = { host: `${scheme}://127.0.0.1:${port}` };
      await through(url, proxy, port, { caPath: made.path('root.pem') });

      const { ws, error } = await failure(url, { proxy });
      assert.equal(error.cause, 'tls', error.message);
      await assertUsable(t, ws);
    });
  }
});
