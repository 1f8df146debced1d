// Whose server is connected to: certificates that must be accepted, and those that must not.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { createSecureContext } from 'node:tls';
import { connected } from '../../npm/test/events.mjs';
import { echo, serve } from '../../npm/test/servers.mjs';
import { assertUsable, exchange, failure } from '../client.mjs';
import { needs } from '../programs.mjs';
import { Certificates } from './certificates.mjs';
import { SERVERS } from './servers.mjs';

const HOSTS = ['DNS:localhost', 'IP:127.0.0.1', 'IP:::1'];
const DAY = 24 * 60 * 60 * 1000;

/** What is wrong with a server's certificate, the file it is in, and what people are told. */
const BAD = [
  [
    'that has expired',
    { name: 'expired' },
    /the server's certificate has expired: it was valid until \w{3}, \d+ \w{3} \d{4}/,
  ],
  [
    'that is not yet valid',
    { name: 'early' },
    /the server's certificate is not valid yet: it will be from \w{3}, \d+ \w{3} \d{4}/,
  ],
  [
    'for another name',
    { name: 'elsewhere' },
    /the server's certificate is for somewhere\.example, not for localhost/,
  ],
  [
    'for an address only, when a name is connected to',
    { name: 'address' },
    /is for 127\.0\.0\.1, not for localhost/,
  ],
  [
    'for a name only, when an address is connected to',
    { name: 'name', host: '127.0.0.1' },
    /is for localhost, not for 127\.0\.0\.1/,
  ],
  [
    'for another address',
    { name: 'other-address', host: '127.0.0.1' },
    /is for 127\.0\.0\.2, not for 127\.0\.0\.1/,
  ],
  [
    'that names its host in the subject only',
    { name: 'localhost' },
    /for nobody \(it has no subjectAltName\), not for localhost/,
  ],
  [
    'of an authority that is not trusted',
    { name: 'stranger-server' },
    /not issued by a trusted authority/,
  ],
  [
    'whose intermediate is missing',
    { name: 'below' },
    /does not send the intermediate certificates/,
  ],
  ['that is self-signed', { name: 'self-signed' }, /self-signed/],
  ['for clients', { name: 'for-clients' }, /not meant for servers/],
];

describe('a server certificate', { timeout: 60_000, ...needs('openssl', 'openssl') }, () => {
  let made;

  before(async () => {
    made = await Certificates.make();
    const now = Date.now();
    await made.authority('root');
    await made.authority('stranger');
    await made.issue('intermediate', { authority: true });
    await made.issue('valid', { names: HOSTS, usage: 'serverAuth' });
    const key = 'valid.key';
    await made.issue('expired', {
      names: HOSTS,
      from: new Date(now - 20 * DAY),
      until: new Date(now - 10 * DAY),
      key,
    });
    await made.issue('early', {
      names: HOSTS,
      from: new Date(now + 10 * DAY),
      until: new Date(now + 20 * DAY),
      key,
    });
    await made.issue('elsewhere', { names: ['DNS:somewhere.example'], key });
    await made.issue('address', { names: ['IP:127.0.0.1'], key });
    await made.issue('other-address', { names: ['IP:127.0.0.2'], key });
    await made.issue('name', { names: ['DNS:localhost'], key });
    await made.issue('localhost', { key });
    await made.issue('stranger-server', { by: 'stranger', names: HOSTS, key });
    await made.issue('below', { by: 'intermediate', names: HOSTS, key });
    await made.issue('for-clients', { names: HOSTS, usage: 'clientAuth', key });
    await made.selfSigned('self-signed', ...HOSTS);
  });

  const files = (name) => ({ cert: made.path(`${name}.pem`), key: made.path(`${name}.key`) });

  for (const { name: counterpart, start } of SERVERS) {
    describe(`of ${counterpart}`, () => {
      it('is accepted by name and by address', async (t) => {
        for (const host of ['localhost', '127.0.0.1', 'LOCALHOST']) {
          const port = await start(t, files('valid'));
          const ws = await connected(`wss://${host}:${port}`, { caPath: made.path('root.pem') });
          assert.equal(ws.stats().tlsVersion, 'TLSv1.3');
          await exchange(ws);
        }
      });

      it('is accepted by IPv6 address', async (t) => {
        const port = await start(t, { ...files('valid'), host: '::1' });
        await exchange(await connected(`wss://[::1]:${port}`, { caPath: made.path('root.pem') }));
      });

      it('is accepted with the intermediate that leads to the authority', async (t) => {
        const port = await start(t, { ...files('below'), chain: made.path('intermediate.pem') });
        await exchange(
          await connected(`wss://localhost:${port}`, { caPath: made.path('root.pem') }),
        );
      });

      it('is followed by large messages in both directions', async (t) => {
        const port = await start(t, files('valid'));
        const ws = await connected(`wss://localhost:${port}`, { caPath: made.path('root.pem') });
        await exchange(ws, 'x'.repeat(1 << 20));
      });

      for (const [what, { name, host = 'localhost' }, message] of BAD) {
        it(`${what} is refused, and the error says so`, async (t) => {
          const port = await start(t, files(name));
          const { ws, error } = await failure(`wss://${host}:${port}`, {
            caPath: made.path('root.pem'),
          });
          assert.equal(error.cause, 'tls', error.message);
          assert.equal(error.data, '0');
          assert.ok(
            error.message.startsWith(`Websocket connect failed: TLS with ${host}:${port} failed: `),
            error.message,
          );
          assert.match(error.message, message);
          await assertUsable(t, ws);
        });

        it(`${what} is accepted if the program asks for no verification`, async (t) => {
          const port = await start(t, files(name));
          await exchange(
            await connected(`wss://${host}:${port}`, { skipServerCertVerification: true }),
          );
        });
      }

      it("is checked against the system's authorities if the program names none", async (t) => {
        const port = await start(t, files('valid'));
        for (const options of [{}, { caPath: '' }]) {
          const { ws, error } = await failure(`wss://localhost:${port}`, options);
          assert.equal(error.cause, 'tls', error.message);
          await assertUsable(t, ws);
        }
      });

      it('is refused, then accepted by the same object', async (t) => {
        const port = await start(t, files('elsewhere'));
        const url = `wss://localhost:${port}`;
        const { ws } = await failure(url, { caPath: made.path('root.pem') });
        await failure(url, { caPath: made.path('root.pem') }, ws);
        await exchange(await connected(url, { skipServerCertVerification: true }, ws));
      });
    });
  }

  it('is chosen by the name that was asked for', async (t) => {
    const names = [];
    const secureContext = createSecureContext({
      cert: await made.read('name.pem'),
      key: await made.read('name.key'),
    });
    const SNICallback = (name, done) => {
      names.push(name);
      done(null, secureContext);
    };
    const tls = {
      cert: await made.read('address.pem'),
      key: await made.read('address.key'),
      SNICallback,
    };
    const url = await serve(t, echo, { tls });
    const options = { caPath: made.path('root.pem') };
    await exchange(await connected(url, options));
    await exchange(await connected(url.replace('localhost', '127.0.0.1'), options));
    // RFC 6066, 3: an address is no server name.
    assert.deepEqual(names, ['localhost']);
  });

  it('that a server without TLS does not have is missed', async (t) => {
    const url = (await serve(t, echo)).replace('ws:', 'wss:');
    for (const skipServerCertVerification of [false, true]) {
      const { ws, error } = await failure(url, { skipServerCertVerification });
      assert.equal(error.cause, 'tls', error.message);
      assert.match(
        error.message,
        /the server does not answer with TLS; perhaps the port is one for ws, not wss/,
      );
      await assertUsable(t, ws);
    }
  });

  it('is verified unless skipServerCertVerification is the boolean true', async (t) => {
    const port = await SERVERS[0].start(t, files('self-signed'));
    for (const skipServerCertVerification of [false, 1, 'true', {}, [], null, undefined]) {
      const { error } = await failure(`wss://localhost:${port}`, { skipServerCertVerification });
      assert.equal(error.cause, 'tls', error.message);
    }
  });
});
