// Servers that want to know who comes: the client's certificate, and its key in every form in which
// keys are kept.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { connected } from '../../npm/test/events.mjs';
import { assertUsable, exchange, failure } from '../client.mjs';
import { needs } from '../programs.mjs';
import { Certificates } from './certificates.mjs';
import { SERVERS } from './servers.mjs';

const PASSWORD = 'päss wörd';
const DAY = 24 * 60 * 60 * 1000;

/**
 * Forms of a private key: what they are called, the kind of key, and how OpenSSL makes them of a
 * plain PKCS#8 one.
 */
const FORMS = [
  ['PKCS#8', 'ec', ['pkcs8', '-topk8', '-nocrypt']],
  ['PKCS#8', 'rsa', ['pkcs8', '-topk8', '-nocrypt']],
  ['PKCS#8', 'ed25519', ['pkcs8', '-topk8', '-nocrypt']],
  ['PKCS#1', 'rsa', ['rsa', '-traditional']],
  ['SEC1', 'ec', ['ec']],
];

const ENCRYPTED = [
  ['PKCS#8 with AES-256', 'ec', ['pkcs8', '-topk8', '-v2', 'aes-256-cbc']],
  [
    'PKCS#8 with AES-128 and SHA-1',
    'ec',
    ['pkcs8', '-topk8', '-v2', 'aes-128-cbc', '-v2prf', 'hmacWithSHA1'],
  ],
  [
    'PKCS#8 with AES-256 and SHA-512',
    'ec',
    ['pkcs8', '-topk8', '-v2', 'aes-256-cbc', '-v2prf', 'hmacWithSHA512'],
  ],
  ['PKCS#8 with triple DES', 'ec', ['pkcs8', '-topk8', '-v2', 'des3']],
  ['PKCS#8 with scrypt', 'ec', ['pkcs8', '-topk8', '-scrypt']],
  ['PKCS#8 with AES-256', 'rsa', ['pkcs8', '-topk8', '-v2', 'aes-256-cbc']],
  ['PKCS#1 with AES-128 (DEK-Info)', 'rsa', ['rsa', '-traditional', '-aes128']],
  ['PKCS#1 with AES-256 (DEK-Info)', 'rsa', ['rsa', '-traditional', '-aes256']],
  ['PKCS#1 with triple DES (DEK-Info)', 'rsa', ['rsa', '-traditional', '-des3']],
  ['SEC1 with AES-192 (DEK-Info)', 'ec', ['ec', '-aes192']],
];

describe('a client certificate', { timeout: 60_000, ...needs('openssl', 'openssl') }, () => {
  let made;

  before(async () => {
    made = await Certificates.make();
    await made.authority('root');
    await made.authority('stranger');
    await made.issue('intermediate', { authority: true });
    await made.issue('server', { names: ['DNS:localhost'] });
    await made.issue('ec', { usage: 'clientAuth' });
    await made.issue('below', { by: 'intermediate', usage: 'clientAuth' });
    await made.issue('stranger-client', { by: 'stranger', usage: 'clientAuth' });
    await made.issue('expired', {
      usage: 'clientAuth',
      from: new Date(Date.now() - 2 * DAY),
      until: new Date(Date.now() - DAY),
    });
    for (const kind of ['rsa', 'ed25519']) {
      await made.openssl('genpkey', '-algorithm', kind, '-out', `${kind}-key.pem`);
      await made.issue(kind, { usage: 'clientAuth', key: `${kind}-key.pem` });
    }
  });

  const serve = async (t, { start }, options) => {
    const files = {
      cert: made.path('server.pem'),
      key: made.path('server.key'),
      clientAuthority: made.path('root.pem'),
    };
    return `wss://localhost:${await start(t, { ...files, ...options })}`;
  };

  const trusting = (clientCert) => ({ caPath: made.path('root.pem'), clientCert });

  const client = (name, certificate = `${name}.pem`) => ({
    certPath: made.path(certificate),
    keyPath: made.path(`${name}.key`),
  });

  for (const counterpart of SERVERS) {
    for (const version of ['1.2', '1.3']) {
      describe(`for ${counterpart.name}, TLS ${version}`, () => {
        it('that is required is shown', async (t) => {
          const url = await serve(t, counterpart, { version });
          await exchange(await connected(url, trusting(client('ec'))));
        });

        it('is shown with the intermediate that leads to the authority', async (t) => {
          await made.chain('below', 'intermediate');
          const url = await serve(t, counterpart, { version });
          await exchange(await connected(url, trusting(client('below', 'below-chain.pem'))));
        });

        it('that is required and missing is asked for', async (t) => {
          const { ws, error } = await failure(await serve(t, counterpart, { version }), trusting());
          assert.equal(error.cause, 'tls', error.message);
          assert.match(error.message, /requires a client certificate/);
          assert.equal(error.data, '0');
          await assertUsable(t, ws);
        });

        for (const [what, name] of [
          ['of a strange authority', 'stranger-client'],
          ['that has expired', 'expired'],
          ['whose intermediate is missing', 'below'],
        ]) {
          it(`${what} is not accepted, and the error says so`, async (t) => {
            const { ws, error } = await failure(
              await serve(t, counterpart, { version }),
              trusting(client(name)),
            );
            assert.equal(error.cause, 'tls', error.message);
            assert.match(error.message, /does not accept the client certificate/);
            await assertUsable(t, ws);
          });
        }

        it('is shown to a server whose own is not verified', async (t) => {
          const url = await serve(t, counterpart, { version });
          await exchange(
            await connected(url, { skipServerCertVerification: true, clientCert: client('ec') }),
          );
        });
      });
    }

    it(`is not asked for by every server: ${counterpart.name}`, async (t) => {
      const url = await serve(t, counterpart, { clientAuthority: undefined });
      await exchange(await connected(url, trusting(client('ec'))));
    });
  }

  describe('with a key', () => {
    const [counterpart] = SERVERS;

    /** The same key in another form, in a file of its own. */
    async function convert(kind, args, ...more) {
      const file = `${kind}-${args.join('')}.key`;
      await made.openssl(args[0], '-in', `${kind}.key`, '-out', file, ...args.slice(1), ...more);
      return { certPath: made.path(`${kind}.pem`), keyPath: made.path(file) };
    }

    const encrypt = (kind, args) => convert(kind, args, '-passout', `pass:${PASSWORD}`);

    for (const [form, kind, args] of FORMS) {
      it(`of ${kind} in ${form} is used, whatever password is given`, async (t) => {
        const url = await serve(t, counterpart);
        const pair = await convert(kind, args);
        await exchange(await connected(url, trusting(pair)));
        await exchange(await connected(url, trusting({ ...pair, keyPassword: 'of no use' })));
      });
    }

    for (const [form, kind, args] of ENCRYPTED) {
      it(`of ${kind} in ${form} is used with its password alone`, async (t) => {
        const url = await serve(t, counterpart);
        const pair = await encrypt(kind, args);
        await exchange(await connected(url, trusting({ ...pair, keyPassword: PASSWORD })));

        for (const keyPassword of [undefined, '', 5]) {
          const { error } = await failure(url, trusting({ ...pair, keyPassword }));
          assert.equal(error.cause, 'invalid', error.message);
          assert.match(error.message, /is encrypted: a password is needed/);
        }
        const { ws, error } = await failure(url, trusting({ ...pair, keyPassword: 'wrong' }));
        assert.equal(error.cause, 'invalid', error.message);
        assert.ok(error.message.includes(pair.keyPath), error.message);
        assert.match(error.message, /the password is wrong/);
        assert.ok(!error.message.includes('wrong"'), error.message);
        await assertUsable(t, ws);
      });
    }

    it('that stands in the same file as the certificate is used', async (t) => {
      const both = await made.write(
        'both.pem',
        (await made.read('ec.key')) + (await made.read('ec.pem')),
      );
      await exchange(
        await connected(await serve(t, counterpart), trusting({ certPath: both, keyPath: both })),
      );
    });

    it('that stands behind its parameters, as `openssl ecparam` writes it, is used', async (t) => {
      await made.openssl('ecparam', '-name', 'prime256v1', '-out', 'parameters.pem');
      const pair = await convert('ec', ['ec']);
      const keyPath = await made.write(
        'ecparam.key',
        (await made.read('parameters.pem')) + (await made.read('ec-ec.key')),
      );
      await exchange(await connected(await serve(t, counterpart), trusting({ ...pair, keyPath })));
    });

    for (const [what, pair, message] of [
      [
        'of another certificate',
        () => ({ ...client('rsa'), certPath: made.path('ec.pem') }),
        /do not belong together/,
      ],
      [
        'that is none',
        () => ({ ...client('ec'), keyPath: made.path('ec.pem') }),
        /ec\.pem has no private key in PEM form/,
      ],
      [
        'and no certificate',
        () => ({ ...client('ec'), certPath: made.path('ec.key') }),
        /ec\.key has no usable certificate in PEM form/,
      ],
      [
        'in a directory',
        () => ({ ...client('ec'), keyPath: made.path('.') }),
        /cannot read .*director/,
      ],
      [
        'encrypted in a way of the last century',
        () =>
          encrypt('ec', ['pkcs8', '-topk8', '-v1', 'PBE-SHA1-3DES']).then((pair) => ({
            ...pair,
            keyPassword: PASSWORD,
          })),
        /is not encrypted with PBES2 .*`openssl pkcs8 -topk8 -v2 aes-256-cbc` converts it/,
      ],
    ]) {
      it(`${what} is named in the error`, async (t) => {
        const { ws, error } = await failure(await serve(t, counterpart), trusting(await pair()));
        assert.equal(error.cause, 'invalid', error.message);
        assert.match(error.message, message);
        await assertUsable(t, ws);
      });
    }
  });
});
