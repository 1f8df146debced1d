// Whom to trust: the forms of `caPath`, and files that are missing or no use.
import assert from 'node:assert/strict';
import { copyFile, mkdir, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { before, describe, it } from 'node:test';
import webSocket from 'arkws';
import { connected, next } from '../../npm/test/events.mjs';
import { assertEvent, assertUsable, attempts, exchange, failure } from '../client.mjs';
import { needs } from '../programs.mjs';
import { Certificates } from './certificates.mjs';
import { SERVERS } from './servers.mjs';

describe('caPath', { timeout: 60_000, ...needs('openssl', 'openssl') }, () => {
  const [{ start }] = SERVERS;
  let made;

  before(async () => {
    made = await Certificates.make();
    await made.authority('root');
    await made.authority('stranger');
    await made.issue('server', { names: ['DNS:localhost'] });
    await made.selfSigned('self-signed', 'DNS:localhost');
  });

  const serve = async (t, name = 'server') =>
    `wss://localhost:${await start(t, { cert: made.path(`${name}.pem`), key: made.path(`${name}.key`) })}`;

  /** A new folder of copies; returns its path. */
  async function folder(name, ...files) {
    const path = made.path(name);
    await mkdir(path);
    for (const file of files) await copyFile(made.path(file), `${path}/${file}`);
    return path;
  }

  const trusted = async (t, caPath, name) =>
    exchange(await connected(await serve(t, name), { caPath }));

  it('may be a bundle of several authorities', async (t) => {
    const bundle = `${await made.read('stranger.pem')}\nThe one that counts:\n${await made.read('root.pem')}`;
    await trusted(t, await made.write('bundle.pem', bundle));
  });

  it('may be written on Windows', async (t) => {
    await trusted(
      t,
      await made.write('windows.pem', (await made.read('root.pem')).replaceAll('\n', '\r\n')),
    );
  });

  it('may be a directory of PEM files, whatever else is there', async (t) => {
    const path = await folder('directory', 'stranger.pem', 'root.pem', 'root.key', 'openssl.cnf');
    await mkdir(`${path}/more`);
    await symlink('nowhere', `${path}/dangling`);
    await trusted(t, path);
  });

  it('may be a directory that `openssl rehash` has been over', async (t) => {
    const path = await folder('hashed', 'root.pem');
    await made.openssl('rehash', path);
    await trusted(t, path);
  });

  it('may be a link to a file, and relative to the working directory', async (t) => {
    await symlink('root.pem', made.path('link.pem'));
    await trusted(t, made.path('link.pem'));
    const before = process.cwd();
    process.chdir(made.path('.'));
    t.after(() => process.chdir(before));
    await trusted(t, 'root.pem');
  });

  it("is not needed if the environment adds to the system's authorities", async (t) => {
    const url = await serve(t);
    const [outcome] = await attempts({ SSL_CERT_FILE: made.path('root.pem') }, [url]);
    assert.equal(outcome.peer, `127.0.0.1:${new URL(url).port}`, outcome.message);
  });

  it("may be the server's own certificate, self-signed", async (t) => {
    await trusted(t, made.path('self-signed.pem'), 'self-signed');
  });

  it("replaces the system's authorities and every earlier one", async (t) => {
    const url = await serve(t);
    const ws = await connected(url, { caPath: made.path('root.pem') });
    await exchange(ws);
    const { error } = await failure(url, { caPath: made.path('stranger.pem') }, ws);
    assert.equal(error.cause, 'tls', error.message);
    assert.match(error.message, /not issued by a trusted authority/);
  });

  it('is read anew by every connect', async (t) => {
    const url = await serve(t);
    const caPath = await made.write('changing.pem', await made.read('stranger.pem'));
    const { ws } = await failure(url, { caPath });
    await made.write('changing.pem', await made.read('root.pem'));
    await exchange(await connected(url, { caPath }, ws));
  });

  for (const [what, make, message] of [
    ['an empty directory', () => folder('empty'), /empty has no usable certificate in PEM form/],
    [
      'an empty file',
      () => made.write('empty.pem', ''),
      /empty\.pem has no usable certificate in PEM form/,
    ],
    ['a key', () => made.path('root.key'), /root\.key has no usable certificate in PEM form/],
    [
      'a certificate in binary form',
      async () => {
        await made.openssl('x509', '-in', 'root.pem', '-outform', 'DER', '-out', 'root.der');
        return made.path('root.der');
      },
      /root\.der has no usable certificate in PEM form/,
    ],
    [
      'a certificate that is damaged',
      async () =>
        made.write('damaged.pem', (await made.read('root.pem')).replace(/^[\w+/]{8}/m, '!!!!!!!!')),
      /damaged\.pem is damaged/,
    ],
    [
      'a certificate that has been cut',
      async () => made.write('cut.pem', (await made.read('root.pem')).slice(0, 200)),
      /cut\.pem (is damaged|has no usable certificate)/,
    ],
  ]) {
    it(`that is ${what} is named in the error`, async (t) => {
      const { ws, error } = await failure(await serve(t), { caPath: await make() });
      assert.equal(error.cause, 'invalid', error.message);
      assert.match(error.message, message);
      await assertUsable(t, ws);
    });
  }

  describe('of a file that does not exist', () => {
    const missing = '/nowhere/ca.pem';

    for (const [what, options, option] of [
      ['caPath', () => ({ caPath: missing }), 'caPath'],
      [
        'certPath',
        () => ({ clientCert: { certPath: missing, keyPath: made.path('root.key') } }),
        'clientCert.certPath',
      ],
      [
        'keyPath',
        () => ({ clientCert: { certPath: made.path('root.pem'), keyPath: missing } }),
        'clientCert.keyPath',
      ],
    ]) {
      it(`${what} is 2302002, by promise and by callback, and an error event`, async (t) => {
        const url = await serve(t);
        const ws = webSocket.createWebSocket();
        const check = (error) => {
          assert.equal(error.code, 2302002);
          assert.ok(
            error.message.startsWith('Websocket certificate file does not exist: '),
            error.message,
          );
          assert.ok(
            error.message.includes(missing) && error.message.includes(option),
            error.message,
          );
        };

        let event = next(ws, 'error');
        await assert.rejects(ws.connect(url, options()), (error) => (check(error), true));
        let [told] = await event;
        assertEvent(told);
        assert.ok(told.message.includes(missing), told.message);

        event = next(ws, 'error');
        const [error, value] = await new Promise((resolve) => {
          assert.equal(
            ws.connect(url, options(), (...result) => resolve(result)),
            undefined,
          );
        });
        check(error);
        assert.equal(value, undefined);
        [told] = await event;
        assertEvent(told);
        await assertUsable(t, ws);
      });

      it(`${what} is 2302002 before a bad URL, for ws too, and without verification`, async () => {
        for (const url of ['hello', 'wss://', 'ws://127.0.0.1:1', 'wss://127.0.0.1:1']) {
          const ws = webSocket.createWebSocket();
          const all = { ...options(), skipServerCertVerification: true };
          await assert.rejects(ws.connect(url, all), { code: 2302002 }, url);
        }
      });
    }

    it('is 2302002 if there is a certificate without a key', async () => {
      for (const clientCert of [
        { certPath: made.path('root.pem') },
        { certPath: made.path('root.pem'), keyPath: '' },
      ]) {
        await assert.rejects(
          webSocket.createWebSocket().connect('ws://127.0.0.1:1', { clientCert }),
          { code: 2302002 },
        );
      }
    });

    it('is 2302002 while the object is connected, which is looked at later', async (t) => {
      const ws = await connected(await serve(t), { caPath: made.path('root.pem') });
      await assert.rejects(ws.connect('wss://localhost', { caPath: missing }), { code: 2302002 });
      await assert.rejects(ws.connect('wss://localhost'), { code: 2302003 });
      await exchange(ws);
    });
  });

  it('of a wrong type, and a certificate without a path, are as if they were not there', async (t) => {
    for (const options of [
      { caPath: 5 },
      { caPath: null },
      { caPath: {} },
      { clientCert: null },
      { clientCert: '/nowhere' },
      { clientCert: {} },
      { clientCert: { certPath: '', keyPath: '/nowhere' } },
      { clientCert: { certPath: 7, keyPath: '/nowhere' } },
    ]) {
      await exchange(
        await connected(await serve(t), { skipServerCertVerification: true, ...options }),
      );
    }
  });

  it('is of the same use through require', async (t) => {
    const ws = createRequire(import.meta.url)('arkws').createWebSocket();
    await exchange(await connected(await serve(t), { caPath: made.path('root.pem') }, ws));
  });
});
