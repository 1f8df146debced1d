// A server that has its certificate in memory, changes it while it runs, and asks its clients for
// theirs: clients of npm `ws`, with OpenSSL's TLS and certificates.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { get } from 'node:https';
import { before, describe, it } from 'node:test';
import webSocket from 'arkws';
import { connected, next } from '../../npm/test/events.mjs';
import { echoMessages, running } from '../../npm/test/servers.mjs';
import { needs } from '../programs.mjs';
import { join } from '../server/support.mjs';
import { Certificates } from './certificates.mjs';

describe('a server with its certificate in memory', {
  timeout: 60_000,
  ...needs('openssl', 'openssl'),
}, () => {
  let made;
  let ca;

  before(async () => {
    made = await Certificates.make();
    await made.authority('root');
    await made.authority('stranger');
    await made.issue('server', { names: ['DNS:localhost'] });
    await made.issue('second', { names: ['DNS:localhost'] });
    await made.issue('client', { usage: 'clientAuth' });
    await made.issue('stranger-client', { by: 'stranger', usage: 'clientAuth' });
    ca = await made.read('root.pem');
  });

  const pem = async (name) => ({
    cert: await made.read(`${name}.pem`),
    key: await made.read(`${name}.key`),
  });

  const start = async (t, serverCert) => {
    const { server } = await running(t, { serverCert, limits: 'none' }, (server) => {
      echoMessages(server);
      server.on('error', () => {});
    });
    return { server, url: `wss://localhost:${server.listAddress().port}` };
  };

  /** The serial number of the certificate that the server shows. */
  const shown = (client) => client._socket.getPeerX509Certificate().serialNumber;

  it('is reached, and shows another to new clients when that is set', async (t) => {
    const [first, second] = [await pem('server'), await pem('second')];
    const { server, url } = await start(t, { ...first, key: Buffer.from(first.key) });
    const before = await join(t, url, { ca });
    assert.equal(shown(before), new X509Certificate(first.cert).serialNumber);

    assert.equal(await server.setCertificate(second), true);
    const after = await join(t, url, { ca });
    assert.equal(shown(after), new X509Certificate(second.cert).serialNumber);
    for (const client of [before, after]) {
      client.send('hello');
      assert.equal(await client.take(), 'hello');
    }
    const files = { certPath: made.path('server.pem'), keyPath: made.path('server.key') };
    assert.equal(await server.setCertificate(files), true);
    assert.equal(shown(await join(t, url, { ca })), new X509Certificate(first.cert).serialNumber);
  });

  it('tells the certificate that a client has shown, and lets in no other', async (t) => {
    const { server, url } = await start(t, { ...(await pem('server')), clientCa: ca });
    const connect = next(server, 'connect');
    await join(t, url, { ca, ...(await pem('client')) });
    const [connection] = await connect;
    const { subject, raw } = connection.peerCertificate;
    const { cert } = await pem('client');
    const expected = new X509Certificate(cert);
    assert.ok(raw instanceof ArrayBuffer);
    assert.deepEqual(Buffer.from(raw), expected.raw);
    assert.equal(subject.CN, /^CN=(.*)$/m.exec(expected.subject)[1]);
    assert.equal(connection.peerCertificate, connection.peerCertificate);
    assert.deepEqual(Object.keys(connection), ['clientIP', 'clientPort']);

    // TLS 1.3 lets a client believe for a moment that it is in.
    for (const identity of [{}, await pem('stranger-client')]) {
      const refused = next(server, 'error');
      await assert.rejects(join(t, url, { ca, ...identity }));
      assert.equal((await refused)[0].cause, 'tls');
    }
    // A request that asks for no WebSocket is of a client, too.
    server.on('httpRequest', ({ connection, respond }) => {
      respond({ status: 200, body: connection.peerCertificate.subject.CN });
    });
    const { port } = new URL(url);
    const asked = get({ host: 'localhost', port, ca, ...(await pem('client')), agent: false });
    const [response] = await once(asked, 'response');
    let body = '';
    for await (const piece of response.setEncoding('utf8')) body += piece;
    assert.equal(body, subject.CN);
    const ours = next(server, 'connect');
    const clientCert = { certPath: made.path('client.pem'), keyPath: made.path('client.key') };
    const ws = await connected(url, { caPath: made.path('root.pem'), clientCert });
    assert.deepEqual((await ours)[0].peerCertificate.subject, subject);
    await ws.close();
  });

  it('lets clients in without one if it does not require it', async (t) => {
    const { server, url } = await start(t, {
      ...(await pem('server')),
      clientCa: Buffer.from(ca),
      requireClientCert: false,
    });
    const connect = next(server, 'connect');
    await join(t, url, { ca });
    assert.equal((await connect)[0].peerCertificate, undefined);
    const refused = next(server, 'error');
    await assert.rejects(join(t, url, { ca, ...(await pem('stranger-client')) }));
    assert.equal((await refused)[0].cause, 'tls');
  });

  it('refuses what is none', async (t) => {
    const both = await pem('server');
    const { server } = await start(t, both);
    const plain = (await running(t)).server;
    const stopped = webSocket.createWebSocketServer();
    const files = { certPath: made.path('server.pem'), keyPath: made.path('server.key') };
    for (const [certificate, code] of [
      [undefined, 401],
      [null, 401],
      [{}, 401],
      [{ certPath: '' }, 401],
      [{ cert: both.cert }, 401],
      [{ key: both.key }, 401],
      [{ ...both, key: 1 }, 401],
      [{ ...both, ...files }, 401],
      [{ ...both, clientCa: 1 }, 401],
      [{ ...both, requireClientCert: true }, 401],
      [{ ...both, clientCa: ca, requireClientCert: 1 }, 401],
      [{ ...both, key: 'no PEM' }, 2302999],
      [{ ...both, clientCa: 'no PEM' }, 2302999],
      [{ ...both, key: (await pem('second')).key }, 2302999],
      [{ certPath: '/no/such.pem', keyPath: '/no/such.pem' }, 2302002],
    ]) {
      await assert.rejects(server.setCertificate(certificate), { code });
      if (certificate === undefined || certificate?.certPath === '') continue;
      const config = { serverIP: '127.0.0.1', serverPort: 0, serverCert: certificate };
      await assert.rejects(stopped.start(config), { code });
    }
    await assert.rejects(plain.setCertificate(both), { code: 2302999 });
    await assert.rejects(stopped.setCertificate(both), { code: 2302999 });
  });
});
