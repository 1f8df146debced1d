// The packages on other machines than this one, as on Alpine, or on ARM: npm chooses the module
// for it, and that runs. The long checks `musl`, `arm64` and `ohos` of `cargo xtask test` build and
// install what this needs.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:https';
import { delimiter } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { WebSocketServer } from 'ws';
import { serveRegistry } from '../install/registry.mjs';
import { folder, good, npm, run, tarballOf } from '../install/support.mjs';
import { Certificates } from '../tls/certificates.mjs';

/** What runs programs for that machine: a command, whose last argument is a program. */
const [RUNNER, ...FIRST] = process.env.ARKWS_TEST_RUNNER?.split(delimiter) ?? [];
const NODES = process.env.ARKWS_TEST_NODES?.split(delimiter) ?? [];
const PLATFORM = process.env.ARKWS_TEST_PLATFORM;

/**
 * Nobody has Node.js for OpenHarmony here: that for Linux with musl looks for another module, and
 * is told where this one is.
 */
const ENVIRONMENT = PLATFORM?.startsWith('openharmony')
  ? { ARKWS_NATIVE: `node_modules/@arkws/${PLATFORM}/arkws.${PLATFORM}.node` }
  : {};

/** Echoes by a server of its own, and by another's over TLS; in the main thread, then a worker. */
const PROGRAM = `
  const { Worker, isMainThread, workerData } = require('node:worker_threads');
  const webSocket = require('arkws');
  const [url, caPath] = isMainThread ? process.argv.slice(2) : workerData;

  const echoed = (url, options) => new Promise((resolve, reject) => {
    const ws = webSocket.createWebSocket();
    let length = 0;
    ws.on('open', () => ws.send('x'.repeat(100_000)));
    ws.on('message', (_, text) => {
      length = text.length;
      ws.close();
    });
    ws.on('error', reject);
    ws.on('close', () => resolve(length));
    ws.connect(url, { proxy: 'no-proxy', perMessageDeflate: true, ...options });
  });

  (async () => {
    const server = webSocket.createWebSocketServer();
    server.on('messageReceive', ({ data, clientConnection }) => server.send(data, clientConnection));
    await server.start({ serverIP: '127.0.0.1', serverPort: 0 });
    const own = await echoed(\`ws://127.0.0.1:\${server.listAddress().port}\`);
    await server.stop();
    const other = await echoed(url, { caPath });
    console.log(process.version, isMainThread, own, other);
    if (isMainThread) new Worker(__filename, { workerData: [url, caPath] });
  })();
`;

/** An echo server over TLS, of Node.js and npm's ws: its URL, and the file of its authority. */
async function serveTls(t) {
  const made = await Certificates.make();
  await made.selfSigned('server', 'DNS:localhost');
  const [cert, key] = await Promise.all([made.read('server.pem'), made.read('server.key')]);
  const https = createServer({ cert, key }).listen(0, '127.0.0.1');
  const server = new WebSocketServer({ server: https, perMessageDeflate: true });
  server.on('connection', (socket) => {
    socket.on('message', (data, binary) => socket.send(data, { binary }));
  });
  await once(https, 'listening');
  t.after(() => https.close());
  return { url: `wss://localhost:${https.address().port}`, caPath: made.path('server.pem') };
}

describe(`on ${PLATFORM}`, { timeout: 300_000 }, () => {
  let cwd;
  let tls;
  const closers = [];
  after(() => closers.forEach((close) => close()));
  before(async () => {
    assert.ok(PLATFORM, 'run this with `cargo xtask test --long musl arm64`');
    cwd = await folder({ 'package.json': '{ "private": true }', 'app.cjs': PROGRAM });
    const here = { after: (close) => closers.push(close) };
    const registry = await serveRegistry(here, [
      tarballOf('arkws'),
      tarballOf(`@arkws/${PLATFORM}`),
    ]);
    const [os, cpu, abi] = PLATFORM.split('-');
    const machine = [`--os=${os}`, `--cpu=${cpu}`];
    if (abi) machine.push(`--libc=${abi === 'gnu' ? 'glibc' : abi}`);
    good(await npm(['install', 'arkws', ...machine], { cwd, registry }));
    tls = await serveTls(here);
  });

  for (const program of NODES) {
    it(`runs under Node.js ${/binaries-([\d.]+)/.exec(program)?.[1]}`, async () => {
      const options = { cwd, env: ENVIRONMENT };
      const arguments_ = ['app.cjs', tls.url, tls.caPath];
      const said = good(await run(RUNNER, [...FIRST, program, ...arguments_], options));
      const [, version] =
        /^(v\S+) true 100000 100000\n\1 false 100000 100000\n$/.exec(said) ?? assert.fail(said);
      assert.ok(program.includes(version.slice(1)), version);
    });
  }

  it('says so where another machine has its module alone', async () => {
    const { words } = await run(process.execPath, ['app.cjs', 'ws://127.0.0.1:9'], { cwd });
    assert.match(words, /no native module for linux-x64-gnu/);
    assert.match(words, new RegExp(`Installed is @arkws/${PLATFORM}, for another kind of machine`));
  });
});
