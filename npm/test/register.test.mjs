// `node --import arkws/register`: the platform's modules by their own names.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { folder, node } from './support.mjs';

const MODULES = `
  import webSocket from '@ohos.net.webSocket';
  import { BusinessError } from '@ohos.base';
  import { webSocket as kit } from '@kit.NetworkKit';
  import { BusinessError as kitError } from '@kit.BasicServicesKit';
  import arkws, { webSocket as named, BusinessError as arkwsError } from 'arkws';
`;

const PROGRAMS = {
  'names.mjs': `${MODULES}
    const ws = webSocket.createWebSocket();
    console.log(typeof ws.connect, typeof kit.createWebSocket().connect, typeof arkws.createWebSocket().connect);
    console.log(named === arkws, BusinessError === kitError, BusinessError === arkwsError);
    console.log(webSocket.TlsProtocol.TLS_V_1_3, typeof webSocket.createWebSocketServer);
    try {
      ws.on('open');
    } catch (error) {
      console.log(error instanceof BusinessError, error instanceof Error, error.code);
    }
  `,
  'names.cjs': `
    const webSocket = require('@ohos.net.webSocket');
    const { BusinessError } = require('@ohos.base');
    const { webSocket: kit } = require('@kit.NetworkKit');
    const { BusinessError: kitError } = require('@kit.BasicServicesKit');
    const arkws = require('arkws');
    console.log(typeof webSocket.createWebSocket().connect, typeof webSocket.default.createWebSocket().connect);
    console.log(typeof kit.createWebSocket().connect, typeof arkws.createWebSocket().connect, typeof arkws.webSocket.createWebSocket().connect);
    console.log(BusinessError === kitError, BusinessError === arkws.BusinessError);
    import('@kit.BasicServicesKit').then((module) => console.log(module.BusinessError === BusinessError));
  `,
  'levels.mjs': `${MODULES}
    // The levels differ in the code for a URL that is none: 401 at 10, 2302001 from 12.
    const code = (module) => module.createWebSocket().connect('http://host').catch((error) => error.code);
    console.log(await code(webSocket), await code(kit), await code(arkws));
  `,
  'others.mjs': `
    import { readFileSync } from 'node:fs';
    import { createRequire } from 'node:module';
    import value from './value.cjs';
    console.log(typeof readFileSync, value, createRequire(import.meta.url)('./value.cjs'));
    await import('missing').catch((error) => console.log(error.code));
  `,
  'value.cjs': `module.exports = 1;`,
  'worker.mjs': `
    import { Worker, isMainThread } from 'node:worker_threads';
    import { webSocket } from '@kit.NetworkKit';
    console.log(isMainThread, typeof webSocket.createWebSocket().connect);
    if (isMainThread) new Worker(new URL(import.meta.url));
  `,
  'program.ets': `
    import { webSocket } from '@kit.NetworkKit';
    let ws: webSocket.WebSocket = webSocket.createWebSocket();
    console.log(typeof ws.connect);
  `,
  'wrong.ets': 'let a: = 1;',
  'lacks.ets': "// The second line:\nimport './nothing';",
  'throws.ets': `interface Nothing {
  none: boolean;
}

throw new Error('here');
`,
};

describe('arkws/register', () => {
  let cwd;
  before(async () => (cwd = await folder(PROGRAMS)));
  const registered = (file) => node(['--import', 'arkws/register', file], { cwd });

  it('gives ES modules the documented names', async () => {
    const { lines, stderr } = await registered('names.mjs');
    assert.deepEqual(
      lines,
      ['function function function', 'true true true', '3 function', 'true true 401'],
      stderr,
    );
  });

  for (const flag of ['--import', '--require']) {
    it(`gives CommonJS the documented names, by ${flag}`, async () => {
      const { lines, stderr } = await node([flag, 'arkws/register', 'names.cjs'], { cwd });
      assert.deepEqual(
        lines,
        ['function function', 'function function function', 'true true', 'true'],
        stderr,
      );
    });
  }

  it('takes the API level from the name, unless the environment sets it', async () => {
    assert.deepEqual((await registered('levels.mjs')).lines, ['401 2302001 2302001']);
    const options = { cwd, env: { OHOS_API_VERSION: '11' } };
    assert.deepEqual((await node(['--import', 'arkws/register', 'levels.mjs'], options)).lines, [
      '401 401 401',
    ]);
  });

  it('leaves all other imports alone', async () => {
    assert.deepEqual((await registered('others.mjs')).lines, [
      'function 1 1',
      'ERR_MODULE_NOT_FOUND',
    ]);
  });

  it('holds in worker threads too', async () => {
    const { lines, stderr } = await registered('worker.mjs');
    assert.deepEqual(lines, ['true function', 'false function'], stderr);
  });

  it('shows lines of the .ets file in a stack trace', async () => {
    const { stderr } = await registered('throws.ets');
    assert.match(stderr, /Error: here\n\s+at .*throws\.ets:5:7/);
  });

  it("shows none of the loader's frames when a file cannot be loaded", async () => {
    for (const [file, place] of [
      ['wrong.ets', /SyntaxError.*: \/.*\/wrong\.ets:1:8\n[^]*\n {4}at \/.*\/wrong\.ets:1:8\n/],
      ['lacks.ets', /Cannot find module .*\n {4}at \/.*\/lacks\.ets:2:8 \{/],
    ]) {
      const { code, stderr } = await registered(file);
      assert.equal(code, 1);
      assert.match(stderr, place);
      assert.doesNotMatch(stderr, /\/hooks\/|^ +at .*node:internal/m);
    }
  });

  it('runs .ets files', async () => {
    const { lines, stderr } = await registered('program.ets');
    assert.deepEqual(lines, ['function'], stderr);
  });
});
