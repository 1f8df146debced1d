// A server with a certificate, and sub-protocols.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { before, describe, it } from 'node:test';
import { connect } from 'node:tls';
import { once } from 'node:events';
import webSocket from 'arkws';
import { connected, next } from '../../npm/test/events.mjs';
import { echoMessages, running } from '../../npm/test/servers.mjs';
import { certificates } from '../support.mjs';
import { assertRejects, join } from './support.mjs';

describe('a server with a certificate', { timeout: 60_000 }, () => {
  let files;
  before(async () => (files = await certificates()));
  const serverCert = (name) => ({
    certPath: `${files.server(name)}.pem`,
    keyPath: `${files.server(name)}.key`,
  });
  const secure = async (t, name = 'valid', config = {}) => {
    const { server } = await running(t, { serverCert: serverCert(name), ...config });
    return { server, url: `wss://localhost:${server.listAddress().port}` };
  };

  it('is reached by wss, by npm ws that verifies it', async (t) => {
    const { server, url } = await secure(t);
    echoMessages(server);
    const client = await join(t, url, { ca: await readFile(files.ca) });
    assert.ok(client._socket.encrypted && client._socket.authorized);
    for (const size of [1, 70_000, 1 << 20]) {
      client.send('a'.repeat(size));
      assert.equal((await client.take()).length, size);
    }
    const closed = next(server, 'close');
    client.close(1000, 'bye');
    const [connection, result] = await closed;
    assert.deepEqual({ ...connection }, client.connection);
    assert.deepEqual(result, { code: 1000, reason: 'bye', closeReason: 'bye' });
    assert.equal((await client.closed).code, 1000);
  });

  it('is reached by our own client that verifies it', async (t) => {
    const { server, url } = await secure(t);
    echoMessages(server);
    const ws = await connected(url, { caPath: files.ca });
    const message = next(ws, 'message');
    ws.send('over TLS');
    assert.deepEqual(await message, [undefined, 'over TLS']);
    assert.equal(ws.stats().tlsVersion, 'TLSv1.3');
    const closed = next(ws, 'close');
    ws.close();
    await closed;
  });

  it('speaks TLS 1.2 and 1.3, and nothing older', async (t) => {
    const { server } = await secure(t);
    const { port } = server.listAddress();
    const ca = await readFile(files.ca);
    for (const version of ['TLSv1.2', 'TLSv1.3']) {
      const socket = connect({
        host: 'localhost',
        port,
        ca,
        minVersion: version,
        maxVersion: version,
      });
      await once(socket, 'secureConnect');
      assert.equal(socket.getProtocol(), version);
      socket.destroy();
    }
    const old = connect({
      host: 'localhost',
      port,
      ca,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'ALL@SECLEVEL=0',
    });
    const [error] = await once(old, 'error');
    assert.match(error.code, /_ALERT_/);
  });

  it('does not speak plain ws', async (t) => {
    const { server, url } = await secure(t);
    const reported = next(server, 'error');
    await assert.rejects(join(t, url.replace('wss', 'ws')));
    const [error] = await reported;
    assert.equal(error.cause, 'tls');
    assert.match(error.message, /was not let in: the TLS handshake failed/);
    await join(t, url, { ca: await readFile(files.ca) });
  });

  it('tells the program of a client that does not trust it, and goes on', async (t) => {
    const { server, url } = await secure(t, 'self-signed');
    const reported = next(server, 'error');
    const distrustful = webSocket.createWebSocket();
    const failed = next(distrustful, 'error');
    await distrustful.connect(url, { caPath: files.ca });
    assert.match((await failed)[0].message, /self-signed/);
    const [{ message, cause }] = await reported;
    assert.equal(cause, 'tls', message);
    // Node.js says nothing when it goes.
    await assert.rejects(join(t, url), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    await join(t, url, { rejectUnauthorized: false });
  });

  it('refuses with 503 over TLS, too', async (t) => {
    const { url } = await secure(t, 'valid', { maxConnectionsForOneClient: 1 });
    const ca = await readFile(files.ca);
    await join(t, url, { ca });
    await assert.rejects(join(t, url, { ca }), /Unexpected server response: 503/);
  });

  it('does not start without usable files, and says what is wrong with them', async () => {
    const server = webSocket.createWebSocketServer();
    const start = (serverCert) =>
      server.start({ serverIP: '127.0.0.1', serverPort: 0, serverCert });
    const { certPath, keyPath } = serverCert('valid');
    await assertRejects(
      start({ certPath: '/no/such.pem', keyPath }),
      2302002,
      /certificate \/no\/such\.pem/,
    );
    await assertRejects(
      start({ certPath, keyPath: '/no/such.key' }),
      2302002,
      /key \/no\/such\.key/,
    );
    await assertRejects(start({ certPath }), 2302002);
    await assertRejects(start({ certPath: keyPath, keyPath: certPath }), 2302999);
    await assertRejects(start({ certPath, keyPath: serverCert('wrong-name').keyPath }), 2302999);
    // An empty path is none (B 2.1).
    await start({ certPath: '', keyPath: '' });
    await server.stop();
  });
});

describe('sub-protocols', { timeout: 60_000 }, () => {
  it('are negotiated: the first of the server that the client offers', async (t) => {
    const { url } = await running(t, { protocol: 'chat.v2, chat.v1' });
    for (const [offered, chosen] of [
      [['chat.v1'], 'chat.v1'],
      [['other', 'chat.v1', 'chat.v2'], 'chat.v2'],
      [[], ''],
    ]) {
      assert.equal((await join(t, url, { protocols: offered })).protocol, chosen);
    }
    // npm ws itself fails when none of its own is chosen.
    await assert.rejects(join(t, url, { protocols: ['other'] }), /no subprotocol/);
  });

  it('reach our own client as openInfo and stats', async (t) => {
    const { url } = await running(t, { protocol: 'chat.v2, chat.v1' });
    const ws = webSocket.createWebSocket();
    const info = next(ws, 'openInfo');
    await ws.connect(url, { protocol: 'chat.v1, chat.v2' });
    assert.deepEqual(await info, [
      undefined,
      { status: 101, message: 'Switching Protocols', protocol: 'chat.v2' },
    ]);
    assert.equal(ws.stats().protocol, 'chat.v2');
    const closed = next(ws, 'close');
    ws.close();
    await closed;
  });

  it('are none by default', async (t) => {
    const { url } = await running(t);
    await assert.rejects(join(t, url, { protocols: ['chat'] }), /no subprotocol/);
  });

  it('that are not tokens are refused', async () => {
    const server = webSocket.createWebSocketServer();
    await assertRejects(
      server.start({ serverPort: 0, protocol: 'a b' }),
      401,
      /protocol "a b" is not a token/,
    );
  });
});
