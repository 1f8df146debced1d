// The same file has the same API level and permission under every runner, and its mistakes are
// shown at its own lines.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { bin, CLIENT, FORMAT, pass, project, run, TOLD } from './fixture.mjs';

const VITEST = bin('vitest/vitest.mjs');
const JEST = bin('jest/bin/jest.js');

const page = readFileSync(new URL('../../docs/src/test-runners.md', import.meta.url), 'utf8');
/** The first block of code of the page in this language. */
const block = (language) => new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'ms').exec(page)[1];

/** What `npx` runs by these names. */
const INSTALLED = { arkws: 'arkws/bin/arkws.mjs', c8: 'c8/bin/c8.js' };

/** Runs a line of the page. */
function passes(cwd, line) {
  assert.ok(page.includes(`\n${line}\n`), line);
  const words = line.split(' ').flatMap((word) => {
    if (word === 'npx') return [];
    if (word === 'node') return process.execPath;
    if (word in INSTALLED) return [process.execPath, bin(INSTALLED[word])];
    return word.startsWith('node_modules/') ? bin(word.slice('node_modules/'.length)) : word;
  });
  return pass(cwd, words.slice(1));
}

const IMPORT = `import { Client } from '../entry/src/main/ets/Client';`;
const VITEST_IMPORT = `import { expect, it } from 'vitest';\n`;
const TOAST_FILE = '.*main.ets.toast.ets';
const TOAST = `import { owner, sense, toast } from '../entry/src/main/ets/toast';
import { router } from '@kit.ArkUI';`;
/** `place`: what is said to import the sensor. */
const body = (place) => `
it('tells', async () => {
  expect(await new Client().tell()).toBe('${TOLD}');
  expect(owner()).toBe('stub');
  expect(() => toast()).toThrow(/^@kit.ArkUI: 'promptAction.showToast' was called/);
  expect(() => router.back()).toThrow(/^@kit.ArkUI: 'router.back' was called/);
  expect(() => sense()).toThrow(/ \\(imported by ${place}\\)/);
});
`;
/** For runners that Node.js loads the files for. */
const NODE = `
import assert from 'node:assert/strict';
import { Client } from '../entry/src/main/ets/Client.ets';

it('tells', async () => assert.equal(await new Client().tell(), '${TOLD}'));
`;
const vitestProject = (files) => project({ 'vitest.config.mjs': block('js'), ...files });
const jestProject = (files) => project({ 'jest.config.json': block('json'), ...files });

describe('a file of a project', () => {
  let root;
  before(() => {
    root = project({
      'tests/client.test.mjs': `import { it } from 'node:test';${NODE}`,
      'spec/client.mjs': NODE,
    });
  });

  it('has its level and permission under arkws run', async () => {
    const said = await pass(root, [bin(INSTALLED.arkws), 'run', 'entry/src/main/ets/Main.ets']);
    assert.equal(said, `${TOLD}\n`);
  });

  it('has them under Hypium', async () => {
    const said = await passes(root, 'npx arkws test');
    assert.match(said, /^Client\n {2}✔ tells .*\n\n1 test: 1 passed, 0 failed/);
  });

  it('has them under node:test', async () => {
    const said = await passes(root, 'node --import arkws/register --test');
    assert.match(said, /^. pass 1$/m);
  });

  it('has them under mocha', async () => {
    const mocha = 'node_modules/mocha/bin/mocha.js spec/client.mjs';
    assert.match(await passes(root, `node --import arkws/register ${mocha}`), /1 passing/);

    const [, configuration] = /^## mocha$.*?^```json\n(.*?)^```$/ms.exec(page);
    writeFileSync(join(root, '.mocharc.json'), configuration);
    assert.match(await pass(root, [bin('mocha/bin/mocha.js')]), /1 passing/);
  });

  it('has them under vitest', async () => {
    const root = vitestProject({
      'tests/client.test.ts': VITEST_IMPORT + IMPORT + TOAST + body(TOAST_FILE),
    });
    assert.match(await pass(root, [VITEST, 'run']), /Tests +1 passed/);
  });

  it('has them under jest', async () => {
    const root = jestProject({
      'tests/client.test.ts': IMPORT + TOAST + body('a file in .*main.ets'),
    });
    assert.match(await pass(root, [JEST]), /Tests: +1 passed/);
  });

  it('is covered by c8, line for line', async () => {
    for (const command of ['node --import arkws/register --test', 'arkws test']) {
      await passes(root, `npx c8 --extension=.ets --reporter=json ${command}`);
      const coverage = JSON.parse(readFileSync(join(root, 'coverage/coverage-final.json'), 'utf8'));
      const { statementMap, s } = coverage[join(root, CLIENT)];
      const uncovered = Object.keys(s).filter((key) => s[key] === 0);
      assert.deepEqual(
        uncovered.map((key) => statementMap[key].start.line),
        [27, 28],
      );
    }
  });
});

describe('vitest with arkws/vite', () => {
  it('mocks the platform, also from a test outside the project, and shows lines of .ets files', async () => {
    const root = vitestProject({
      'tests/mock.test.ts': `import { expect, it, vi } from 'vitest';
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
      'tests/inside.test.ets': `import { expect, it, vi } from 'vitest';
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
    const root = vitestProject({
      'tests/client.test.ts': VITEST_IMPORT + IMPORT + TOAST + body(TOAST_FILE),
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
    const root = jestProject({
      'tests/mock.test.ts': `${IMPORT}
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
      'tests/inside.test.ets': `import { Client } from '../entry/src/main/ets/Client';

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
