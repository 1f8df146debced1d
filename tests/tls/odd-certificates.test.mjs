// Certificates of old versions, and with keys that are too small or of a kind that is not
// supported: what OpenSSL and Node accept of them, and else words that say what is wrong with
// which. So it is with a server's clients.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { connect } from 'node:tls';
import webSocket from 'arkws';
import { connected, next } from '../../npm/test/events.mjs';
import { echoMessages, running } from '../../npm/test/servers.mjs';
import { exchange, failure } from '../client.mjs';
import { needs } from '../programs.mjs';
import { join } from '../server/support.mjs';
import { Certificates } from './certificates.mjs';
import { SERVERS } from './servers.mjs';

const HOSTS = ['DNS:localhost', 'IP:127.0.0.1'];

describe('an odd certificate', { timeout: 60_000, ...needs('openssl', 'openssl') }, () => {
  let made;

  before(async () => {
    made = await Certificates.make();
    await made.authority('root');
    await made.issue('valid', { names: HOSTS });
    await made.version1('v1');
    await made.version1('v1-elsewhere', { host: 'somewhere.example' });
    await made.version1('v1-address', { host: '127.0.0.1' });
    await made.version1('v1-of-root', { by: 'root' });
    await made.expiredAuthority('expired-root');
    await made.issue('of-expired-root', { by: 'expired-root', names: HOSTS });
    await made.version1('v1-root', { host: 'v1-root' });
    await made.issue('of-v1-root', { by: 'v1-root', names: HOSTS });
    const [from, until] = [new Date(Date.UTC(2020)), new Date(Date.UTC(2021))];
    await made.issue('expired', { names: HOSTS, from, until });
    await made.issue('expired-between', { authority: true, from, until });
    await made.issue('of-expired-between', { by: 'expired-between', names: HOSTS });
    await made.chain('of-expired-between', 'expired-between');
    await made.write('of-expired-between-chain.key', await made.read('of-expired-between.key'));
    await made.openssl(
      'genpkey',
      '-algorithm',
      'RSA',
      '-pkeyopt',
      'rsa_keygen_bits:1024',
      '-out',
      'small-key.pem',
    );
    await made.openssl(
      'genpkey',
      '-algorithm',
      'EC',
      '-pkeyopt',
      'ec_paramgen_curve:P-521',
      '-out',
      'p521-key.pem',
    );
    for (const kind of ['small', 'p521']) {
      await made.issue(kind, { names: HOSTS, key: `${kind}-key.pem` });
      const [key, cert] = [`${kind}-key.pem`, `${kind}-root.pem`];
      await made.openssl(
        ...['req', '-x509', '-key', key, '-out', cert, '-subj', `/CN=${kind}-root`, '-days', '2'],
        ...['-config', 'openssl.cnf', '-extensions', 'authority'],
      );
      await made.openssl('pkey', '-in', key, '-out', `${kind}-root.key`);
      await made.issue(`of-${kind}-root`, { by: `${kind}-root`, names: HOSTS });
    }
  });

  const files = (name) => ({ cert: made.path(`${name}.pem`), key: made.path(`${name}.key`) });

  for (const { name: counterpart, start } of SERVERS) {
    for (const version of ['1.2', '1.3']) {
      describe(`of ${counterpart}, over TLS ${version}`, () => {
        const serve = async (t, name, options) =>
          `wss://localhost:${await start(t, { ...files(name), version, ...options })}`;
        const trusting = (name) => ({ caPath: made.path(`${name}.pem`) });

        it('of version 1 is accepted if it is among the trusted ones', async (t) => {
          await exchange(await connected(await serve(t, 'v1'), trusting('v1')));
          const url = await serve(t, 'v1-address');
          await exchange(
            await connected(url.replace('localhost', '127.0.0.1'), trusting('v1-address')),
          );
        });

        for (const [what, name, trusted, words] of [
          [
            'of version 1 that an authority made',
            'v1-of-root',
            'root',
            /of X\.509 version 1, which is accepted only if this very/,
          ],
          [
            'of version 1 for another host',
            'v1-elsewhere',
            'v1-elsewhere',
            /of X\.509 version 1, is for somewhere\.example/,
          ],
          [
            'with a small RSA key',
            'small',
            'root',
            /the server's certificate has an RSA key of 1024 bits, and 2048 to 8192/,
          ],
          [
            'of an authority with a small RSA key',
            'of-small-root',
            'small-root',
            /trusted certificate "small-root" has an RSA key of 1024/,
          ],
          [
            'of an authority with a key on P-521',
            'of-p521-root',
            'p521-root',
            /trusted certificate "p521-root" has a key .*P-521/,
          ],
          ['with a key on P-521', 'p521', 'root', /nothing in common with us .*P-521/],
        ]) {
          it(`${what} is refused in words`, async (t) => {
            const { error } = await failure(
              await serve(t, name, { weak: true }),
              trusting(trusted),
            );
            assert.equal(error.cause, 'tls');
            assert.match(error.message, words);
          });
        }

        it('of an authority that has expired is accepted, since the program has named it', async (t) => {
          await exchange(
            await connected(await serve(t, 'of-expired-root'), trusting('expired-root')),
          );
        });

        it('of an authority of version 1 is accepted', async (t) => {
          await exchange(await connected(await serve(t, 'of-v1-root'), trusting('v1-root')));
        });

        it('that has expired is named, and so is an intermediate one', async (t) => {
          const own = await failure(await serve(t, 'expired'), trusting('root'));
          assert.match(own.error.message, /the server's certificate has expired: .* 2021 /);
          const chain = made.path('expired-between.pem');
          const url = await serve(t, 'of-expired-between', { chain });
          const between = await failure(url, trusting('root'));
          assert.match(
            between.error.message,
            /failed: the intermediate certificate "expired-between" has expired: .* 2021 /,
          );
        });

        it('of version 1 may be ours', async (t) => {
          const url = await serve(t, 'valid', { clientAuthority: made.path('v1.pem') });
          const { cert: certPath, key: keyPath } = files('v1');
          await exchange(
            await connected(url, { ...trusting('root'), clientCert: { certPath, keyPath } }),
          );
        });
      });
    }
  }

  for (const version of ['1.2', '1.3']) {
    describe(`that a client shows, over TLS ${version}`, () => {
      const serve = async (t, authority) => {
        const [cert, key] = [await made.read('valid.pem'), await made.read('valid.key')];
        const clientCa = await made.read(`${authority}.pem`);
        const { server } = await running(t, { serverCert: { cert, key, clientCa } }, echoMessages);
        return { server, url: `wss://localhost:${server.listAddress().port}` };
      };
      const show = async (t, url, name) => {
        const [cert, key] = [await made.read(`${name}.pem`), await made.read(`${name}.key`)];
        const tls = { minVersion: `TLSv${version}`, maxVersion: `TLSv${version}` };
        // Of small keys OpenSSL would show none.
        const ciphers = 'ALL:@SECLEVEL=0';
        return join(t, url, { ca: await made.read('root.pem'), cert, key, ciphers, ...tls });
      };

      for (const [what, authority, name] of [
        ['of version 1 is accepted if it is among the trusted ones', 'v1', 'v1'],
        ['of an authority of version 1 is accepted', 'v1-root', 'of-v1-root'],
        ['of an authority that has expired is accepted', 'expired-root', 'of-expired-root'],
      ]) {
        it(what, async (t) => {
          const { url } = await serve(t, authority);
          const client = await show(t, url, name);
          client.send('hello');
          assert.equal(await client.take(), 'hello');
        });
      }

      for (const [what, authority, name, words] of [
        [
          'of version 1 that an authority made',
          'root',
          'v1-of-root',
          /the client's certificate is of X\.509 version 1, which is accepted only if this very/,
        ],
        [
          'with a small RSA key',
          'root',
          'small',
          /the client's certificate has an RSA key of 1024 bits, and 2048 to 8192/,
        ],
        [
          'of an authority with a small RSA key',
          'small-root',
          'of-small-root',
          /trusted certificate "small-root" has an RSA key of 1024/,
        ],
        [
          'of an authority with a key on P-521',
          'p521-root',
          'of-p521-root',
          /trusted certificate "p521-root" has a key .*P-521/,
        ],
        // In TLS 1.3 OpenSSL shows none that the server has not asked for.
        ['with a key on P-521', 'root', 'p521', /shown no certificate, .*P-521|a key .*P-521/],
        ['that has expired', 'root', 'expired', /the client's certificate has expired: .* 2021 /],
        [
          'of an intermediate that has expired',
          'root',
          'of-expired-between-chain',
          /the intermediate certificate "expired-between" has expired: .* 2021 /,
        ],
      ]) {
        it(`${what} is refused in words`, async (t) => {
          const { server, url } = await serve(t, authority);
          const refused = next(server, 'error');
          await assert.rejects(show(t, url, name));
          const [{ cause, message }] = await refused;
          assert.equal(cause, 'tls');
          assert.match(message, words);
        });
      }
    });
  }

  it("of version 1 may be our server's", async (t) => {
    const server = webSocket.createWebSocketServer();
    const { cert: certPath, key: keyPath } = files('v1');
    await server.start({ serverIP: '127.0.0.1', serverPort: 0, serverCert: { certPath, keyPath } });
    t.after(() => server.stop());
    const { port } = server.listAddress();
    const socket = connect({
      port,
      host: '127.0.0.1',
      servername: 'localhost',
      ca: readFileSync(certPath),
    });
    await once(socket, 'secureConnect');
    socket.destroy();
    await exchangeWith(server, `wss://localhost:${port}`, certPath);
  });

  for (const [kind, words] of [
    ['small', /the certificate has an RSA key of 1024 bits/],
    ['p521', /the certificate has a key of a kind that is not supported \(ECDSA on P-521\)/],
  ]) {
    it(`cannot be ours with such a key (${kind})`, async (t) => {
      const { cert: certPath, key: keyPath } = files(kind);
      const server = webSocket.createWebSocketServer();
      const started = server.start({
        serverIP: '127.0.0.1',
        serverPort: 0,
        serverCert: { certPath, keyPath },
      });
      await assert.rejects(started, { code: 2302999, message: words });
      const url = `wss://localhost:${await SERVERS[0].start(t, files('valid'))}`;
      const { error } = await failure(url, {
        caPath: made.path('root.pem'),
        clientCert: { certPath, keyPath },
      });
      assert.match(error.message, words);
    });
  }
});

/** Both ends are ours. */
async function exchangeWith(server, url, caPath) {
  server.on('messageReceive', ({ data, clientConnection }) => server.send(data, clientConnection));
  await exchange(await connected(url, { caPath }));
}
