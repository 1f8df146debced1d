// What a program has in memory instead of in files, another name than the URL's, and the
// authorities that Node.js is told of.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:https';
import { once } from 'node:events';
import { before, describe, it } from 'node:test';
import arkws from 'arkws';
import { WebSocketServer } from 'ws';
import { next, openClient, rejection } from '../../npm/test/events.mjs';
import { folder, node } from '../../npm/test/support.mjs';
import { needs } from '../programs.mjs';
import { Certificates } from './certificates.mjs';

describe('TLS from memory', { timeout: 60_000, ...needs('openssl', 'openssl') }, () => {
  let made;

  before(async () => {
    made = await Certificates.make();
    await made.authority('root');
    await made.authority('other');
    await made.issue('server', { names: ['DNS:localhost'] });
    await made.issue('elsewhere', { names: ['DNS:elsewhere.test'] });
    await made.issue('client', { usage: 'clientAuth' });
  });

  /** A server with that certificate; what it knows of its clients. */
  async function serve(t, name = 'server', options = {}) {
    const [cert, key, ca] = await Promise.all(
      [`${name}.pem`, `${name}.key`, 'root.pem'].map((file) => made.read(file)),
    );
    const https = createServer({ cert, key, ca, ...options }).listen(0, '127.0.0.1');
    const server = new WebSocketServer({ server: https });
    const clients = [];
    server.on('connection', (_, { socket }) =>
      clients.push({ name: socket.servername, subject: socket.getPeerCertificate().subject?.CN }),
    );
    await once(https, 'listening');
    t.after(() => {
      for (const client of server.clients) client.terminate();
      https.close();
    });
    return { url: `wss://localhost:${https.address().port}`, clients };
  }

  async function failure(url, options) {
    const ws = arkws.createWebSocket();
    const error = next(ws, 'error');
    await ws.connect(url, options);
    return (await error)[0];
  }

  it('ca is a string, a Buffer or several of them, in place of the system’s', async (t) => {
    const { url } = await serve(t);
    const [root, other] = [await made.read('root.pem'), await made.read('other.pem')];
    const bytes = new TextEncoder().encode(root);
    for (const ca of [root, Buffer.from(root), bytes, bytes.buffer, [other, root], other + root])
      await openClient(t, url, { ca });
    await openClient(t, url, { ca: other, caPath: made.path('root.pem') });
    assert.equal((await failure(url, { ca: other })).cause, 'tls');
    assert.equal((await failure(url, { ca: 'nothing' })).cause, 'invalid');
    for (const ca of [5, [], null, [5]])
      assert.equal((await rejection(arkws.createWebSocket().connect(url, { ca }))).code, 401);
  });

  it('cert and key are shown to a server that asks', async (t) => {
    const { url, clients } = await serve(t, 'server', { requestCert: true });
    const [ca, cert, key] = await Promise.all(
      ['root.pem', 'client.pem', 'client.key'].map((file) => made.read(file)),
    );
    await openClient(t, url, { ca, cert, key: Buffer.from(key) });
    const secret = execFileSync('openssl', ['ec', '-aes128', '-passout', 'pass:word'], {
      input: key,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    await openClient(t, url, { ca, cert, key: secret, passphrase: 'word' });
    assert.deepEqual(
      clients.map(({ subject }) => subject),
      ['client', 'client'],
    );
    assert.equal(
      (await failure(url, { ca, cert, key: secret, passphrase: 'no' })).cause,
      'invalid',
    );
    for (const options of [{ cert }, { key }, { cert, key: 5 }, { cert, key, passphrase: 5 }])
      assert.equal((await rejection(arkws.createWebSocket().connect(url, options))).code, 401);
  });

  it('servername is asked for, and what the certificate has to be for', async (t) => {
    const ca = await made.read('root.pem');
    const { url, clients } = await serve(t, 'elsewhere');
    assert.equal((await failure(url, { ca })).cause, 'tls');
    await openClient(t, url, { ca, servername: 'elsewhere.test' });
    assert.equal(clients[0].name, 'elsewhere.test');
    assert.equal((await failure(url, { ca, servername: 'third.test' })).cause, 'tls');
    for (const servername of ['', 5])
      assert.equal(
        (await rejection(arkws.createWebSocket().connect(url, { servername }))).code,
        401,
      );
  });

  it('NODE_EXTRA_CA_CERTS adds authorities, unless the program names others', async (t) => {
    const { url } = await serve(t);
    const cwd = await folder({
      'main.mjs': `
        import arkws from 'arkws';
        import { readFileSync } from 'node:fs';
        const [url, other] = process.argv.slice(2);
        for (const options of [{}, { ca: readFileSync(other) }]) {
          const ws = arkws.createWebSocket();
          const end = new Promise((resolve) => {
            ws.on('open', () => resolve('open'));
            ws.on('error', ({ cause }) => resolve(cause));
          });
          await ws.connect(url, options);
          console.log(await end);
          await ws.close().catch(() => {});
        }`,
    });
    const run = async (NODE_EXTRA_CA_CERTS) => {
      const args = ['--no-warnings', 'main.mjs', url, made.path('other.pem')];
      return (await node(args, { cwd, env: { NODE_EXTRA_CA_CERTS } })).lines;
    };
    assert.deepEqual(await run(made.path('root.pem')), ['open', 'tls']);
    assert.deepEqual(await run(made.path('other.pem')), ['tls', 'tls']);
    assert.deepEqual(await run(''), ['tls', 'tls']);
    for (const file of [made.path('missing.pem'), made.path('index.txt')])
      assert.deepEqual(await run(file), ['tls', 'tls']);
  });
});
