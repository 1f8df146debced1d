// Whatever ends a process: what it has sent before on open connections arrives.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import { listen, serve } from '../../npm/test/servers.mjs';
import { certificates } from '../support.mjs';

const require = createRequire(import.meta.url);
const JEST = join(dirname(require.resolve('jest/package.json')), 'bin', 'jest.js');
const PACKAGE = dirname(require.resolve('arkws/package.json'));
const PROGRAM = fileURLToPath(new URL('leaving.mjs', import.meta.url));
const WAYS = ['exit', 'hook', 'throw', 'reject', 'uncaught', 'signal'];
const CONNECTIONS = 5;
const MIB = 1 << 20;

/** A process that will end while it has open connections. */
function leaving(t, who, how, url, options = {}) {
  const child = spawn(process.execPath, [PROGRAM, who, how, url, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.after(() => child.kill('SIGKILL'));
  return child;
}

/**
 * What comes on a connection of npm `ws` until it has ended: the lengths of the messages, and the
 * code of the end.
 */
async function received(socket) {
  const lengths = [];
  socket.on('error', () => {});
  socket.on('message', (data) => lengths.push(data.length));
  const [code] = await once(socket, 'close');
  return { lengths, code };
}

/** Fails unless each connection got both messages, and then the close frame. */
function assertAll(results, size = 3, code = 1001) {
  assert.equal(results.length, CONNECTIONS);
  for (const result of results) assert.deepEqual(result, { lengths: [size, size], code });
}

/** A server of npm `ws` whose clients are to leave, `count` of them, and what it gets from them. */
async function witness(t, options, count = CONNECTIONS, each = () => {}) {
  let done;
  const all = new Promise((resolve) => (done = resolve));
  const results = [];
  const url = await serve(
    t,
    (socket) => {
      each(socket, results.length);
      results.push(received(socket));
      if (results.length === count) done(Promise.all(results));
    },
    options,
  );
  return { url, all };
}

describe('what a client has sent when its process ends', { timeout: 60_000 }, () => {
  let files;
  before(async () => (files = await certificates()));

  for (const how of WAYS) {
    it(`arrives: ${how}`, async (t) => {
      const { url, all } = await witness(t);
      leaving(t, 'clients', how, url);
      assertAll(await all);
    });
  }

  for (const how of ['exit', 'hook', 'throw']) {
    it(`arrives over TLS: ${how}`, async (t) => {
      const { url, all } = await witness(t, { tls: await files.read('valid') });
      leaving(t, 'clients', how, url, { ca: files.ca });
      assertAll(await all);
    });

    it(`arrives compressed: ${how}`, async (t) => {
      const { url, all } = await witness(t, { perMessageDeflate: { threshold: 0 } });
      leaving(t, 'clients', how, url, { perMessageDeflate: true });
      assertAll(await all);
    });

    it(`arrives if it is much, and the server sends meanwhile: ${how}`, async (t) => {
      const { url, all } = await witness(t, {}, CONNECTIONS, (socket) => {
        const chatter = setInterval(() => socket.send('are you there?'), 1);
        socket.on('close', () => clearInterval(chatter));
      });
      leaving(t, 'clients', how, url, { size: 2 * MIB });
      assertAll(await all, 2 * MIB);
    });
  }

  for (const how of ['exit of its own', 'terminate', 'exit of all']) {
    it(`arrives from a worker thread: ${how}`, async (t) => {
      const { url, all } = await witness(t);
      leaving(t, 'worker', how, url);
      assertAll(await all);
    });
  }

  it('arrives under jest', async (t) => {
    const { url, all } = await witness(t, {}, 1);
    const folder = await mkdtemp(join(tmpdir(), 'arkws-exit-'));
    t.after(() => rm(folder, { recursive: true }));
    await mkdir(join(folder, 'node_modules'));
    await symlink(PACKAGE, join(folder, 'node_modules', 'arkws'));
    await writeFile(join(folder, 'package.json'), '{}');
    await writeFile(join(folder, 'exit.test.js'), UNDER_JEST);
    const child = spawn(process.execPath, [JEST, '--runInBand', '--watchman=false'], {
      cwd: folder,
      env: { ...process.env, CI: 'true', NODE_TEST_CONTEXT: undefined, URL: url },
      stdio: 'ignore',
    });
    t.after(() => child.kill('SIGKILL'));
    assert.deepEqual(await all, [{ lengths: [3, 3], code: 1001 }]);
  });

  it('is dropped with a connection that is not open yet', async (t) => {
    let ended;
    const all = new Promise((resolve) => (ended = resolve));
    const { address } = await listen(t, (socket) => text(socket).then(ended, ended));
    const child = leaving(t, 'connecting', 'exit', `ws://${address}`);
    const [[code], said] = await Promise.all([once(child, 'exit'), all]);
    assert.equal(code, 0);
    // Nothing follows the request, which has no answer.
    assert.match(said, /^(GET [^]*\r\n\r\n)?$/);
  });

  for (const beside of ['', ', beside a connection that Node.js carries']) {
    it(`does not hold the process up by more than half a second if a server does not read, and others get theirs${beside}`, async (t) => {
      const deaf = await witness(t, {}, CONNECTIONS, (socket) => socket.pause());
      const { url, all } = await witness(t);
      const carried = beside && files.server('valid');
      const options = { size: 4 * MIB, also: deaf.url, carried };
      const child = leaving(t, 'clients', 'timed', url, options);
      const [said] = await Promise.all([text(child.stdout), once(child, 'exit')]);
      const lasted = Date.now() - Number(said);
      assertAll(await all, 4 * MIB);
      // For what Node.js carries half of the time has passed before the program's own hook runs.
      const least = beside ? 150 : 400;
      assert.ok(lasted >= least && lasted < 2000, `it took ${lasted} ms`);
    });
  }
});

describe('what a server has sent when its process ends', { timeout: 60_000 }, () => {
  let files;
  before(async () => (files = await certificates()));

  /** Clients of npm `ws` of a server that is to leave, and what they get. */
  async function clients(t, how, { tls, perMessageDeflate = false, ...options } = {}) {
    const certificate = tls ? files.server('valid') : '';
    const child = leaving(t, 'server', how, certificate, { perMessageDeflate, ...options });
    const [port] = await once(createInterface({ input: child.stdout }), 'line');
    const url = tls ? `wss://localhost:${port}` : `ws://127.0.0.1:${port}`;
    const ca = tls && (await files.read('valid')).cert;
    return Promise.all(
      Array.from({ length: CONNECTIONS }, () => {
        const client = new WebSocket(url, { perMessageDeflate, ca, rejectUnauthorized: false });
        t.after(() => client.terminate());
        return received(client);
      }),
    );
  }

  for (const how of WAYS) {
    it(`arrives: ${how}`, async (t) => assertAll(await clients(t, how)));
  }

  it('arrives over TLS', async (t) => assertAll(await clients(t, 'hook', { tls: true })));

  // There is nobody left who could say goodbye.
  for (const how of WAYS) {
    it(`arrives where Node.js speaks TLS: ${how}`, async (t) =>
      assertAll(await clients(t, how, { tls: true, handedOver: true }), 3, 1006));
  }

  it('arrives compressed', async (t) =>
    assertAll(await clients(t, 'hook', { perMessageDeflate: true })));

  it('arrives if it is much', async (t) =>
    assertAll(await clients(t, 'exit', { size: 2 * MIB }), 2 * MIB));
});

/** Jest gives tests a copy of `process`, and ends the real one. */
const UNDER_JEST = `
  const webSocket = require('arkws');
  test('ends the process', async () => {
    const ws = webSocket.createWebSocket();
    const open = new Promise((resolve) => ws.on('open', resolve));
    await ws.connect(process.env.URL, { proxy: 'no-proxy' });
    await open;
    ws.send('bye');
    ws.send('bye');
    process.exit(0);
  });
`;
