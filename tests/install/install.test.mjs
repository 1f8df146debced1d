// The packages as npm packs them, installed from a registry into an empty project.
import assert from 'node:assert/strict';
import { copyFile, cp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { platformArchAbi } from '../../npm/lib/abi.js';
import { echo, serve } from '../../npm/test/servers.mjs';
import { serveRegistry } from './registry.mjs';
import { folder, good, NODES, node, npm, pack, packEsbuild, run, tarballOf } from './support.mjs';

const OWN = platformArchAbi();
const VERSION = '0.1.0';

const EXCHANGE = `
  const ws = webSocket.createWebSocket();
  ws.on('open', () => ws.send('installed'));
  ws.on('message', (_, text) => {
    console.log(text);
    ws.close();
  });
  ws.connect(process.argv.at(-1), { proxy: 'no-proxy' });
`;

const PROJECT = {
  'package.json': '{ "private": true }',
  'app.mjs': `import webSocket from 'arkws';${EXCHANGE}`,
  'app.cjs': `const webSocket = require('arkws');${EXCHANGE}`,
  'app.ets': `
import { webSocket } from '@kit.NetworkKit';
let ws: webSocket.WebSocket = webSocket.createWebSocket();
ws.on('open', () => { ws.send('installed'); });
ws.on('message', (_: Object, text: string | ArrayBuffer) => {
  console.log(text as string);
  ws.close();
});
ws.connect(process.argv[2], { proxy: 'no-proxy' });
`,
};

/**
 * Packages of platforms that the machine is not of, without a module. Those of the others that
 * `arkws` names are not in the registry, as before they are published.
 */
const OTHERS = {
  'linux-arm64-musl': { os: ['linux'], cpu: ['arm64'], libc: ['musl'] },
  'linux-x64-musl': { os: ['linux'], cpu: ['x64'], libc: ['musl'] },
  'openharmony-arm64': { os: ['openharmony'], cpu: ['arm64'] },
};

async function packOthers() {
  const packed = Object.entries(OTHERS).map(async ([abi, fields]) => {
    const name = `arkws.${abi}.node`;
    const manifest = { name: `@arkws/${abi}`, version: VERSION, main: name, ...fields };
    return pack(await folder({ 'package.json': JSON.stringify(manifest), [name]: '' }));
  });
  return Promise.all(packed);
}

/** What is installed in a project, of arkws and esbuild. */
async function installed(root) {
  const list = async (...path) => {
    const names = await readdir(join(root, 'node_modules', ...path)).catch(() => []);
    return names.map((name) => [...path, name].join('/'));
  };
  const names = [await list(), await list('@arkws'), await list('@esbuild')].flat();
  return names.filter((name) => !/^[.@][^/]*$/.test(name)).sort();
}

describe('the packed packages', { timeout: 300_000 }, () => {
  let tarballs;
  before(async () => {
    const own = [tarballOf('arkws'), tarballOf(`@arkws/${OWN}`)];
    tarballs = [...own, ...(await packOthers()), ...(await packEsbuild())];
  });

  async function install(t, ...args) {
    const registry = await serveRegistry(t, tarballs);
    const cwd = await folder(PROJECT);
    good(await npm(['install', 'arkws', ...args], { cwd, registry }));
    return { cwd, registry };
  }

  it('are installed in one line, with the module of this platform alone', async (t) => {
    const url = await serve(t, echo);
    const { cwd } = await install(t);
    const esbuild = `@esbuild/${process.platform}-${process.arch}`;
    assert.deepEqual(await installed(cwd), [`@arkws/${OWN}`, esbuild, 'arkws', 'esbuild']);
    const notices = join(cwd, `node_modules/@arkws/${OWN}/THIRD-PARTY-NOTICES.txt`);
    assert.match(await readFile(notices, 'utf8'), /^rustls \d+\.\S+: Apache-2\.0 OR ISC OR MIT$/m);
    const command = join('node_modules', '.bin', 'arkws');
    for (const program of NODES) {
      for (const args of [['app.mjs'], ['app.cjs'], [command, 'run', 'app.ets']]) {
        const ran = await run(program, [...args, url], { cwd });
        assert.equal(good(ran), 'installed\n', `${program} ${args}`);
      }
    }
  });

  it('are the same arkws on every machine: it asks for all platforms, and for nothing else', async () => {
    const args = ['-xzOf', tarballOf('arkws'), 'package/package.json'];
    const { optionalDependencies } = JSON.parse(good(await run('tar', args)));
    const { esbuild: _, ...platforms } = optionalDependencies;
    const source = await readFile(new URL('../../npm/lib/native.js', import.meta.url), 'utf8');
    const [, list] = /const PACKAGED = \[([^\]]+)\]/.exec(source);
    const known = [...list.matchAll(/'([^']+)'/g)].map(([, name]) => [`@arkws/${name}`, VERSION]);
    assert.deepEqual(platforms, Object.fromEntries(known));
  });

  it('run JavaScript without esbuild, and say what compiles ArkTS', async (t) => {
    const url = await serve(t, echo);
    const { cwd, registry } = await install(t);
    await rm(join(cwd, 'node_modules/esbuild'), { recursive: true });
    assert.equal(good(await node(['app.mjs', url], { cwd })), 'installed\n');
    const command = join('node_modules', '.bin', 'arkws');
    for (const args of [
      [command, 'run', 'app.ets', url],
      [command, 'check', '.'],
      ['--import', 'arkws/register', 'app.ets', url],
    ]) {
      const { code, words } = await node(args, { cwd });
      assert.notEqual(code, 0, args.join(' '));
      assert.match(
        words,
        /arkws: \S*app\.ets cannot be compiled: esbuild.*`npm install --save-dev esbuild` adds it/,
      );
    }
    good(await npm(['install', '--save-dev', 'esbuild'], { cwd, registry }));
    assert.equal(good(await node([command, 'run', 'app.ets', url], { cwd })), 'installed\n');
  });

  it('without optional packages say which is missing, and what adds it', async (t) => {
    const url = await serve(t, echo);
    const { cwd, registry } = await install(t, '--omit=optional');
    assert.deepEqual(await installed(cwd), ['arkws']);
    for (const file of ['app.mjs', 'app.cjs']) {
      const { code, words } = await node([file, url], { cwd });
      assert.equal(code, 1);
      assert.match(words, new RegExp(`arkws has no native module for ${OWN}`));
      assert.match(words, new RegExp(`the package @arkws/${OWN}, from \\S+node_modules/arkws/lib`));
      assert.match(words, /--omit=optional/);
      assert.ok(words.includes(`\`npm install @arkws/${OWN}\` adds it`), words);
    }
    good(await npm(['install', `@arkws/${OWN}`], { cwd, registry }));
    assert.equal(good(await node(['app.mjs', url], { cwd })), 'installed\n');
  });

  it('warn where a program has two copies, which share nothing, and not of one that is loaded anew', async (t) => {
    const url = await serve(t, echo);
    const { cwd } = await install(t);
    const other = join(cwd, 'node_modules/dependency/node_modules');
    await mkdir(other, { recursive: true });
    await cp(join(cwd, 'node_modules/arkws'), join(other, 'arkws'), { recursive: true });
    const twice = `
      require('arkws').getApiVersion();
      const { createRequire } = require('node:module');
      for (let times = 0; times < 2; times++) {
        for (const file of Object.keys(require.cache)) delete require.cache[file];
        COPY
      }
    `;
    const programs = { 'same.cjs': "require('arkws').getApiVersion();" };
    programs['other.cjs'] =
      `createRequire(__dirname + '/node_modules/dependency/index.js')('arkws').getApiVersion();`;
    for (const [name, copy] of Object.entries(programs))
      await writeFile(join(cwd, name), twice.replace('COPY', copy));
    assert.equal((await node(['same.cjs', url], { cwd })).words, '');
    const { code, words } = await node(['other.cjs', url], { cwd });
    assert.equal(code, 0, words);
    assert.match(
      words,
      /\[ARKWS_TWO_COPIES\] Warning: arkws is loaded twice, from \S+ and from \S+dependency/,
    );
    assert.match(words, /`npm ls arkws` tells who asks for which/);
  });

  it('of another kind of machine are told from none', async (t) => {
    const { cwd } = await install(t, '--os=linux', '--cpu=arm64', '--libc=musl');
    assert.ok((await installed(cwd)).includes('@arkws/linux-arm64-musl'));
    const { words } = await node(['app.mjs', 'ws://127.0.0.1:9'], { cwd });
    assert.match(words, /Installed is @arkws\/linux-arm64-musl, for another kind of machine/);
  });
});

describe('a package is not packed', { timeout: 60_000 }, () => {
  const refusal = async (root) => {
    const { code, words, said } = await npm(['pack'], { cwd: root });
    assert.notEqual(code, 0, said);
    return /^\S+ is not packed: (.*)$/m.exec(words)?.[1] ?? words;
  };

  /** The unpacked package of this platform, with its guard. */
  async function unpacked() {
    const root = await folder();
    good(await run('tar', ['-xzf', tarballOf(`@arkws/${OWN}`), '-C', root]));
    await copyFile(
      new URL('../../npm/prepack.mjs', import.meta.url),
      join(root, 'package/prepack.mjs'),
    );
    return join(root, 'package');
  }

  it('that is the source of arkws, which names no package of a platform', async () => {
    const root = new URL('../../npm', import.meta.url).pathname;
    assert.match(await refusal(root), /it names no package of a platform: `cargo xtask packages`/);
  });

  it('without its module', async () => {
    const root = await unpacked();
    await rm(join(root, `arkws.${OWN}.node`));
    assert.match(await refusal(root), /it has no native module: ENOENT/);
  });

  it('with a module that was built for development', async () => {
    const why = await refusal(await unpacked());
    assert.match(why, /was built for development: it has .*\.debug_info/);
    assert.match(why, /has \d+ bytes/);
  });

  it('with what is no module, or one for another processor or C library', async () => {
    const root = await unpacked();
    const file = join(root, `arkws.${OWN}.node`);
    const build = async (source, ...args) => {
      await writeFile(join(root, 'module.c'), source);
      good(
        await run('cc', ['-shared', '-fPIC', '-s', '-o', file, 'module.c', ...args], { cwd: root }),
      );
    };
    await build('int something_else(void) { return 1; }');
    assert.match(await refusal(root), /is no module of Node\.js/);
    await build('#include <stdio.h>\nint napi_register_module_v1(void) { return puts(""); }');
    good(await npm(['pack'], { cwd: root }));
    const change = async (from, to) => {
      const manifest = join(root, 'package.json');
      await writeFile(manifest, (await readFile(manifest, 'utf8')).replace(from, to));
    };
    await change('"glibc"', '"musl"');
    assert.match(await refusal(root), /is for gnu/);
    await change(/"(x64|arm64)"/, (_, cpu) => (cpu === 'x64' ? '"arm64"' : '"x64"'));
    assert.match(await refusal(root), /is for ELF's machine \d+, not for/);
  });
});
