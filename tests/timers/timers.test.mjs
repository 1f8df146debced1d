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
  for (const name of ['exercise.cjs', 'exercise-web.cjs'])
    await copyFile(join(here, name), join(root, name));
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

const jest = [join(modules, 'jest', 'bin', 'jest.js'), '--rootDir=.', '--watchman=false'];
const vitest = [join(modules, 'vitest', 'vitest.mjs'), 'run', '--pool=threads', '--root=.'];

/** What sinon and vitest can fake. */
const ALL = `{ toFake: ['setTimeout', 'setInterval', 'setImmediate', 'nextTick', 'queueMicrotask',
  'Date', 'performance', 'hrtime'] }`;

/** Loads the module, and does with it what the two exercises do. */
const LOAD = `const both = [require('arkws'), require('arkws/web')];`;
const EXERCISE = `
  await require('./exercise.cjs')(both[0], process.env.URL_OF_PEER);
  await require('./exercise-web.cjs')(both[1], process.env.URL_OF_PEER);`;

/** What stops the timers, and the module loaded before or behind it. */
const ORDERS = [
  ['loaded when they do already', (stop) => stop + LOAD],
  ['loaded before', (stop) => LOAD + stop],
];

for (const [when, order] of ORDERS) {
  describe(`with timers that stand still, ${when}`, () => {
    it('jest: modern fake timers', async (t) => {
      const files = {
        'package.json': '{}',
        'timers.test.js': `
          test('a connection', async () => {
            ${order('jest.useFakeTimers();')}
            ${EXERCISE}
          }, 40_000);`,
      };
      await passes(t, files, ...jest);
    });

    it('vitest: all that it can fake', async (t) => {
      const files = {
        'package.json': '{ "type": "module" }',
        'timers.test.js': `
          import { createRequire } from 'node:module';
          import { test, vi } from 'vitest';
          const require = createRequire(import.meta.url);
          test('a connection', { timeout: 40_000 }, async () => {
            ${order(`vi.useFakeTimers(${ALL});`)}
            ${EXERCISE}
          });`,
      };
      await passes(t, files, ...vitest);
    });

    it('sinon: all that it can fake', async (t) => {
      const files = {
        'main.cjs': `
          const sinon = require('sinon');
          ${order(`sinon.useFakeTimers(${ALL});`)}
          process.exitCode = 1;
          (async () => {${EXERCISE}
            process.exitCode = 0;
          })();`,
      };
      await passes(t, files, 'main.cjs');
    });

    it('node:test: mock timers', async (t) => {
      const files = {
        'main.cjs': `
          const { it, mock } = require('node:test');
          it('a connection', async () => {
            ${order('mock.timers.enable();')}
            ${EXERCISE}
          });`,
      };
      await passes(t, files, 'main.cjs');
    });
  });
}

describe('with timers that stand still from the beginning', () => {
  it('jest: by its configuration', async (t) => {
    const files = {
      'package.json': '{ "jest": { "fakeTimers": { "enableGlobally": true } } }',
      'timers.test.js': `
        ${LOAD}
        test('a connection', async () => {${EXERCISE}}, 40_000);`,
    };
    await passes(t, files, ...jest);
  });
});
