// The declarations, checked by TypeScript as an installed package, and by OpenHarmony's compiler
// with the strict rules of ArkTS.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { checkArkTS, compareRefused, refusedLines } from './arkts/check.mjs';

const require = createRequire(import.meta.url);
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const list = async (folder, ending) =>
  (await readdir(here(folder), { recursive: true }))
    .filter((name) => name.endsWith(ending))
    .map((name) => here(`${folder}/${name}`));

const examples = [
  here('../../examples/documentation.ets'),
  ...(await list('../../examples/api-reference', '.ets')),
];

describe('TypeScript', () => {
  let project;

  before(async () => {
    project = await mkdtemp(join(tmpdir(), 'arkws-types-'));
    await mkdir(join(project, 'node_modules'));
    await symlink(here('..'), join(project, 'node_modules/arkws'));
    await symlink(here('../node_modules/expect-type'), join(project, 'node_modules/expect-type'));
    for (const file of [...(await list('types', 'ts')), here('arkts/platform.d.ts')]) {
      await copyFile(file, join(project, basename(file)));
    }
    for (const file of examples)
      await copyFile(file, join(project, basename(file, '.ets') + '.ts'));
  });
  after(() => rm(project, { recursive: true }));

  async function check(compilerOptions, files) {
    const always = {
      strict: true,
      noEmit: true,
      target: 'es2022',
      lib: ['es2022'],
      types: ['arkws/register'],
    };
    const config = { compilerOptions: { ...always, ...compilerOptions }, files };
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify(config));
    const tsc = join(require.resolve('typescript/package.json'), '../bin/tsc');
    return promisify(execFile)(process.execPath, [tsc, '--project', project]).then(
      () => '',
      (error) => error.stdout + error.stderr,
    );
  }

  const own = ['client.mts', 'server.mts', 'require.cts'];

  it('accepts every overload and refuses what is none, resolving as Node.js does', async () => {
    assert.equal(await check({ module: 'nodenext' }, own), '');
  });

  it('accepts every overload and refuses what is none, resolving as bundlers do', async () => {
    assert.equal(
      await check({ module: 'esnext', moduleResolution: 'bundler' }, own.slice(0, 2)),
      '',
    );
  });

  it("accepts the web's API, where its globals are declared", async () => {
    const lib = ['es2022', 'dom', 'dom.iterable'];
    assert.equal(await check({ module: 'nodenext', lib }, ['web.mts']), '');
  });

  it("accepts the documentation's examples", async () => {
    const files = examples.map((file) => basename(file, '.ets') + '.ts');
    const surroundings = {
      module: 'esnext',
      moduleResolution: 'bundler',
      moduleDetection: 'force',
    };
    assert.equal(await check(surroundings, ['platform.d.ts', ...files]), '');
  });

  it("knows the platform's modules only if asked to", async () => {
    const errors = await check({ module: 'nodenext', types: [] }, ['client.mts']);
    assert.match(errors, /Cannot find module '@ohos\.net\.webSocket'/);
    assert.match(errors, /Cannot find module '@kit\.NetworkKit'/);
  });
});

describe('ArkTS', async () => {
  // Pages are ArkUI's, of which the compiler would have to know all components.
  const project = (await list('../../examples/openharmony-project', '.ets')).filter(
    (file) => !file.includes('/pages/'),
  );
  const good = [...examples, ...project, ...(await list('arkts/pass', '.ets'))];
  const bad = await list('arkts/fail', '.ets');
  let diagnostics;

  before(() => {
    const rootNames = [here('../register.d.ts'), here('arkts/platform.d.ts'), ...good, ...bad];
    diagnostics = checkArkTS(rootNames, here('..'), {
      arkws: ['index.d.ts'],
      '@ohos/hypium': ['node_modules/@ohos/hypium/index.d.ts'],
    });
  });

  for (const file of good) {
    it(`accepts ${basename(file)}`, () => assert.deepEqual(diagnostics.get(file) ?? [], []));
  }

  for (const file of bad) {
    it(`refuses what ${basename(file)} marks, and nothing else`, async () => {
      const refused = await refusedLines(file);
      const { others, lines } = compareRefused(diagnostics.get(file) ?? [], refused);
      assert.deepEqual(others, []);
      assert.deepEqual(lines, new Set(refused.keys()));
    });
  }

  it('looks at every file', () =>
    assert.ok(examples.length === 20 && project.length === 7 && bad.length > 0));
});

describe('the declarations', () => {
  /** Names of the members that an interface declares. */
  function declared(name) {
    const ts = require('ohos-typescript');
    const names = new Set();
    const visit = (node) => {
      if (ts.isInterfaceDeclaration(node) && node.name.text === name) {
        for (const { name } of node.members) {
          // Names that are symbols have no text.
          if (name.text !== undefined) names.add(name.text);
        }
      }
      ts.forEachChild(node, visit);
    };
    visit(
      ts.createSourceFile(
        'index.d.ts',
        readFileSync(here('../index.d.ts'), 'utf8'),
        ts.ScriptTarget.ES2021,
      ),
    );
    return [...names].sort();
  }
  /** Names of the members that an object has. */
  const present = (object) =>
    Object.getOwnPropertyNames(Object.getPrototypeOf(object))
      .filter((name) => name !== 'constructor')
      .sort();

  it('name what there is, and nothing else', () => {
    const { createWebSocket, createWebSocketServer } = require('arkws');
    assert.deepEqual(present(createWebSocket()), declared('WebSocket'));
    assert.deepEqual(present(createWebSocketServer()), declared('WebSocketServer'));
  });
});
