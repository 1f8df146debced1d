// `arkws doctor`, with other people's servers: what is well, and what is not.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createSecureServer } from 'node:http2';
import { dirname, join } from 'node:path';
import { before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { echo, serve as serveWs } from '../../npm/test/servers.mjs';
import { needsNginx, startNginx } from '../nginx.mjs';
import { needs } from '../programs.mjs';
import { certificates, python, start as startPeer } from '../support.mjs';
import { run, serve } from './command.mjs';

let tls;
before(async () => (tls = await certificates()));

const TIMEOUT = { timeout: 300_000 };

/** What the doctor finds, as its document says. */
async function doctor(t, ...args) {
  const { code, stdout, stderr } = await run(t, ['doctor', '--json', ...args]);
  const found = JSON.parse(stdout);
  assert.deepEqual([code, stderr], [found.good ? 0 : 1, ''], stdout);
  const step = (name) => found.steps.findLast((step) => step.step === name);
  return { ...found, stdout, step };
}

async function assertGood(t, ...args) {
  const found = await doctor(t, ...args);
  assert.deepEqual(found.faults, [], found.stdout);
  return found;
}

/** This is wrong, and nothing else; the verdict says these words. */
async function assertFault(t, kind, words, ...args) {
  const found = await doctor(t, ...args);
  assert.deepEqual(
    found.faults.map((fault) => fault.kind),
    [kind],
    found.stdout,
  );
  const [{ what, advice }] = found.faults;
  assert.match(`${what} ${advice}`, words);
  return found;
}

/** Echo servers: their URLs. */
const SERVERS = {
  'npm ws': (t) => serveWs(t, echo, { perMessageDeflate: true }),
  'Python websockets': (t) => startPeer(t, python('websockets_server.py', '--deflate')),
  'arkws serve': (t) => serve(t, '--deflate'),
};

for (const [name, server] of Object.entries(SERVERS)) {
  describe(`arkws doctor and ${name}`, TIMEOUT, () => {
    it('finds nothing wrong', async (t) => {
      const found = await assertGood(t, '--deflate', '--idle', '100ms', await server(t));
      assert.match(found.step('extensions').extensions, /^permessage-deflate/);
    });

    it('through nginx finds nothing wrong', needsNginx(), async (t) => {
      const port = await startNginx(t, (await server(t)).replace('ws:', 'http:'));
      await assertGood(t, '--deflate', `ws://127.0.0.1:${port}/`);
    });

    it('through an nginx that does not pass the upgrade on', needsNginx(), async (t) => {
      const upstream = (await server(t)).replace('ws:', 'http:');
      const forgotten = `location /app { proxy_pass ${upstream}; }`;
      const port = await startNginx(t, upstream, { server: forgotten });
      const url = `ws://127.0.0.1:${port}/app`;
      await assertFault(t, 'not-websocket', /reverse proxy pass Upgrade and Connection on/, url);
    });
  });
}

describe('arkws doctor and nginx', needsNginx(), () => {
  it('finds that there is nobody behind it', async (t) => {
    const port = await startNginx(t, 'http://127.0.0.1:1');
    const url = `ws://127.0.0.1:${port}/`;
    await assertFault(t, 'unavailable', /502 Bad Gateway.*behind the gateway/, url);
  });

  it('finds that it cuts what is idle', async (t) => {
    const upstream = (await serveWs(t, echo)).replace('ws:', 'http:');
    const port = await startNginx(t, upstream, { location: 'proxy_read_timeout 4s;' });
    const url = `ws://127.0.0.1:${port}/`;
    const found = await assertFault(t, 'idle-cut', /proxy_read_timeout/, '--idle', '600s', url);
    assert.ok(found.step('idle').milliseconds > 0, found.stdout);
    // Pings keep it.
    await assertGood(t, '--idle', '6s', '--ping-interval', '1s', url);
  });

  it('finds that TLS is wanted', async (t) => {
    const name = tls.server('valid');
    const port = await startNginx(t, 'http://127.0.0.1:1', {
      listen: 'ssl',
      server: `ssl_certificate ${name}.pem;\n    ssl_certificate_key ${name}.key;`,
    });
    const url = `ws://localhost:${port}/`;
    await assertFault(t, 'needs-tls', new RegExp(`Use wss://localhost:${port}/`), url);
  });
});

describe('arkws doctor and OpenSSL', TIMEOUT, () => {
  const wss = async (t, options) => serveWs(t, echo, { tls: options });

  it('finds nothing wrong', async (t) => {
    const url = await wss(t, { ...(await tls.read('valid')), ALPNProtocols: ['http/1.1'] });
    const found = await assertGood(t, '--ca', tls.ca, url);
    const { version, alpn, certificates } = found.step('tls');
    assert.deepEqual([version, alpn], ['TLSv1.3', 'http/1.1']);
    assert.equal(certificates[0].issuer, 'arkws test authority');
  });

  it('tells certificates apart', async (t) => {
    for (const [name, kind, words] of [
      ['expired', 'certificate-expired', /valid until Fri, 01 Jan 2021/],
      ['not-yet-valid', 'certificate-not-yet-valid', /Tue, 01 Jan 2999/],
      ['wrong-name', 'wrong-host', /for somewhere-else\.example/],
      ['self-signed', 'self-signed', /--ca FILE/],
      ['unknown-authority', 'missing-intermediate', /an authority that nobody trusts/],
    ]) {
      const url = await wss(t, await tls.read(name));
      await assertFault(t, kind, words, '--ca', tls.ca, url);
    }
  });

  it('tells old versions of TLS', async (t) => {
    const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };
    const url = await wss(t, { ...(await tls.read('valid')), ...old });
    await assertFault(t, 'tls-version', /TLS 1\.2 or 1\.3/, '--ca', tls.ca, url);
  });

  it('tells keys and versions of other times', needs('openssl', 'openssl'), async (t) => {
    const openssl = (...args) => promisify(execFile)('openssl', args);
    const folder = dirname(tls.ca);
    const file = (name) => join(folder, name);
    const read = async (name) => ({
      key: await readFile(file(`${name}.key`)),
      cert: await readFile(file(`${name}.pem`)),
    });
    const subject = ['-subj', '/CN=localhost', '-nodes', '-days', '9'];
    const out = (name) => ['-keyout', file(`${name}.key`), '-out', file(`${name}.pem`)];
    const names = ['-addext', 'subjectAltName=DNS:localhost'];
    await openssl('req', '-x509', '-newkey', 'rsa:1024', ...subject, ...names, ...out('short'));
    const weak = { ...(await read('short')), ciphers: 'DEFAULT@SECLEVEL=0' };
    const url = (await wss(t, weak)).replace('127.0.0.1', 'localhost');
    const words = /RSA 1024/;
    await assertFault(t, 'key-too-short', words, '--ca', file('short.pem'), url);

    // One that another has signed without extensions is of version 1.
    const request = ['-keyout', file('old.key'), '-out', file('old.csr')];
    await openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=localhost', ...request);
    const signing = ['-CA', file('valid.pem'), '-CAkey', file('valid.key'), '-days', '9'];
    await openssl(
      'x509',
      '-req',
      ...['-in', file('old.csr'), ...signing, '-CAcreateserial', '-out', file('old.pem')],
    );
    const old = await wss(t, await read('old'));
    const { certificates } = (
      await assertFault(t, 'certificate-version', /version 1/, '--ca', tls.ca, old)
    ).step('tls');
    assert.equal(certificates[0].version, 1);
  });

  it('tells a server of HTTP/2 alone', async (t) => {
    const server = createSecureServer(await tls.read('valid')).listen(0, '127.0.0.1');
    t.after(() => server.close());
    await once(server, 'listening');
    const url = `wss://localhost:${server.address().port}/`;
    await assertFault(t, 'alpn', /Allow http\/1\.1 beside h2/, '--ca', tls.ca, url);
  });

  it('tells that a client certificate is wanted', async (t) => {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
      const strict = { ca: await readFile(tls.ca), requestCert: true, maxVersion };
      const url = await wss(t, { ...(await tls.read('valid')), ...strict });
      await assertFault(t, 'client-certificate', /--cert/, '--ca', tls.ca, url);
    }
  });
});
