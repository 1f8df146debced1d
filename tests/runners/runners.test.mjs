// The same file has the same API level and permission under every runner, and its mistakes are
// shown at its own lines.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { node } from '../../npm/test/support.mjs';
import { CLIENT, FORMAT, project, TOLD } from './fixture.mjs';

const modules = fileURLToPath(new URL('../node_modules', import.meta.url));
const bin = (path) => join(modules, path);
const VITEST = bin('vitest/vitest.mjs');
const JEST = bin('jest/bin/jest.js');
const REGISTER = ['--import', 'arkws/register'];

const IMPORT = `import { Client } from '../entry/src/main/ets/Client';`;
const TOAST = `import { owner, toast } from '../entry/src/main/ets/toast';
import { router } from '@kit.ArkUI';`;
const BODY = `
it('tells', async () => {
  expect(await new Client().tell()).toBe('${TOLD}');
  expect(owner()).toBe('stub');
  expect(() => toast()).toThrow(/^@kit.ArkUI: 'promptAction.showToast' was called/);
  expect(() => router.back()).toThrow(/^@kit.ArkUI: 'router.back' was called/);
});
`;
/** For runners that Node.js loads the files for. */
const NODE = `
import assert from 'node:assert/strict';
import { Client } from '../entry/src/main/ets/Client.ets';

it('tells', async () => assert.equal(await new Client().tell(), '${TOLD}'));
`;
const CONFIGS = {
  'vitest.config.mjs': `
import arkws from 'arkws/vite';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [arkws()],
  test: { include: ['tests/**/*.vitest.{ts,ets}'] },
});
`,
  'jest.config.json': `{ "preset": "arkws", "testMatch": ["**/tests/**/*.jest.{ts,ets}"] }`,
};

const run = (cwd, args) =>
  node(args, { cwd, env: { NO_COLOR: '1', NODE_TEST_CONTEXT: undefined } });

/** Runs a program, which must be content, and returns what it said. */
async function pass(cwd, args) {
  const { code, stdout, stderr } = await run(cwd, args);
  assert.equal(code, 0, stdout + stderr);
  return stdout + stderr;
}

describe('a file of a project', () => {
  let root;
  before(() => {
    root = project({
      ...CONFIGS,
      'tests/client.vitest.ts': `import { expect, it } from 'vitest';\n${IMPORT}${TOAST}${BODY}`,
      'tests/client.jest.ts': IMPORT + TOAST + BODY,
      'tests/client.test.mjs': `import { it } from 'node:test';${NODE}`,
      'tests/client.mocha.mjs': NODE,
    });
  });

  it('has its level and permission under arkws run', async () => {
    const said = await pass(root, [
      bin('arkws/bin/arkws.mjs'),
      'run',
      'entry/src/main/ets/Main.ets',
    ]);
    assert.equal(said, `${TOLD}\n`);
  });

  it('has them under arkws test', async () => {
    const said = await pass(root, [bin('arkws/bin/arkws.mjs'), 'test']);
    assert.match(said, /^Client\n {2}✔ tells .*\n\n1 tests: 1 passed, 0 failed/);
  });

  it('has them under node:test', async () => {
    const args = [...REGISTER, '--test', '--test-reporter=tap', 'tests/client.test.mjs'];
    assert.match(await pass(root, args), /^# pass 1$/m);
  });

  it('has them under mocha', async () => {
    const args = [...REGISTER, bin('mocha/bin/mocha.js'), 'tests/client.mocha.mjs'];
    assert.match(await pass(root, args), /1 passing/);
  });

  it('has them under vitest', async () => {
    assert.match(await pass(root, [VITEST, 'run']), /Tests +1 passed/);
  });

  it('has them under jest', async () => {
    assert.match(await pass(root, [JEST]), /Tests: +1 passed/);
  });

  it('is covered by c8, line for line', async () => {
    await pass(root, [
      bin('c8/bin/c8.js'),
      ...['--extension=.ets', '--reporter=json'],
      ...[process.execPath, ...REGISTER, '--test', 'tests/client.test.mjs'],
    ]);
    const coverage = JSON.parse(readFileSync(join(root, 'coverage/coverage-final.json'), 'utf8'));
    const { statementMap, s } = coverage[join(root, CLIENT)];
    const uncovered = Object.keys(s).filter((key) => s[key] === 0);
    assert.deepEqual(
      uncovered.map((key) => statementMap[key].start.line),
      [27, 28],
    );
  });
});

describe('vitest with arkws/vite', () => {
  it('mocks the platform, also from a test outside the project, and shows lines of .ets files', async () => {
    const root = project({
      ...CONFIGS,
      'tests/mock.vitest.ts': `import { expect, it, vi } from 'vitest';
${IMPORT}

vi.mock('@kit.NetworkKit', () => ({
  webSocket: { createWebSocket: () => ({ connect: async () => true }) },
}));

it('is mocked', async () => {
  await expect(new Client().tell()).rejects.toThrow(/getApiVersion takes a client/);
});
it('fails', () => {
  new Client().refuse();
});
`,
      'tests/inside.vitest.ets': `import { expect, it, vi } from 'vitest';
import { Client } from '../entry/src/main/ets/Client';
import { webSocket } from '@kit.NetworkKit';

vi.mock('../entry/src/main/ets/format', () => ({ format: (level: number): string => 'level ' + level }));

it('mocks and watches from ArkTS', async () => {
  const spy = vi.spyOn(webSocket, 'createWebSocket');
  let client: Client = new Client();
  expect(spy).toHaveBeenCalledOnce();
  expect(await client.tell()).toBe('level 11');
});
`,
    });
    const { code, stdout, stderr } = await run(root, [VITEST, 'run']);
    assert.match(stdout, /Tests +1 failed \| 2 passed/, stdout + stderr);
    assert.match(stderr, new RegExp(`❯ Client\\.refuse ${CLIENT}:27:11`));
    assert.equal(code, 1);
  });

  it('runs again what imports a changed .ets file', async (t) => {
    const root = project({
      ...CONFIGS,
      'tests/client.vitest.ts': `import { expect, it } from 'vitest';\n${IMPORT}${TOAST}${BODY}`,
    });
    const env = { ...process.env, NO_COLOR: '1', CI: '' };
    const stdio = ['pipe', 'pipe', 'inherit'];
    const child = spawn(process.execPath, [VITEST, '--watch'], { cwd: root, env, stdio });
    t.after(() => child.kill());
    let said = '';
    let isChanged = false;
    for await (const text of child.stdout.setEncoding('utf8')) {
      said += text;
      if (!isChanged && /1 passed[^]*Waiting for file changes/.test(said)) {
        isChanged = true;
        const source = readFileSync(join(root, FORMAT), 'utf8');
        writeFileSync(join(root, FORMAT), source.replace('return ', "return 'not ' + "));
      }
      if (/Tests +1 failed/.test(said)) break;
    }
    assert.ok(isChanged, said);
    assert.match(said, /Tests +1 failed/);
    assert.match(said, /RERUN .*format\.ets/);
  });
});

describe('jest with arkws/jest', () => {
  it('mocks the platform before imports, and shows lines of .ets files', async () => {
    const root = project({
      ...CONFIGS,
      'tests/mock.jest.ts': `${IMPORT}
import { jest } from '@jest/globals';

jest.mock('@kit.NetworkKit', () => ({
  webSocket: { createWebSocket: () => ({ connect: async () => true }) },
}));

it('is mocked', async () => {
  await expect(new Client().tell()).rejects.toThrow(/getApiVersion takes a client/);
});
it('fails', () => {
  new Client().refuse();
});
`,
      'tests/inside.jest.ets': `import { Client } from '../entry/src/main/ets/Client';

jest.mock('../entry/src/main/ets/format', () => ({ format: (level: number): string => 'level ' + level }));

it('mocks from ArkTS', async () => {
  expect(await new Client().tell()).toBe('level 11');
});
`,
    });
    const { code, stderr } = await run(root, [JEST]);
    assert.match(stderr, /Tests: +1 failed, 2 passed/);
    assert.match(stderr, new RegExp(`at Client\\.refuse \\(${CLIENT}:27:11\\)`));
    assert.equal(code, 1);
    assert.ok(existsSync(join(root, 'node_modules/.cache/arkws')));
  });
});
