// How `.ets` and `.ts` files, and the packages they import, are found, and what kind of module they
// are.
import assert from 'node:assert/strict';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { folder, node, printed, runArkTs } from './support.mjs';

describe('files and packages', () => {
  it('are found without extension, by `.js`, and as index of a folder', async () => {
    const files = {
      'app/main.ets': `
import { a } from './a';
import { b } from './b.js';
import { c } from './c';
import { d } from './d.js';
import { e } from '..';
import { f } from './f.js';
console.log(a, b, c, d, e, f);
`,
      'app/a.ets': `export const a = 'a.ets';`,
      'app/b.ets': `export const b = 'b.ets';`,
      'app/c/index.ets': `export const c = 'c/index.ets';`,
      'app/d.ts': `export const d: string = 'd.ts';`,
      'index.ets': `export const e = 'index.ets';`,
      'app/f.js': `exports.f = 'f.js itself';`,
      'app/f.ets': `export const f = 'not f.ets';`,
    };
    const found = 'a.ets b.ets c/index.ets d.ts index.ets f.js itself';
    assert.deepEqual(await printed(files, 'app/main.ets'), [found]);
  });

  it('are found in oh_modules, upward, by their manifests', async () => {
    const files = {
      'entry/src/main/ets/main.ets': `
import { net } from '@app/network';
import { part } from '@app/network/src/main/ets/part';
import { plain } from 'plain';
import { upper } from 'upper';
import { script } from 'script';
import { both } from 'both';
import { readFileSync } from 'fs';
console.log(net, part, plain, upper, script, both, typeof readFileSync);
`,
      'entry/oh_modules/@app/network/oh-package.json5': `{
  // The main file.
  name: '@app/network', "main": 'src/main/ets/Net.ets', /* , } */ "dependencies": {},
}`,
      'entry/oh_modules/@app/network/src/main/ets/Net.ets': `
import { part } from './part';
export const net = 'net with ' + part;
`,
      'entry/oh_modules/@app/network/src/main/ets/part.ts': `export const part: string = 'part';`,
      'entry/oh_modules/plain/Index.ets': `export const plain = 'plain';`,
      'oh_modules/upper/oh-package.json5': `{ "name": "upper", "main": "./lib" }`,
      'oh_modules/upper/lib/index.ets': `export const upper = 'upper';`,
      'oh_modules/script/oh-package.json5': `{ "name": "script", "main": "index.js" }`,
      'oh_modules/script/index.js': `
import { value } from './src/value';
export const script = value;
`,
      'oh_modules/script/src/value.js': `export const value = 'script';`,
      'oh_modules/both/oh-package.json5': `{ "main": "index.ets" }`,
      'oh_modules/both/index.ets': `export const both = 'oh_modules';`,
      'node_modules/both/package.json': `{ "main": "index.js" }`,
      'node_modules/both/index.js': `exports.both = 'node_modules';`,
    };
    assert.deepEqual(await printed(files, 'entry/src/main/ets/main.ets'), [
      'net with part part plain upper script node_modules function',
    ]);
  });

  it('of OpenHarmony are found in node_modules too, with its kind of JavaScript', async () => {
    const files = {
      'main.ets': `import { core } from '@ohos/tests'; console.log(core);`,
      'node_modules/@ohos/tests/package.json': `{ "main": "index.js" }`,
      'node_modules/@ohos/tests/index.ets': `not compiled`,
      'node_modules/@ohos/tests/index.js': `export { core } from './src/core';`,
      'node_modules/@ohos/tests/src/core.js': `export const core = 'core';`,
    };
    assert.deepEqual(await printed(files), ['core']);
  });

  it('that are linked are where they really are', async () => {
    const cwd = await folder({
      'entry/main.ets': `import { library } from 'library'; console.log(library);`,
      'library/oh-package.json5': `{ "main": "Index.ets" }`,
      'library/Index.ets': `import { inner } from './inner'; export const library = inner;`,
      'library/inner.ets': `export const inner = import.meta.url.split('/').slice(-2).join('/');`,
      'entry/oh_modules/.keep': '',
    });
    await symlink(join(cwd, 'library'), join(cwd, 'entry/oh_modules/library'));
    const { lines, stderr } = await node(['--import', 'arkws/register', 'entry/main.ets'], { cwd });
    assert.deepEqual(lines, ['library/inner.ets'], stderr);
  });

  it('of the project itself are found where a manifest says, without an installation', async () => {
    const files = {
      'entry/oh-package.json5': `{ "dependencies": { "@app/library": "file:../library" } }`,
      'entry/src/main/ets/main.ets': `
import { library } from '@app/library';
import { part } from '@app/library/part';
console.log(library, part);
`,
      'library/oh-package.json5': '{ "name": "@app/library" }',
      'library/Index.ets': `export const library = 'library';`,
      'library/part.ets': `export const part = 'part';`,
    };
    assert.deepEqual(await printed(files, 'entry/src/main/ets/main.ets'), ['library part']);
  });

  it('say what is wrong with a manifest', async () => {
    const { stderr } = await runArkTs({
      'main.ets': `import { a } from 'broken'; console.log(a);`,
      'oh_modules/broken/oh-package.json5': '{ "main": }',
    });
    assert.match(stderr, /arkws cannot read .*oh_modules\/broken\/oh-package\.json5: /);
  });
});

describe('TypeScript outside an OpenHarmony project', () => {
  it('stays CommonJS where it is', async () => {
    const files = {
      'main.ets': `import tool from './tools/tool'; console.log(tool.name, tool.twice(2));`,
      'tools/tool.ts': `
const path: typeof import('path') = require('path');
const { half } = require('./half');
module.exports = { name: path.basename(__filename), twice: (value: number) => half(value) * 4 };
`,
      'tools/half.ts': `exports.half = (value: number): number => value / 2;`,
    };
    assert.deepEqual(await printed(files), ['tool.ts 4']);
  });

  it('is CommonJS if its package says so, whatever its syntax', async () => {
    const files = {
      'package.json': '{ "type": "commonjs" }',
      'main.ts': `
import { basename } from 'node:path';
import value = require('./value.cjs');
import { other } from './other';
console.log(basename(__filename), value.value, other, typeof require);
export const nothing: number = 1;
`,
      'other.ts': `export const other: string = 'other ' + typeof module;`,
      'value.cjs': 'exports.value = 1;',
    };
    assert.deepEqual(await printed(files, 'main.ts'), ['main.ts 1 other object function']);
  });

  it('is an ES module if its package or its syntax says so', async () => {
    assert.deepEqual(
      await printed(
        {
          'package.json': '{ "type": "module" }',
          'main.ts': `console.log(typeof require, import.meta.url.slice(-7) as string);`,
        },
        'main.ts',
      ),
      ['undefined main.ts'],
    );
    const program = `export const a: number = 1; console.log(typeof module);`;
    assert.deepEqual(await printed({ 'main.ts': program }, 'main.ts'), ['undefined']);
  });

  it('is compiled as its tsconfig.json says', async () => {
    const program = `
const seen: string[] = [];
function standard(value: unknown, context: { kind: string }) { seen.push(context.kind); }
class Base { set value(value: number) { seen.push('set'); } }
class Derived extends Base {
  value: number = 1;
  @standard method() {}
}
new Derived();
console.log(seen.join());
`;
    const tsconfig = '{ "compilerOptions": { "target": "ES2022", /* and so on */ } }';
    const files = { 'tsconfig.json': tsconfig, 'src/main.ts': program };
    assert.deepEqual(await printed(files, 'src/main.ts'), ['method']);
  });

  it('is an ES module in a project', async () => {
    const files = {
      'package.json': '{ "type": "commonjs" }',
      'entry/oh-package.json5': '{}',
      'entry/main.ts': `import { a } from './a'; console.log(a, typeof module);`,
      'entry/a.ets': 'export const a: number = 1;',
    };
    assert.deepEqual(await printed(files, 'entry/main.ts'), ['1 undefined']);
  });
});

describe('require', () => {
  it('finds and compiles the same files', async () => {
    const files = {
      'main.cjs': `
const { page, Model } = require('./page.ets');
console.log(page, new Model().name);
try {
  require('./fails.ets').fail();
} catch (error) {
  console.log(/fails\\.ets:\\d+:\\d+/.exec(error.stack)[0]);
}
try {
  require('./wrong.ets');
} catch (error) {
  console.log(error.code, /wrong\\.ets:\\d+:\\d+/.exec(error.message)[0]);
}
`,
      'page.ets': `
import { library } from 'library';
import { value } from './value';
@Observed export class Model { @Track name: string = 'model'; }
export const page: string = library + value;
`,
      'value.ets': 'export const value: string = "value";',
      'oh_modules/library/oh-package.json5': '{ main: "Index.ets" }',
      'oh_modules/library/Index.ets': 'export const library: string = "library ";',
      'fails.ets':
        'interface Nothing {\n}\n\nexport function fail() { throw new Error("here"); }\n',
      'wrong.ets': 'let a: number = 1;\nlet b: = 2;\n',
    };
    assert.deepEqual(await printed(files, 'main.cjs'), [
      'library value model',
      'fails.ets:4:32',
      'ARKWS_SYNTAX wrong.ets:2:8',
    ]);
  });
});
