// What arkws has not of the platform may be imported and mentioned; its use throws, and says how to
// give a stub.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { transformSync } from 'esbuild';
import { arkwsRun, folder, node } from './support.mjs';

const FILES = {
  'mentions.ets': `
    import { UIAbility, AbilityConstant, Want } from '@kit.AbilityKit';
    import { window, display as screen } from '@kit.ArkUI';
    import sensor from '@ohos.sensor';
    import deviceInfo, * as all from '@ohos.deviceInfo';
    import lazy { image } from '@kit.ImageKit';
    import { systemDateTime, BusinessError } from '@kit.BasicServicesKit'; // a kit that there is
    import util from '@ohos.util';
    import { /* a "comment" */ util as again } from '@kit.ArkTS';
    export { call } from '@kit.TelephonyKit';
    export class Ability extends UIAbility {
      reason: AbilityConstant.LaunchReason = AbilityConstant.LaunchReason.START_ABILITY;
      onCreate(want: Want): void {
        window.create('name');
      }
    }
    const list = [window, screen, sensor, deviceInfo, all, image, systemDateTime, util.LRUCache];
    console.log(list.every((value) => value !== undefined), list.length);
    console.log(sensor.SensorId.GYROSCOPE === sensor.SensorId.GYROSCOPE, util === again);
    const resolved = await Promise.resolve(sensor);
    console.log({} instanceof UIAbility, typeof BusinessError, resolved === sensor);
    console.log(sensor, deviceInfo.brand);
  `,
  'others.ets': `
    import { collections } from '@arkts.collections';
    import { accountManager } from '@hms.core.account';
    import chat from 'libchat.so';
    import { connect } from 'libchat.so';
    import app from '@system.app';
    console.log(typeof collections.Array, typeof accountManager, typeof chat.send, typeof app);
    try { chat.send(); } catch (error) { console.log(error.message); }
  `,
  'uses.ets': `
    import { UIAbility, window } from '@kit.ArkUI';
    import sensor from '@ohos.sensor';
    import { systemDateTime } from '@kit.BasicServicesKit';
    import util from '@ohos.util';
    import * as info from '@ohos.deviceInfo';
    class Ability extends UIAbility {}
    const uses: Record<string, () => void> = {
      call: () => window.getLastWindow(),
      callModule: () => sensor(),
      callMember: () => sensor.on(1),
      construct: () => new window.Window(),
      extend: () => new Ability(),
      convert: () => \`\${info.brand}\`,
      add: () => sensor.count + 1,
      key: () => ({ [sensor.id]: 1 }),
      spread: () => [...sensor.list],
      change: () => { sensor.on = 1; },
      json: () => JSON.stringify({ brand: info.brand }),
      ofKit: () => systemDateTime.getTime(),
      ofNamespace: () => new util.LRUCache(),
    };
    for (const [name, use] of Object.entries(uses)) {
      try {
        use();
        console.log(name, 'nothing');
      } catch (error) {
        console.log(name, error.code ?? error, error.message.split(', of which')[0]);
      }
    }
    try {
      sensor.on();
    } catch (error) {
      console.log(error.message);
      console.log(error.stack.split('\\n')[1]);
    }
  `,
  'dynamic.mjs': `
    const { sensor } = await import('@kit.SensorServiceKit');
    const kit = await import('@kit.BasicServicesKit');
    console.log(typeof sensor.on, typeof kit.systemDateTime, kit.BusinessError.name);
  `,
  'required.cjs': `
    const { sensor } = require('@kit.SensorServiceKit');
    const { systemDateTime, BusinessError } = require('@kit.BasicServicesKit');
    const info = require('@ohos.deviceInfo');
    console.log(typeof sensor.on, typeof systemDateTime, BusinessError.name, info.default === info);
    for (const use of [() => sensor.on(), () => systemDateTime.getTime()])
      try { use(); } catch (error) { console.log(error.message.replace(/ A stub.*/, '')); }
  `,
  'compiled.cjs': transformSync(
    `import sensor, { SensorId } from '@ohos.sensor';
    import util from '@ohos.util';
    import { window as main } from '@kit.ArkUI';
    import { BusinessError, systemDateTime } from '@kit.BasicServicesKit';
    console.log(typeof sensor.on, typeof SensorId.A, typeof main.Window, BusinessError.name);
    console.log(typeof systemDateTime.getTime, util.format('%s', 1), typeof util.LRUCache);`,
    { format: 'cjs', loader: 'ts' },
  ).code,
  'imports-cjs.mjs': `import './required.cjs';`,
  'app/build-profile.json5': `{ app: { products: [{ compatibleSdkVersion: '12' }] } }`,
  'app/main.ets': `
    import { webSocket } from '@kit.NetworkKit';
    import { use } from './uses';
    import './also';
    try {
      use();
    } catch (error) {
      console.log(error.message.replace(/ A stub.*/, ''), typeof webSocket);
    }
  `,
  'app/uses.ets': `
    import sensor from '@ohos.sensor';
    export const use = () => sensor.on();
  `,
  'app/also.ets': "import { hilog } from '@kit.PerformanceAnalysisKit'; export const log = hilog;",
};

describe('what arkws has not of the platform', () => {
  let cwd;
  before(async () => (cwd = await folder(FILES)));
  const registered = (file) => node(['--import', 'arkws/register', file], { cwd });

  it('may be imported in every form, mentioned and extended', async () => {
    const { lines, stderr } = await arkwsRun(join(cwd, 'mentions.ets'));
    assert.equal(stderr, '');
    assert.deepEqual(lines, [
      'true 8',
      'true true',
      'false function true',
      '[class stand-in for @ohos.sensor] [class stand-in for @ohos.deviceInfo brand]',
    ]);
  });

  it('may have any name that is no npm package: @arkts, @hms, a library of the app', async () => {
    const { lines, stderr } = await arkwsRun(join(cwd, 'others.ets'));
    assert.equal(lines[0], 'function function function function', stderr);
    assert.match(lines[1], /^libchat\.so: 'send' was called, .*"\.\/stubs\/chat\.ets"/);
  });

  it('throws on use, and names module, member, file and how to give a stub', async () => {
    const { lines, stderr } = await arkwsRun(join(cwd, 'uses.ets'));
    const code = 'ARKWS_STAND_IN';
    assert.deepEqual(
      lines.slice(0, -2),
      [
        `call ${code} @kit.ArkUI: 'window.getLastWindow' was called`,
        `callModule ${code} @ohos.sensor: it was called`,
        `callMember ${code} @ohos.sensor: 'on' was called`,
        `construct ${code} @kit.ArkUI: 'window.Window' was constructed`,
        `extend ${code} @kit.ArkUI: 'UIAbility' was constructed`,
        `convert ${code} @ohos.deviceInfo: 'brand' was converted to a primitive`,
        `add ${code} @ohos.sensor: 'count' was converted to a primitive`,
        `key ${code} @ohos.sensor: 'id' was converted to a primitive`,
        `spread ${code} @ohos.sensor: 'list' was iterated`,
        `change ${code} @ohos.sensor: 'on' was changed`,
        'json nothing',
        `ofKit ${code} @kit.BasicServicesKit: 'systemDateTime.getTime' was called`,
        `ofNamespace ${code} @ohos.util: 'LRUCache' was constructed`,
      ],
      stderr,
    );
    const [message, place] = lines.slice(-2);
    assert.ok(message.includes(`(imported by ${join(cwd, 'uses.ets')})`), message);
    assert.match(
      message,
      /"arkws": \{ "stubs": \{ "@ohos\.sensor": "\.\/stubs\/sensor\.ets" \} \}/,
    );
    assert.match(place, /uses\.ets:32:14/);
  });

  it('names the files that import the module, and no others of the project', async () => {
    const { lines, stderr } = await arkwsRun(join(cwd, 'app/main.ets'));
    const by = `of which arkws has but a stand-in (imported by ${join(cwd, 'app/uses.ets')}).`;
    assert.deepEqual(lines, [`@ohos.sensor: 'on' was called, ${by} object`], stderr);
  });

  it('is found by import()', async () => {
    const { lines, stderr } = await registered('dynamic.mjs');
    assert.deepEqual(lines, ['function function BusinessError'], stderr);
  });

  for (const file of ['required.cjs', 'imports-cjs.mjs']) {
    it(`is found by require, in ${file}`, async () => {
      const { lines, stderr } = await registered(file);
      const by = `of which arkws has but a stand-in (imported by ${join(cwd, 'required.cjs')}).`;
      assert.deepEqual(
        lines,
        [
          'function function BusinessError true',
          `@kit.SensorServiceKit: 'sensor.on' was called, ${by}`,
          `@kit.BasicServicesKit: 'systemDateTime.getTime' was called, ${by}`,
        ],
        stderr,
      );
    });
  }
});

describe('what a compiler makes of imports, for require', () => {
  it('finds what arkws has, and stand-ins for the rest', async () => {
    const cwd = await folder(FILES);
    const { lines, stderr } = await node(['--require', 'arkws/register', 'compiled.cjs'], { cwd });
    assert.deepEqual(
      lines,
      ['function function function BusinessError', 'function 1 function'],
      stderr,
    );
  });
});

describe('a stub', () => {
  const sensor = (text) => `export default { on: () => '${text}' };`;
  const USE = `
    import sensor from '@ohos.sensor';
    console.log(sensor.on());
  `;
  const files = {
    'project/package.json': JSON.stringify({
      arkws: { stubs: { '@ohos.sensor': './stubs/sensor.ets', '@kit.ArkTS': './stubs/arkts.mjs' } },
    }),
    'project/stubs/sensor.ets': `const text: string = 'package'; ${sensor("' + text + '")}`,
    'project/stubs/arkts.mjs': `export const util = 'no util';`,
    'project/src/package.json': '{ "type": "module" }',
    'project/src/main.ets': USE,
    'project/src/shim.ets': `import { util } from '@kit.ArkTS'; console.log(util);`,
    'other/stubs.json': '{ "@ohos.sensor": "./sensor.cjs" }',
    'other/sensor.cjs': `exports.on = () => 'environment';`,
    'other/call.ets': 'export default { on: () => "call" };',
    'calls.mjs': `
      import { createRequire } from 'node:module';
      createRequire(import.meta.url)('arkws/register').stub({ '@ohos.sensor': './other/call.ets' });
      await import('./project/src/main.ets');
    `,
    'takes-back.mjs': `
      import register from 'arkws/register';
      register.stub({ '@ohos.sensor': new URL('./other/call.ets', import.meta.url) });
      register.stub({ '@ohos.sensor': undefined });
      await import('./project/src/main.ets');
    `,
    'required.cjs': `
      require('arkws/register').stub({ '@ohos.sensor': __dirname + '/other/sensor.cjs' });
      console.log(require('@ohos.sensor').on());
    `,
    'wrong.cjs': `
      const { stub } = require('arkws/register');
      const sensor = './other/call.ets';
      for (const map of [null, [], { sensor }, { '@ohos.a': './none.ets' }, { '@ohos.a': 1 }])
        try { stub(map); } catch (error) { console.log(error.code, error.message); }
    `,
    'bad/package.json': '{ "arkws": { "stubs": { "@ohos.sensor": "./none.ets" } } }',
    'bad/main.ets': USE,
    'kept/package.json': '{ "arkws": { "stubs": { "@kit.NetworkKit": "./network.ets" } } }',
    'kept/network.ets': `
      export * from '@kit.NetworkKit';
      export const http = { createHttp: (): string => 'stub' };
    `,
    'kept/Main.ets': `
      import { http, webSocket } from '@kit.NetworkKit';
      console.log(http.createHttp(), typeof webSocket.createWebSocket);
    `,
    'kept/stubs/network.cjs': `
      module.exports = { ...require('@kit.NetworkKit'), http: 'stub' };
    `,
    'kept/main.cjs': `
      require('arkws/register').stub({ '@kit.NetworkKit': __dirname + '/stubs/network.cjs' });
      const { http, webSocket } = require('@kit.NetworkKit');
      console.log(http, typeof webSocket.createWebSocket);
    `,
    'library.ets': "import chat from 'libchat.so'; console.log(chat.send());",
    'library.json': '{ "libchat.so": "./chat.ets" }',
    'chat.ets': "export default { send: (): string => 'sent' };",
  };
  let cwd;
  before(async () => (cwd = await folder(files)));
  const registered = (file, env) => node(['--import', 'arkws/register', file], { cwd, env });

  it('is given by the nearest package.json that has stubs', async () => {
    const { lines, stderr } = await registered('project/src/main.ets');
    assert.deepEqual(lines, ['package'], stderr);
  });

  it('may replace what arkws has', async () => {
    const { lines, stderr } = await registered('project/src/shim.ets');
    assert.deepEqual(lines, ['no util'], stderr);
  });

  it('is given by the environment, before the package', async () => {
    const env = { ARKWS_STUBS: './other/stubs.json' };
    const { lines, stderr } = await registered('project/src/main.ets', env);
    assert.deepEqual(lines, ['environment'], stderr);
  });

  it('is given by a call, before all others, and taken back', async () => {
    const env = { ARKWS_STUBS: './other/stubs.json' };
    assert.deepEqual((await registered('calls.mjs', env)).lines, ['call']);
    const { lines, stderr } = await registered('takes-back.mjs');
    assert.deepEqual(lines, ['package'], stderr);
  });

  it('may build on the module that it stands for', async () => {
    const { lines, stderr } = await registered('kept/Main.ets');
    assert.deepEqual(lines, ['stub function'], stderr);
    const required = await node(['kept/main.cjs'], { cwd });
    assert.deepEqual(required.lines, ['stub function'], required.stderr);
  });

  it('stands for a native library of the app', async () => {
    const { lines, stderr } = await registered('library.ets', { ARKWS_STUBS: './library.json' });
    assert.deepEqual(lines, ['sent'], stderr);
  });

  it('is given to require', async () => {
    const { lines, stderr } = await node(['required.cjs'], { cwd });
    assert.deepEqual(lines, ['environment'], stderr);
  });

  it('that is none is told', async () => {
    const { lines } = await node(['wrong.cjs'], { cwd });
    assert.equal(lines.length, 5);
    for (const line of lines) assert.match(line, /^ARKWS_STUBS arkws: stub/);
    assert.match(lines[3], /the stub for @ohos\.a does not exist: .*none\.ets/);
    const { stderr } = await registered('bad/main.ets');
    assert.match(stderr, /arkws\.stubs of .*package\.json: the stub for @ohos\.sensor does not/);
    assert.doesNotMatch(stderr, /cause/);
    const env = { ARKWS_STUBS: 'other/call.ets' };
    assert.match(
      (await registered('bad/main.ets', env)).stderr,
      /call\.ets cannot be read as JSON/,
    );
  });
});
