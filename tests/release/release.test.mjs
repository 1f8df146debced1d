// An instance of the module is let go with the code that has loaded it, and keeps nothing alive
// that is not open.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { mkdtemp, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { serve } from '../../npm/test/servers.mjs';

const require = createRequire(import.meta.url);
const LOADING = fileURLToPath(new URL('loading.mjs', import.meta.url));
const JEST = join(dirname(require.resolve('jest/package.json')), 'bin', 'jest.js');
const PACKAGE = dirname(require.resolve('arkws/package.json'));

async function run(args, cwd, env = {}) {
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...process.env, CI: 'true', NODE_TEST_CONTEXT: undefined, ...env },
  });
  const [said, words, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { code, said, words };
}

describe('an instance of the module', { timeout: 60_000 }, () => {
  for (const kind of ['cache', 'contexts']) {
    for (const use of ['used', 'unused']) {
      it(`is collected, 50 of them, loaded into new ${kind} and ${use}`, async () => {
        const { said, words, code } = await run(['--expose-gc', LOADING, kind, use]);
        assert.equal(code, 0, words);
        const { left, grown } = JSON.parse(said);
        assert.equal(left, 0);
        assert.ok(grown < 500_000, `40 instances left ${grown} bytes`);
      });
    }
  }
});

describe('under jest', { timeout: 120_000 }, () => {
  let folder;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'arkws-jest-'));
    await mkdir(join(folder, 'node_modules'));
    await symlink(PACKAGE, join(folder, 'node_modules', 'arkws'));
    const jest = { testEnvironment: 'node', testMatch: ['**/*.check.js'], testTimeout: 30_000 };
    await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'checks', jest }));
    await writeFile(join(folder, 'exchange.js'), EXCHANGE);
    for (let i = 0; i < 3; i++) {
      await writeFile(
        join(folder, `${i}.check.js`),
        `test('all is closed', () => require('./exchange.js')(true));`,
      );
    }
    await writeFile(
      join(folder, 'open.check.js'),
      `test('the server runs on', () => require('./exchange.js')(false));`,
    );
    for (const [name, ref] of Object.entries({ unref: '', ref: 'ws.ref();' })) {
      await writeFile(join(folder, `${name}.check.js`), unreferenced(ref));
    }
  });
  after(() => rm(folder, { recursive: true }));

  const jest = (env, ...args) =>
    run([JEST, '--runInBand', '--watchman=false', ...args], folder, env);

  it('nothing of a test file is left: --detectLeaks', async () => {
    const { code, words } = await jest({}, '--detectLeaks', '[0-9].check.js');
    assert.equal(code, 0, words);
    assert.match(words, /Tests: +3 passed, 3 total/);
  });

  it('no handle is open when all is closed: --detectOpenHandles', async () => {
    const { code, words } = await jest({}, '--detectOpenHandles', '[0-9].check.js');
    assert.equal(code, 0, words);
    assert.doesNotMatch(words, /open handle/);
  });

  it('the handle of a server that runs on is shown: --detectOpenHandles', async () => {
    const { words } = await jest({}, '--detectOpenHandles', '--forceExit', 'open.check.js');
    assert.match(words, /open handles?[^]*arkws/);
  });

  it('what is open is no open handle if the process does not wait for it: unref', async (t) => {
    const url = await serve(t, (socket) => socket.send('hello'));
    const { code, words } = await jest({ URL: url }, '--detectOpenHandles', '/unref.check.js');
    assert.equal(code, 0, words);
    assert.doesNotMatch(words, /open handle/);
  });

  it('it is one again after ref', async (t) => {
    const url = await serve(t, (socket) => socket.send('hello'));
    const { words } = await jest(
      { URL: url },
      '--detectOpenHandles',
      '--forceExit',
      '/ref.check.js',
    );
    assert.match(words, /open handles?[^]*arkws/);
  });
});

const EXCHANGE = `
  const webSocket = require('arkws');
  const once = (object, type) => new Promise((resolve) => object.on(type, (...args) => resolve(args)));
  module.exports = async (closes) => {
    const server = webSocket.createWebSocketServer();
    await server.start({ serverIP: '127.0.0.1', serverPort: 0, maxConcurrentClientsNumber: 1, maxConnectionsForOneClient: 1 });
    server.on('messageReceive', ({ data, clientConnection }) => server.send(data, clientConnection));
    const ws = webSocket.createWebSocket();
    const message = once(ws, 'message');
    const closed = [once(ws, 'close'), once(server, 'close')];
    ws.on('open', () => ws.send('hello'));
    await ws.connect('ws://127.0.0.1:' + server.listAddress().port, { proxy: 'no-proxy' });
    expect((await message)[1]).toBe('hello');
    await ws.close();
    await Promise.all(closed);
    if (closes) await server.stop();
  };
`;

/** An open client and a server without a socket, neither of which is waited for. */
const unreferenced = (ref) => `
  const webSocket = require('arkws');
  test('they stay', async () => {
    await webSocket.createWebSocketServer().start({ noServer: true });
    const ws = webSocket.createWebSocket();
    const message = new Promise((resolve) => ws.on('message', (_, data) => resolve(data)));
    await ws.connect(process.env.URL, { proxy: 'no-proxy' });
    ws.unref();
    ${ref}
    expect(await message).toBe('hello');
    // Nothing waits for its callback, either.
    await new Promise((resolve) => ws.send('hello', resolve));
  });
`;
