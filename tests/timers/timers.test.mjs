// Programs whose tests replace timers: nothing that arkws does waits for one of them, also if arkws
// is loaded only then.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, '..', 'node_modules');

/** A server that echoes, and sends 500 messages for "pour"; its URL. */
async function peer(t) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  server.on('connection', (socket) => {
    socket.on('message', (data) => {
      if (String(data) !== 'pour') return socket.send(String(data));
      for (let i = 0; i < 500; i++) socket.send(`message ${i}`);
    });
  });
  await once(server, 'listening');
  t.after(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  return `ws://127.0.0.1:${server.address().port}`;
}

/** Runs a program in a new folder that has these files, and the packages that they import. */
async function run(t, files, ...args) {
  const root = await mkdtemp(join(tmpdir(), 'arkws-timers-'));
  t.after(() => rm(root, { recursive: true }));
  await mkdir(join(root, 'node_modules'));
  await symlink(join(here, '..', '..', 'npm'), join(root, 'node_modules', 'arkws'));
  for (const name of ['sinon', 'vitest'])
    await symlink(join(modules, name), join(root, 'node_modules', name));
  await copyFile(join(here, 'exercise.cjs'), join(root, 'exercise.cjs'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(root, name), text);
  // The runner of this test is none of theirs.
  const env = {
    ...process.env,
    URL_OF_PEER: await peer(t),
    NODE_TEST_CONTEXT: undefined,
    NODE_OPTIONS: '',
    CI: 'true',
  };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      args,
      { cwd: root, env, timeout: 50_000 },
      (error, stdout, stderr) => {
        resolve({
          code: error === null ? 0 : (error.code ?? error.signal),
          output: stdout + stderr,
        });
      },
    );
  });
}

async function passes(t, files, ...args) {
  const { code, output } = await run(t, files, ...args);
  assert.equal(code, 0, output);
}

describe('with timers that stand still, loaded when they do already', () => {
  it('jest: modern fake timers', async (t) => {
    const files = {
      'package.json': '{}',
      'timers.test.js': `
        test('a connection', async () => {
          jest.useFakeTimers();
          await require('./exercise.cjs')(require('arkws'), process.env.URL_OF_PEER);
        }, 40_000);`,
    };
    await passes(
      t,
      files,
      join(modules, 'jest', 'bin', 'jest.js'),
      '--rootDir=.',
      '--watchman=false',
    );
  });

  it('jest: fake timers from the configuration', async (t) => {
    const files = {
      'package.json': '{ "jest": { "fakeTimers": { "enableGlobally": true } } }',
      'timers.test.js': `
        const arkws = require('arkws');
        test('a connection', () => require('./exercise.cjs')(arkws, process.env.URL_OF_PEER), 40_000);`,
    };
    await passes(
      t,
      files,
      join(modules, 'jest', 'bin', 'jest.js'),
      '--rootDir=.',
      '--watchman=false',
    );
  });

  it('vitest: all that it can fake', async (t) => {
    const files = {
      'package.json': '{ "type": "module" }',
      'timers.test.js': `
        import { createRequire } from 'node:module';
        import { test, vi } from 'vitest';
        test('a connection', { timeout: 40_000 }, async () => {
          vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'setImmediate', 'nextTick', 'queueMicrotask', 'Date', 'performance', 'hrtime'] });
          const { default: arkws } = await import('arkws');
          await createRequire(import.meta.url)('./exercise.cjs')(arkws, process.env.URL_OF_PEER);
        });`,
    };
    await passes(
      t,
      files,
      join(modules, 'vitest', 'vitest.mjs'),
      'run',
      '--pool=threads',
      '--root=.',
    );
  });

  it('sinon: all that it can fake', async (t) => {
    const files = {
      'main.cjs': `
        const sinon = require('sinon');
        sinon.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'setImmediate', 'nextTick', 'queueMicrotask', 'Date', 'performance', 'hrtime'] });
        require('./exercise.cjs')(require('arkws'), process.env.URL_OF_PEER);`,
    };
    await passes(t, files, 'main.cjs');
  });

  it('node:test: mock timers', async (t) => {
    const files = {
      'main.cjs': `
        const { it, mock } = require('node:test');
        it('a connection', async () => {
          mock.timers.enable();
          await require('./exercise.cjs')(require('arkws'), process.env.URL_OF_PEER);
        });`,
    };
    await passes(t, files, 'main.cjs');
  });
});
