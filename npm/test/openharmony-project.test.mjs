// A project laid out like one of OpenHarmony's says which permission it has and which API level it
// is for.
import assert from 'node:assert/strict';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, it } from 'node:test';
import { serve } from './servers.mjs';
import { arkwsRun, examples, folder } from './support.mjs';

describe('an OpenHarmony project', () => {
  let project;
  beforeEach(async () => {
    project = await folder();
    await cp(join(examples, 'openharmony-project'), project, { recursive: true });
  });

  async function change(path, from, to) {
    const text = await readFile(join(project, path), 'utf8');
    assert.ok(text.includes(from));
    await writeFile(join(project, path), text.replace(from, to));
  }
  const echo = (t) =>
    serve(t, (socket) =>
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
    );
  const run = (url, env) => arkwsRun(join(project, 'entry/src/main/ets/Main.ets'), [url], { env });
  const PERMISSION = '{ "name": "ohos.permission.INTERNET" },';

  it('talks to a server when its module requests the permission', async (t) => {
    const { lines, stderr } = await run(await echo(t));
    assert.deepEqual(lines, ['closed: 1000 CLOSE_NORMAL', 'answer: Hello, server!'], stderr);
  });

  it('fails with 201 when its module does not', async (t) => {
    await change('entry/src/main/module.json5', PERMISSION, '');
    const { lines, stderr } = await run(await echo(t));
    assert.equal(lines.length, 1, stderr);
    assert.match(
      lines[0],
      /^failed: 201 Permission denied: .*ohos\.permission\.INTERNET.*module\.json5/,
    );
  });

  it('fails with 201 when its module requests another permission only', async (t) => {
    await change(
      'entry/src/main/module.json5',
      'ohos.permission.INTERNET',
      'ohos.permission.CAMERA',
    );
    const { lines } = await run(await echo(t));
    assert.match(lines.join(), /^failed: 201 /);
  });

  it('behaves as the API level of its build profile', async (t) => {
    // Level 10 closes without a reason, level 12 with one.
    await change('build-profile.json5', '"5.0.0(12)"', '10');
    const { lines, stderr } = await run(await echo(t));
    assert.deepEqual(lines, ['closed: 1000 ', 'answer: Hello, server!'], stderr);
  });

  it('behaves as another API level if the environment or the program says so', async (t) => {
    const url = await echo(t);
    const OHOS_API_VERSION = '10';
    assert.deepEqual((await run(url, { OHOS_API_VERSION })).lines[0], 'closed: 1000 ');
    const path = 'entry/src/main/ets/Main.ets';
    await change(
      path,
      'import { BusinessError }',
      "import { setApiVersion } from 'arkws';\nimport { BusinessError }",
    );
    await change(path, 'async function', 'setApiVersion(26);\nasync function');
    assert.deepEqual((await run(url, { OHOS_API_VERSION })).lines, [
      'closed: 1000 CLOSE_NORMAL',
      'answer: Hello, server!',
    ]);
  });
});
