// How ArkTS is compiled.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { printed, runArkTs } from './support.mjs';

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
    assert.deepEqual(await printed({ 'main.ets': program }), ['set 2 1']);
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
    assert.deepEqual(await printed({ 'main.ets': program }), ['answer 42 class']);
  });

  it('with decorators that need no import, and that the program does not see', async () => {
    const program = `
import { Type as TypeOf } from '@kit.ArkUI';
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
  @TypeOf(Model) @Type(Model) model: Model = new Model();
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
    assert.deepEqual(await printed({ 'main.ets': program }), [
      'model 2 3 4 5',
      '0',
      'parameter, own undefined',
    ]);
  });

  it('with JSON files, which need no attribute', async () => {
    const program = `
import data from './data.json';
import same from './data.json' with { type: 'json' };
const later = await import('./data.json');
console.log(data.port, same === data, later.default === data);
`;
    const files = { 'main.ets': program, 'data.json': '{ "port": 8080 }' };
    assert.deepEqual(await printed(files), ['8080 true true']);
  });

  it("with the program's own names before those that need no import", async () => {
    const program = `
import { State } from './state';
class Event { name: string = 'own'; }
console.log(State.Open, new Event().name);
`;
    const nodes = `console.log(new Event('click').type, new EventTarget() instanceof EventTarget);`;
    assert.deepEqual(await printed({ 'main.ets': nodes }), ['click true']);
    const files = { 'main.ets': program, 'state.ets': 'export enum State { Closed, Open }' };
    assert.deepEqual(await printed(files), ['1 own']);
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
    assert.deepEqual(await printed({ 'main.ets': program }), [
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
    assert.deepEqual(await printed(files), ['1 2 3 4']);
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
    assert.deepEqual(await printed(files), [
      'triangle3 class and interface Both,Default,Local,Named,Only,Renamed,Shape,describe',
    ]);
  });

  it('without annotations, which it tells', async () => {
    const program = 'const value: number = 1;\n\n  @interface Checked {\n  level: number = 1;\n}\n';
    const { code, stderr } = await runArkTs({ 'main.ets': program });
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
    const { lines, stderr } = await runArkTs({
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
    const { lines, stderr } = await runArkTs({
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
