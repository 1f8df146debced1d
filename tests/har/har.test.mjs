// The package for ohpm, but for its native libraries: what is in it, what apps may write, and that
// it works over the functions of Node-API; and that the module of the system does.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { checkArkTS, compareRefused, refusedLines } from '../../npm/test/arkts/check.mjs';
import { echo, serve } from '../../npm/test/servers.mjs';

const json5 = createRequire(import.meta.url)('../../npm/hooks/json5.js');
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const HAR = process.env.ARKWS_TEST_HAR;
assert.ok(HAR, 'ARKWS_TEST_HAR is not set: run these tests with `cargo xtask test har`');

const files = (await readdir(HAR, { recursive: true, withFileTypes: true }))
  .filter((entry) => entry.isFile())
  .map(({ name, parentPath, path }) => join(parentPath ?? path, name).slice(HAR.length + 1))
  .sort();
const read = (path) => readFile(join(HAR, path), 'utf8');

describe('the package', () => {
  it('has these files', async () => {
    const core = (await readdir(here('../../npm/core'))).filter((file) => file !== 'bundle.mjs');
    const expected = [
      'CHANGELOG.md',
      'LICENSE',
      'LICENSE-APACHE',
      'README.md',
      'index.ets',
      'oh-package.json5',
      ...['arkws.h', 'net_websocket.h', 'net_websocket_type.h'].map(
        (header) => `src/main/cpp/include/${header}`,
      ),
      'src/main/cpp/types/libarkws/index.d.ts',
      'src/main/cpp/types/libarkws/oh-package.json5',
      'src/main/ets/arkws.d.ts',
      'src/main/ets/arkws.js',
      ...core.map((file) => `src/main/ets/core/${file}`),
      'src/main/module.json5',
    ];
    assert.deepEqual(files, expected.sort());
  });

  it('is an ohpm package and a HAR module of the same name', async () => {
    const manifest = json5.parse(await read('oh-package.json5'));
    const { version } = JSON.parse(await readFile(here('../../npm/package.json'), 'utf8'));
    assert.equal(manifest.name, 'arkws');
    assert.equal(manifest.version, version);
    assert.equal(manifest.compatibleSdkVersion, 12);
    assert.ok(files.includes(manifest.main));
    const { module } = json5.parse(await read('src/main/module.json5'));
    assert.deepEqual([module.name, module.type], ['arkws', 'har']);
    for (const [name, at] of Object.entries(manifest.dependencies)) {
      const types = json5.parse(await read(join(at.slice('file:'.length), 'oh-package.json5')));
      assert.equal(types.name, name);
      assert.ok(files.includes(join(at.slice('file:'.length), types.types)));
    }
  });

  it('imports what it has, the native half and three modules of the platform', async () => {
    const others = new Set();
    for (const file of files.filter((file) => /\.(ets|js|mjs)$/.test(file))) {
      for (const [, name] of (await read(file)).matchAll(
        /^(?:import|export|}).* from '(.+)';$/gm,
      )) {
        if (!name.startsWith('.')) others.add(name);
        else {
          const path = join(dirname(file), name);
          // A `.js` file with its declarations beside it, as the compiler finds it.
          assert.ok(files.includes(path) || files.includes(`${path}.js`), `${file}: ${name}`);
        }
      }
    }
    const platform = ['@ohos.hilog', '@ohos.net.connection', '@ohos.util'];
    assert.deepEqual([...others].sort(), [...platform, 'libarkws.so']);
  });
});

describe('in strict ArkTS', () => {
  const app = ['Chat.ets', 'Mistakes.ets'].map((name) => here(`app/${name}`));
  let folder;
  let switched;
  let diagnostics;

  before(async () => {
    // Outside of it, as in an app: a package's own files are not the app's.
    folder = await mkdtemp(join(tmpdir(), 'arkws-har-'));
    const reference = here('../../examples/api-reference');
    const programs = [
      ...['client.ets', 'server.ets'].map((name) => here(`../../npm/test/arkts/pass/${name}`)),
      ...(await readdir(reference)).map((name) => join(reference, name)),
    ].filter((name) => name.endsWith('.ets'));
    switched = [];
    for (const program of programs) {
      const text = await readFile(program, 'utf8');
      const lines = text.split('\n');
      const changed = lines.map((line) =>
        line.replace(
          /^(import .*\bwebSocket\b.* from) '@(kit\.NetworkKit|ohos\.net\.webSocket)'/,
          "$1 'arkws'",
        ),
      );
      const count = changed.filter((line, at) => line !== lines[at]).length;
      assert.equal(count, 1, `an app switches by one line: ${program}`);
      switched.push(join(folder, basename(program)));
      await writeFile(switched.at(-1), changed.join('\n'));
    }
    const rootNames = [here('platform.d.ts'), join(HAR, 'index.ets'), ...app, ...switched];
    diagnostics = checkArkTS(rootNames, HAR, { arkws: ['index.ets'] });
  });
  after(() => rm(folder, { recursive: true }));

  it('its own file is right', () =>
    assert.deepEqual(diagnostics.get(join(HAR, 'index.ets')), undefined));

  it('its declarations are right', () =>
    assert.deepEqual(diagnostics.get(join(HAR, 'src/main/ets/arkws.d.ts')), undefined));

  it('an app is right, with the types of the platform beside it', () =>
    assert.deepEqual(diagnostics.get(app[0]), undefined));

  it("programs for the platform's module are right when one line of them is another", () => {
    for (const file of switched) assert.deepEqual(diagnostics.get(file), undefined, file);
  });

  it('mistakes are refused, and nothing else', async () => {
    const refused = await refusedLines(app[1]);
    const { others, lines } = compareRefused(diagnostics.get(app[1]) ?? [], refused);
    assert.deepEqual(others, []);
    assert.deepEqual(lines, new Set(refused.keys()));
  });
});

for (const [name, file] of [
  ['the module of the package', join(HAR, 'src/main/ets/arkws.js')],
  ['the module of the system', here('../../crates/node/ark/system.mjs')],
])
  describe(`${name}, over the native half`, { timeout: 60_000 }, () => {
    let program;

    before(async () => {
      assert.ok(existsSync(file));
      program = fork(here('run.mjs'), [file], {
        execArgv: ['--experimental-vm-modules', '--no-warnings'],
      });
      assert.deepEqual(await once(program, 'message'), ['ready', undefined]);
    });
    after(() => program.kill());

    async function ask(...question) {
      program.send(question);
      const [answer] = await once(program, 'message');
      assert.equal(answer.error, undefined, answer.error);
      return answer.value;
    }

    it('connects, sends text and hears it again', async (t) => {
      assert.equal(await ask('echo', await serve(t, echo), 'h\u00e9llo'), 'h\u00e9llo');
    });

    it('tells mistakes as warnings in the log', async () => {
      assert.match(await ask('mistake'), /ARKWS_UNKNOWN_EVENT: on\("opne"\)/);
    });

    it('reconnects when the platform tells of a network', async (t) => {
      let connections = 0;
      const url = await serve(t, (socket) => {
        if (++connections === 1) socket.terminate();
      });
      assert.equal(await ask('reconnect', url), 1);
      assert.equal(connections, 2);
    });
  });
