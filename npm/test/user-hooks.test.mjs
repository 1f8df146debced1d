// Hooks of the program's own work together with ours, whichever were registered first.
import assert from 'node:assert/strict';
import module from 'node:module';
import { before, describe, it } from 'node:test';
import { folder, node } from './support.mjs';

/** Both hooks, as one interface or the other wants them: `WAIT` is `async` or nothing. */
const HOOKS = `
  export WAIT function resolve(specifier, context, next) {
    if (specifier === '@ohos.sensor' || specifier === '@ohos.util')
      return next(new URL('./mine.mjs', import.meta.url).href, context);
    return next(specifier, context);
  }
  export WAIT function load(url, context, next) {
    const loaded = AWAIT next(url, context);
    if (!url.endsWith('.ets')) return loaded;
    const source = String(loaded.source).replace('VERSION', '"1.2.3"');
    return { ...loaded, source };
  }
`;
const FILES = {
  'sync.mjs': HOOKS.replaceAll('AWAIT ', '').replaceAll('WAIT ', ''),
  'async.mjs': HOOKS.replaceAll('AWAIT', 'await').replaceAll('WAIT', 'async'),
  'register-sync.mjs': `
    import { registerHooks } from 'node:module';
    import * as hooks from './sync.mjs';
    registerHooks({ resolve: hooks.resolve, load: hooks.load });
  `,
  'register-async.mjs': `
    import { register } from 'node:module';
    register('./async.mjs', import.meta.url);
  `,
  'client.ets': `
    import { webSocket } from '@kit.NetworkKit';
    import sensor from '@ohos.sensor';
    export const make = (): Object => webSocket.createWebSocket();
    export const on = (): Object => sensor.on(1);
  `,
  'mock.test.mjs': `
    import { it, mock } from 'node:test';
    it('mocks', async () => {
      const createWebSocket = () => 'mocked socket';
      mock.module('@kit.NetworkKit', { namedExports: { webSocket: { createWebSocket } } });
      mock.module('@ohos.sensor', { defaultExport: { on: () => 'mocked sensor' } });
      const { make, on } = await import('./client.ets');
      console.log(make(), on());
    });
  `,
  'mine.mjs': `export default 'mine';`,
  'main.ets': `
    import sensor from '@ohos.sensor';
    import util from '@ohos.util';
    import { hilog } from '@kit.PerformanceAnalysisKit';
    interface Version { text: string }
    const version: Version = { text: VERSION };
    console.log(sensor, util, typeof hilog.info, version.text);
  `,
};

describe('hooks of the program', () => {
  let cwd;
  before(async () => (cwd = await folder(FILES)));

  // That of Node.js 20 takes the name for a file's.
  const skip = module.registerHooks === undefined && 'mock.module of Node.js 22.15';
  it('may be those of mock.module', { skip }, async () => {
    const flags = ['--import', 'arkws/register', '--experimental-test-module-mocks'];
    const { stdout, stderr } = await node([...flags, 'mock.test.mjs'], { cwd });
    assert.match(stdout, /mocked socket mocked sensor/, stderr);
  });

  const kinds = ['register-async.mjs'];
  if (typeof module.registerHooks === 'function') kinds.push('register-sync.mjs');
  for (const kind of kinds) {
    const hooks = `./${kind}`;
    for (const order of [
      [hooks, 'arkws/register'],
      ['arkws/register', hooks],
    ]) {
      it(`are asked, by --import ${order.join(' --import ')}`, async () => {
        const imports = order.flatMap((name) => ['--import', name]);
        const { lines, stderr } = await node([...imports, 'main.ets'], { cwd });
        assert.deepEqual(lines, ['mine mine function 1.2.3'], stderr);
      });
    }
  }
});
