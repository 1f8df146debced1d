// `arkws connect`, with other people's servers, and with `arkws serve`.
import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { before, describe, it } from 'node:test';
import { echo, serve as serveWs } from '../../npm/test/servers.mjs';
import { needsNginx, startNginx } from '../nginx.mjs';
import { certificates, python, start as startPeer } from '../support.mjs';
import { run, serve, start } from './command.mjs';

let tls;
before(async () => (tls = await certificates()));

const pair = (name) => [`${tls.server(name)}.pem`, `${tls.server(name)}.key`];

/** Echo servers: their URLs. */
const SERVERS = {
  'npm ws': async (t, { deflate, secure }) => {
    const connected = (socket) => {
      assert.equal(socket.extensions !== '', deflate);
      echo(socket);
    };
    return serveWs(t, connected, {
      perMessageDeflate: deflate && { threshold: 0 },
      ...(secure && { tls: await tls.read('valid') }),
    });
  },
  'Python websockets': (t, { deflate, secure }) =>
    startPeer(
      t,
      python(
        'websockets_server.py',
        ...(deflate ? ['--deflate'] : []),
        ...(secure ? ['--tls', tls.server('valid')] : []),
      ),
    ),
  'arkws serve': (t, { deflate, secure }) =>
    serve(t, ...(deflate ? ['--deflate'] : []), ...(secure ? ['--tls', ...pair('valid')] : [])),
};

const MODES = [
  { name: 'plain', deflate: false, secure: false },
  { name: 'plain, compressed', deflate: true, secure: false },
  { name: 'over TLS', deflate: false, secure: true },
  { name: 'over TLS, compressed', deflate: true, secure: true },
];

const LINES = [
  'one',
  '',
  'größer: 世界 🎉',
  'x'.repeat(70_000),
  ...Array(500).fill('many'),
  'last',
];
const INPUT = LINES.map((line) => `${line}\n`).join('');

/** Exchanges messages in each form that the command has. */
async function exchange(t, url, { deflate, secure }) {
  const flags = [...(deflate ? ['--deflate'] : []), ...(secure ? ['--ca', tls.ca] : [])];
  const count = ['--count', String(LINES.length)];
  const piped = await run(t, ['connect', ...flags, ...count, url], INPUT);
  assert.deepEqual([piped.code, piped.stderr], [0, '']);
  assert.equal(piped.stdout, INPUT);

  const { code, stdout, stderr } = await run(
    t,
    ['connect', '--jsonl', ...flags, ...count, url],
    INPUT,
  );
  assert.deepEqual([code, stderr], [0, '']);
  const records = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
  for (const direction of ['out', 'in']) {
    const texts = records.filter((one) => one.direction === direction && one.type === 'text');
    assert.deepEqual(
      texts.map(({ data }) => data),
      LINES,
    );
    for (const { data, size, time } of texts) {
      assert.equal(size, Buffer.byteLength(data));
      assert.ok(time > 1.7e9);
    }
  }

  const bytes = await run(t, ['connect', '--binary', ...flags, '--count', '2', url], 'a\nb');
  assert.deepEqual([bytes.code, bytes.stdout], [0, 'ab']);
}

for (const [name, server] of Object.entries(SERVERS)) {
  describe(`arkws connect to ${name}`, { timeout: 300_000 }, () => {
    for (const mode of MODES) {
      it(mode.name, async (t) => exchange(t, await server(t, mode), mode));
    }

    it('over TLS, as a stranger, not', async (t) => {
      const url = await server(t, { deflate: false, secure: true });
      const { code, stderr } = await run(t, ['connect', url], 'secret\n');
      assert.equal(code, 3);
      assert.match(stderr, /certificate/);
    });

    it('through nginx', needsNginx(), async (t) => {
      const plain = { deflate: true, secure: false };
      const upstream = (await server(t, plain)).replace(/^ws:/, 'http:');
      const port = await startNginx(t, upstream);
      await exchange(t, `ws://127.0.0.1:${port}/`, plain);
    });

    it('through nginx, which has the certificate', needsNginx(), async (t) => {
      const upstream = (await server(t, { deflate: false, secure: false })).replace('ws:', 'http:');
      const [certificate, key] = pair('valid');
      const port = await startNginx(t, upstream, {
        listen: 'ssl',
        server: `ssl_certificate ${certificate};\n    ssl_certificate_key ${key};`,
      });
      await exchange(t, `wss://localhost:${port}/`, { deflate: false, secure: true });
    });
  });
}

describe('an encrypted key', { timeout: 300_000 }, () => {
  const PASSWORD = 'open sesame';
  let key;
  before(async () => {
    const plain = createPrivateKey(await readFile(pair('valid')[1]));
    const cipher = { cipher: 'aes-256-cbc', passphrase: PASSWORD };
    key = join(dirname(tls.ca), 'encrypted.key');
    await writeFile(key, plain.export({ type: 'pkcs8', format: 'pem', ...cipher }));
  });

  /** A server that lets in only whom the authority knows. */
  const strict = async (t) =>
    serveWs(t, echo, {
      tls: { ...(await tls.read('valid')), ca: await readFile(tls.ca), requestCert: true },
    });
  const presenting = () => ['connect', '--ca', tls.ca, '--cert', pair('valid')[0], '--key', key];

  it('of a client is opened by the password of the flag, or of the environment', async (t) => {
    const url = await strict(t);
    const nobody = await run(t, ['connect', '--ca', tls.ca, url], 'hi\n');
    assert.notEqual(nobody.code, 0);
    const flag = await run(t, [...presenting(), '--key-password', PASSWORD, url], 'hi\n');
    assert.deepEqual([flag.code, flag.stdout, flag.stderr], [0, 'hi\n', '']);
    const env = { ARKWS_KEY_PASSWORD: PASSWORD };
    const variable = await run(t, [...presenting(), url], 'hi\n', { env });
    assert.deepEqual([variable.code, variable.stdout, variable.stderr], [0, 'hi\n', '']);
    // The flag comes first.
    const wrong = ['--key-password', 'open barley'];
    const both = await run(t, [...presenting(), ...wrong, url], 'hi\n', { env });
    assert.equal(both.code, 2);
  });

  it('stays closed without it, and the error names no password', async (t) => {
    const url = 'wss://127.0.0.1:1/';
    const missing = await run(t, [...presenting(), url]);
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /encrypted\.key.*password/);
    const wrong = await run(t, [...presenting(), '--key-password', 'open barley', url]);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /encrypted\.key.*password/);
    assert.doesNotMatch(wrong.stderr, /barley/);
  });

  it('of a server is opened by the password of the environment', async (t) => {
    const given = ['serve', '--tls', pair('valid')[0], key];
    const missing = await run(t, given);
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /password/);
    const env = { ARKWS_KEY_PASSWORD: PASSWORD };
    const server = start(t, given, { env });
    server.stderr.resume();
    const [url] = await once(createInterface({ input: server.stdout }), 'line');
    const { code, stdout } = await run(t, ['connect', '--ca', tls.ca, url], 'hi\n');
    assert.deepEqual([code, stdout], [0, 'hi\n']);
  });
});
