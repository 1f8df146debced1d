// API level and permission are those of the file that imports the module, whatever runs it.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { arkwsRun, folder, node } from './support.mjs';

const INTERNET = "requestPermissions: [{ name: 'ohos.permission.INTERNET' }]";
const profile = (level, modules) =>
  `{ app: { products: [{ compatibleSdkVersion: '${level}' }] }, modules: [${modules}] }`;
const module = (permissions) => `{ module: { name: 'entry', ${permissions} } }`;

/** What a call without a server tells of its level and its permission. */
const CLIENT = `
  import { webSocket } from '@kit.NetworkKit';
  import { getApiVersion } from 'arkws';
  export const codes = async (): Promise<string> => {
    const ws = webSocket.createWebSocket();
    const code = await ws.connect('http://host').catch((error) => error.code);
    const server = webSocket.createWebSocketServer();
    return \`\${getApiVersion(ws)} \${getApiVersion(server)} \${code}\`;
  };
`;
const OLD = CLIENT.replace('{ webSocket }', 'webSocket').replace(
  '@kit.NetworkKit',
  '@ohos.net.webSocket',
);

const FILES = {
  // A project at level 11, of which one module has the permission.
  'held/build-profile.json5': profile(11, "{ srcPath: './entry' }, { srcPath: './common' }"),
  'held/entry/build-profile.json5': '{ apiType: "stageMode" }',
  'held/entry/src/main/module.json5': module(INTERNET),
  'held/entry/src/main/ets/Client.ets': CLIENT,
  'held/common/src/main/module.json5': module(''),
  'held/common/src/main/ets/Client.ets': CLIENT,
  'held/common/src/main/ets/Main.ets':
    "import { codes } from './Client';\nconsole.log(await codes());",
  // One at level 12, without it.
  'denied/build-profile.json5': profile(12, "{ srcPath: './entry' }"),
  'denied/entry/src/main/module.json5': module(''),
  'denied/entry/src/main/ets/Client.ets': CLIENT,
  'denied/entry/src/main/ets/Old.ets': OLD,
  'denied/entry/src/main/ets/Main.ets':
    "import { codes } from './Client';\nconsole.log(await codes());",
  // None.
  'none/Client.ets': CLIENT,
  'none/Old.ets': OLD,
  'none/client.cjs': `
    const { getApiVersion } = require('arkws');
    const { webSocket } = require('@kit.NetworkKit');
    exports.level = () => getApiVersion(webSocket.createWebSocket());
  `,
  'held/entry/client.cjs': `
    const { getApiVersion } = require('arkws');
    const { webSocket } = require('@kit.NetworkKit');
    exports.webSocket = webSocket;
    exports.level = () => getApiVersion(webSocket.createWebSocket());
  `,
};

const EACH = `
  const expected = {
    './held/entry/src/main/ets/Client.ets': '11 11 401',
    './held/common/src/main/ets/Client.ets': '11 11 401',
    './denied/entry/src/main/ets/Client.ets': '12 12 201',
    './denied/entry/src/main/ets/Old.ets': '12 12 201',
    './none/Client.ets': '26 26 2302001',
    './none/Old.ets': '10 10 401',
  };
  const found = {};
  for (const file of Object.keys(expected)) found[file] = await (await import(file)).codes();
`;

describe('API level and permission', () => {
  let cwd;
  before(async () => {
    cwd = await folder({
      ...FILES,
      'each.mjs': `import assert from 'node:assert';\n${EACH}\nassert.deepEqual(found, expected);`,
      'each.test.mjs': `
        import assert from 'node:assert';
        import { it } from 'node:test';
        it('has them', async () => { ${EACH} assert.deepEqual(found, expected); });
      `,
      // A main module that has another project around it, as a test runner's may.
      'denied/runner.mjs': `process.chdir('..'); await import('../each.mjs');`,
      'required.cjs': `
        const levels = ['none', 'held/entry'].map((name) => require(\`./\${name}/client.cjs\`).level());
        console.log(...levels);
      `,
      'mocked.mjs': `
        import { webSocket as here } from '@kit.NetworkKit';
        import { mock } from 'node:test';
        import { createRequire } from 'node:module';
        const { codes, webSocket } = await import('./held/common/src/main/ets/Shown.ets');
        const required = createRequire(import.meta.url)('./held/entry/client.cjs').webSocket;
        console.log(required === webSocket, here === webSocket);
        mock.method(required, 'createWebSocket', () => { throw new Error('mocked'); });
        console.log(await codes().catch((error) => error.message));
      `,
      'held/common/src/main/ets/Shown.ets': `${CLIENT} export { webSocket };`,
      'main.mjs': `
        import arkws, { getApiVersion } from 'arkws';
        const before = arkws.createWebSocket();
        console.log(getApiVersion(), getApiVersion(before));
      `,
      'held/main.mjs': `
        import arkws, { getApiVersion, setApiVersion } from 'arkws';
        const before = arkws.createWebSocket();
        setApiVersion(9);
        console.log(getApiVersion(before), getApiVersion());
        for (const wrong of [null, 1, {}, 'arkws'])
          try { getApiVersion(wrong); } catch (error) { console.log(error.code); }
      `,
    });
  });
  const registered = (...args) => node(['--import', 'arkws/register', ...args], { cwd });

  it('are those of the importing file, in one process', async () => {
    const { code, stderr } = await registered('each.mjs');
    assert.equal(code, 0, stderr);
  });

  it('are not those of the main module', async () => {
    const { code, stderr } = await registered('denied/runner.mjs');
    assert.equal(code, 0, stderr);
  });

  it('are the same under node:test', async () => {
    const { code, stdout } = await registered('--test', 'each.test.mjs');
    assert.equal(code, 0, stdout);
  });

  it('are the same under arkws run', async () => {
    const run = async (project, module) => {
      const main = join(cwd, project, module, 'src/main/ets/Main.ets');
      const { lines, stderr } = await arkwsRun(main);
      assert.equal(stderr, '');
      return lines[0];
    };
    assert.equal(await run('held', 'common'), '11 11 401');
    assert.equal(await run('denied', 'entry'), '12 12 201');
  });

  it('are those of the file that requires', async () => {
    const { lines, stderr } = await registered('required.cjs');
    assert.deepEqual(lines, ['26 11'], stderr);
  });

  it('come with one object for all files of a project, whose members tests replace', async () => {
    const { lines, stderr } = await registered('mocked.mjs');
    assert.deepEqual(lines, ['true false', 'mocked'], stderr);
  });

  it('are told by getApiVersion, of an object and of the main module', async () => {
    assert.deepEqual((await node(['main.mjs'], { cwd })).lines, ['26 26']);
    const { lines, stderr } = await node(['held/main.mjs'], { cwd });
    assert.deepEqual(lines, ['11 9', '401', '401', '401', '401'], stderr);
  });

  it('are logged with the files that they come from', async () => {
    const log = async (file, env) => {
      const options = { cwd, env: { ARKWS_LOG: 'debug', ...env } };
      const { stderr } = await node(['--import', 'arkws/register', file], options);
      return stderr;
    };
    const each = await log('each.mjs');
    assert.match(each, /API level level=11 from=\S+\/held\/build-profile\.json5/);
    assert.match(each, /API level level=10 from=the name of the imported module/);
    assert.match(each, /INTERNET permission requested by=\S+held\/entry\/src\/main\/module\.json5/);
    assert.match(each, /INTERNET permission missing why=.*denied\/entry\/src\/main\/module\.json5/);
    const env = await log('main.mjs', { OHOS_API_VERSION: '9' });
    assert.match(env, /API level level=9 from=OHOS_API_VERSION/);
    assert.match(await log('held/main.mjs'), /API level level=9 from=setApiVersion/);
  });
});
