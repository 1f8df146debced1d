// `arkws check`: all at once that a project wants of the platform and has not.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { examples, folder, node, packageRoot } from './support.mjs';

const FILES = {
  'app/entry/src/main/ets/Ability.ets': `import { UIAbility, Want } from '@kit.AbilityKit';
import type { Size } from '@kit.ArkUI';
import { BusinessError, systemDateTime as time } from '@kit.BasicServicesKit';
import sensor from '@ohos.sensor';
import util from '@ohos.util';
import { webSocket } from '@kit.NetworkKit';

let options: util.TextDecoderOptions | undefined = undefined;
export class Ability extends UIAbility {
  onCreate(want: Want): void {
    console.log(sensor, time.getTime(), util.format('%s', new util.LRUCache()), options);
    webSocket.createWebSocket();
    let text: string = "import { nothing } from '@ohos.nothing'";
  }
  size?: Size;
}
`,
  'app/entry/src/main/ets/Page.ets': `import { router } from '@kit.ArkUI';
import { hilog } from '@kit.PerformanceAnalysisKit';
export const log = (): void => hilog.info(0, 'tag', 'text');
@Entry
@Component
struct Page {
  build() {
    Button('back').onClick(() => router.back())
  }
}
`,
  'app/entry/src/main/ets/Broken.ets': 'let first: number = 1;\nlet second: = 2;\n',
  'app/entry/src/main/ets/types.d.ts': `import '@ohos.sensor'; let a: = 1;`,
  'app/library/index.ts': `export { picker } from '@kit.CoreFileKit';
const load = () => import('@ohos.router');
`,
  'app/oh_modules/other/index.ets': `export { picker } from '@kit.CoreFileKit';`,
  'app/.preview/Old.ets': `export { picker } from '@kit.CoreFileKit';`,
  'app/stubs/sensor.ets': 'export default {};\nexport class UIAbility {}\n',
  'fine/Main.ets': `import { hilog } from '@kit.PerformanceAnalysisKit';
hilog.info(0, 'tag', 'text');
`,
  'stubs.json': '{ "@kit.AbilityKit": "./app/stubs/sensor.ets" }',
  'partial/package.json': '{ "arkws": { "stubs": { "@kit.ArkUI": "stubs/ArkUI.ets" } } }',
  'partial/stubs/ArkUI.ets': 'export const promptAction = {}; export class window {}',
  'partial/Main.ets': `import { promptAction, router } from '@kit.ArkUI';
import * as all from '@kit.ArkUI';
import ui from '@kit.ArkUI';
import libchat from 'libchat.so';
console.log(promptAction, router, all.window, all.display, ui, libchat);
`,
  'partial/cjs/package.json':
    '{ "arkws": { "stubs": { "@kit.ArkUI": "ui.cjs", "@kit.MapKit": "m.ets" } } }',
  'partial/cjs/ui.cjs': 'exports.router = {};',
  'partial/cjs/m.ets': "export * from './n'",
  'partial/cjs/n.ets': 'export const map = 1;',
  'partial/cjs/Main.ets': `import { router } from '@kit.ArkUI'; import { map } from '@kit.MapKit';
console.log(router, map);
`,
  'empty/readme.md': '',
  'wrong/package.json': '{ "arkws": { "stubs": { "@ohos.sensor": "none.ets" } } }',
  'wrong/Main.ets': `import sensor from '@ohos.sensor';\nsensor.on(1);\n`,
};

describe('arkws check', () => {
  let cwd;
  before(async () => (cwd = await folder(FILES)));
  const check = (args, env) =>
    node([join(packageRoot, 'bin/arkws.mjs'), 'check', ...args], { cwd, env });

  const ETS = 'app/entry/src/main/ets';
  const FINDINGS = [
    `${ETS}/Ability.ets:1:10: arkws has no @kit.AbilityKit, imported for 'UIAbility'`,
    `${ETS}/Ability.ets:3:25: arkws has no 'systemDateTime' of @kit.BasicServicesKit`,
    `${ETS}/Ability.ets:4:8: arkws has no @ohos.sensor`,
    `${ETS}/Ability.ets:11:68: arkws has no 'util.LRUCache' of @ohos.util`,
    `${ETS}/Broken.ets:2:13: Unexpected "="`,
    "app/library/index.ts:1:10: arkws has no @kit.CoreFileKit, imported for 'picker'",
    'app/library/index.ts:2:20: arkws has no @ohos.router',
  ];

  it('lists what is used at runtime, with its place, and files that do not compile', async () => {
    const { code, lines, stderr } = await check(['app']);
    assert.deepEqual(lines, [...FINDINGS, '5 files, 7 findings'], stderr);
    assert.equal(code, 1);
  });

  it('lists nothing that a stub stands for', async () => {
    const { lines } = await check(['app'], { ARKWS_STUBS: './stubs.json' });
    assert.ok(lines.length > 0 && !lines.join().includes('AbilityKit'), lines.join('\n'));
  });

  it('lists the names that a stub has not, as far as its file says which it has', async () => {
    const { lines, stderr } = await check(['partial']);
    const lacks = (name) =>
      `the stub for @kit.ArkUI has no '${name}': ${join('partial', 'stubs', 'ArkUI.ets')}`;
    assert.deepEqual(
      lines,
      [
        `partial/Main.ets:1:24: ${lacks('router')}`,
        `partial/Main.ets:5:51: ${lacks('display')}`,
        `partial/Main.ets:3:8: ${lacks('default')}`,
        'partial/Main.ets:4:8: arkws has no libchat.so',
        '5 files, 4 findings',
      ],
      stderr,
    );
  });

  it('says so if nothing is missing', async () => {
    for (const path of ['fine', join(examples, 'openharmony-project')]) {
      const { code, lines, stderr } = await check([path]);
      assert.match(lines.join('\n'), /^(1 file|([2-9]|\d\d+) files), 0 findings$/, stderr);
      assert.equal(code, 0);
    }
  });

  it('refuses what is no folder of such files, and stubs that are none, with 2', async () => {
    for (const [args, words] of [
      [[], /which folder/],
      [['app', 'fine'], /which folder/],
      [['none'], /there is no folder .*none/],
      [['empty'], /there are no \.ets or \.ts files in .*empty/],
      [['wrong'], /the stub for @ohos\.sensor does not exist/],
    ]) {
      const { code, stderr } = await check(args);
      assert.match(stderr, words);
      assert.equal(code, 2);
    }
  });
});
