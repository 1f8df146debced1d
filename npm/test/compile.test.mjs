// How `.ets` and `.ts` files are found and compiled.
import assert from 'node:assert/strict';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { folder, node } from './support.mjs';

/** Runs `main.ets`, or another of the files. */
async function run(files, main = 'main.ets') {
  const cwd = await folder(files);
  return node(['--import', 'arkws/register', main], { cwd });
}

async function lines(files, main) {
  const { code, lines, stderr } = await run(files, main);
  assert.equal(code, 0, stderr);
  return lines;
}

describe('ArkTS is compiled as on the platform', () => {
  it('with fields that are assigned', async () => {
    const program = `
class Base {
  seen: string[] = [];
  kept: number = 1;
  set value(value: number) { this.seen.push('set ' + value); }
}
class Derived extends Base {
  value: number = 2;
  kept: number;
}
const derived = new Derived();
console.log(derived.seen.join(), derived.kept);
`;
    assert.deepEqual(await lines({ 'main.ets': program }), ['set 2 1']);
  });

  it('with decorators as TypeScript had them first', async () => {
    const program = `
function logged(target: Object, key: string, descriptor: PropertyDescriptor): PropertyDescriptor {
  const original: Function = descriptor.value;
  descriptor.value = function (...args: Object[]) {
    return key + ' ' + original.apply(this, args);
  };
  return descriptor;
}
function named(name: string) {
  return (target: Function): void => { target.prototype.label = name; };
}
@named('class')
class Service {
  label?: string;
  @logged
  answer(): number { return 42; }
}
console.log(new Service().answer(), new Service().label);
`;
    assert.deepEqual(await lines({ 'main.ets': program }), ['answer 42 class']);
  });

  it('with decorators that need no import, and that the program does not see', async () => {
    const program = `
@Observed
export class Model {
  @Track name: string = 'model';
}
@ObservedV2
class Second {
  @Trace count: number = 1;
  @Monitor('count') changed(): void {}
  @Computed get twice(): number { return this.count * 2; }
}
@Sendable
class Shared {
  @Type(Model) model: Model = new Model();
  @Watch('changed') @State state: number = 3;
}
@Concurrent
function work(value: number): number { return value + 1; }
@Concurrent
export async function later(): Promise<number> { return 5; }
@Sendable
type Callback = () => void;

console.log(new Model().name, new Second().twice, new Shared().state, work(3), await later());
console.log(Object.keys(globalThis).filter((name) => /Observed|State|arkws/.test(name)).length);
const describeIt = (Observed: string) => Observed + { State: 'own' }.State;
console.log(describeIt('parameter, '), typeof (globalThis as Object)['Track']);
`;
    assert.deepEqual(await lines({ 'main.ets': program }), [
      'model 2 3 4 5',
      '0',
      'parameter, own undefined',
    ]);
  });

  it("with the program's own names before those that need no import", async () => {
    const program = `
import { State } from './state';
class Event { name: string = 'own'; }
console.log(State.Open, new Event().name);
`;
    const nodes = `console.log(new Event('click').type, new EventTarget() instanceof EventTarget);`;
    assert.deepEqual(await lines({ 'main.ets': nodes }), ['click true']);
    const files = { 'main.ets': program, 'state.ets': 'export enum State { Closed, Open }' };
    assert.deepEqual(await lines(files), ['1 own']);
  });

  it('with resources that can be mentioned, and say what they are when they are used', async () => {
    const program = `
const title: Resource = $r('app.string.title');
const icon = $rawfile('icon.png');
console.log(title, icon);
for (const use of [() => title.id, () => \`\${icon}\`, () => AppStorage.get('name')]) {
  try {
    use();
  } catch (error) {
    console.log(error.message);
  }
}
`;
    const needs = 'needs the platform: off the device there is no ArkUI';
    assert.deepEqual(await lines({ 'main.ets': program }), [
      "The resource $r('app.string.title') The resource $rawfile('icon.png')",
      `The resource $r('app.string.title') ${needs}`,
      `The resource $rawfile('icon.png') ${needs}`,
      `AppStorage ${needs}`,
    ]);
  });

  it('with `import lazy`', async () => {
    const program = `
import lazy { first, second as other } from './values';
import lazy third from './values';
import lazy from './lazy';
console.log(first, other, third, lazy);
`;
    const values = 'export const first = 1; export const second = 2; export default 3;';
    const files = { 'main.ets': program, 'values.ets': values, 'lazy.ets': 'export default 4;' };
    assert.deepEqual(await lines(files), ['1 2 3 4']);
  });

  it('with types that are exported again without being called types', async () => {
    const files = {
      'main.ets': `
import { Shape, Named, describe, Both, Local, Only, Renamed } from './again';
import * as all from './index';
const shape: Shape & Only & Renamed = { sides: 3 };
const named: Named = { name: 'triangle' };
console.log(describe(shape, named), new Both().both, Object.keys(all).join());
`,
      'index.ets': `
export { Shape, Alias as Named, describe } from './shape';
import { Both } from './shape';
import Default from './shape';
interface Local { local: number }
import type { Shape as Only } from './shape';
import { type Shape as Renamed, describe as unused } from './shape';
export { Both, Local, Default, Only, Renamed };
`,
      'again.ets': `
export { Shape, Named, describe, Both, Local, Only, Renamed } from './index';
`,
      'shape.ets': `
export interface Shape { sides: number }
export declare type Alias = { name: string };
export interface Both { extra?: number }
export class Both { both: string = 'class and interface'; }
export default interface Default { nothing: void }
export function describe(shape: Shape, named: Alias): string { return named.name + shape.sides; }
`,
    };
    assert.deepEqual(await lines(files), [
      'triangle3 class and interface Both,Default,Local,Named,Only,Renamed,Shape,describe',
    ]);
  });

  it('without annotations, which it tells', async () => {
    const program = 'const value: number = 1;\n\n  @interface Checked {\n  level: number = 1;\n}\n';
    const { code, stderr } = await run({ 'main.ets': program });
    assert.equal(code, 1);
    assert.match(stderr, /main\.ets:3:3\n\n {6}@interface Checked \{\n {6}\^\n/);
    assert.match(stderr, /@interface declares an annotation, Checked: metadata that only OpenHarm/);
  });
});

describe('a struct', () => {
  const PAGE = `import { router } from '@kit.ArkUI';
import { Greeting } from './greeting';

const HIDDEN = 'struct Text { }' + \`struct Template { \${"}"} \` + /struct [{"'\`]/.source;
// struct Comment {
/* struct Other { */
export class Page {
  title: string = new Greeting().text;
  fail(): never { throw new Error('line 9'); }
}

@Entry({ routeName: 'main' })
@Component
export struct Index {
  @State message: string = '} \`\${ {';
  @Link @Watch('changed') private linked: number;

  build() {
    Column() {
      Text(\`\${this.message} } \`).onClick(() => { router.back(); /* } */ })
      if (this.linked > 1) { Text("}") } // }
    }
    .width('100%')
  }
}

@Builder
export function Header(title: string) {
  Row() { Text(title) }.height(10)
}

@Extend(Text) function fancy(size: number) {
  .fontSize(size)
}

@Component struct Inner { build() {} }
@Preview @Component export default struct Default { build() {} }

export const header = wrapBuilder(Header);
export let struct = HIDDEN.length, other = struct
String(other);
export function last(): never { throw new Error('line 42'); }
`;
  const FILES = {
    'page.ets': PAGE,
    'greeting.ets': `export class Greeting { text: string = 'hello'; }`,
  };

  it('is left out, so that the rest of its file can be used, on its lines', async () => {
    const { lines, stderr } = await run({
      ...FILES,
      'main.ets': `
import { Page, struct, last, header } from './page';
console.log(new Page().title, struct, typeof header.builder);
for (const fail of [() => new Page().fail(), last]) {
  try {
    fail();
  } catch (error) {
    console.log(error.message, /page\\.ets:(\\d+:\\d+)/.exec(error.stack)[1]);
  }
}
`,
    });
    assert.deepEqual(lines, ['hello 48 function', 'line 9 9:25', 'line 42 42:39'], stderr);
    const warnings = stderr.match(/page\.ets:\d+: the struct \w+ is left out/g);
    assert.deepEqual(warnings, [
      'page.ets:14: the struct Index is left out',
      'page.ets:36: the struct Inner is left out',
      'page.ets:37: the struct Default is left out',
    ]);
  });

  it('can be imported, and says what it is when it is made', async () => {
    const { lines, stderr } = await run({
      ...FILES,
      'main.ets': `
import Default, { Index, Header } from './page';
console.log(Index.name, Default.name, Header.name);
for (const use of [() => new Index(), () => new Default(), () => Header('title')]) {
  try {
    use();
  } catch (error) {
    console.log(error.message.replace(/\\(.*\\//, '('));
  }
}
`,
    });
    const needs = 'needs the platform: off the device there is no ArkUI';
    assert.deepEqual(
      lines,
      [
        'Index Default Header',
        `The struct Index (page.ets:14) ${needs}`,
        `The struct Default (page.ets:37) ${needs}`,
        `The function Header (page.ets:28), which builds components, ${needs}`,
      ],
      stderr,
    );
  });
});

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
    assert.deepEqual(await lines(files, 'app/main.ets'), [found]);
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
    assert.deepEqual(await lines(files, 'entry/src/main/ets/main.ets'), [
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
    assert.deepEqual(await lines(files), ['core']);
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
    assert.deepEqual(await lines(files, 'entry/src/main/ets/main.ets'), ['library part']);
  });

  it('say what is wrong with a manifest', async () => {
    const { stderr } = await run({
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
    assert.deepEqual(await lines(files), ['tool.ts 4']);
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
    assert.deepEqual(await lines(files, 'main.ts'), ['main.ts 1 other object function']);
  });

  it('is an ES module if its package or its syntax says so', async () => {
    assert.deepEqual(
      await lines(
        {
          'package.json': '{ "type": "module" }',
          'main.ts': `console.log(typeof require, import.meta.url.slice(-7) as string);`,
        },
        'main.ts',
      ),
      ['undefined main.ts'],
    );
    const program = `export const a: number = 1; console.log(typeof module);`;
    assert.deepEqual(await lines({ 'main.ts': program }, 'main.ts'), ['undefined']);
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
    assert.deepEqual(await lines(files, 'src/main.ts'), ['method']);
  });

  it('is an ES module in a project', async () => {
    const files = {
      'package.json': '{ "type": "commonjs" }',
      'entry/oh-package.json5': '{}',
      'entry/main.ts': `import { a } from './a'; console.log(a, typeof module);`,
      'entry/a.ets': 'export const a: number = 1;',
    };
    assert.deepEqual(await lines(files, 'entry/main.ts'), ['1 undefined']);
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
    assert.deepEqual(await lines(files, 'main.cjs'), [
      'library value model',
      'fails.ets:4:32',
      'ARKWS_SYNTAX wrong.ets:2:8',
    ]);
  });
});
