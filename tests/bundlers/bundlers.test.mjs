// Programs that bundlers have made one file of: they find the native module, or say truly what is
// missing.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import commonjs from '@rollup/plugin-commonjs';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import * as esbuild from 'esbuild';
import { rollup } from 'rollup';
import * as vite from 'vite';
import webpack from 'webpack';
import { platformArchAbi } from '../../npm/lib/abi.js';
import { echo, serve } from '../../npm/test/servers.mjs';

const PACKAGE = dirname(fileURLToPath(import.meta.resolve('arkws/package.json')));
const NATIVE = join(PACKAGE, 'native');
const NAME = `arkws.${platformArchAbi()}.node`;

const PROGRAM = `
  import webSocket from 'arkws';
  import { WebSocket } from 'arkws/web';
  const ws = webSocket.createWebSocket();
  ws.on('open', () => ws.send('in one file'));
  ws.on('message', (_, text) => {
    ws.close();
    const web = new WebSocket(process.argv[2], { proxy: 'no-proxy' });
    web.onopen = () => web.send(text);
    web.onmessage = ({ data }) => {
      console.log(data);
      web.close();
    };
  });
  ws.connect(process.argv[2], { proxy: 'no-proxy' });
`;

/**
 * Each makes `output` of the program `entry`, whole or, if it is `external`, without arkws. What
 * the latter adds is what npm/README.md says.
 */
const BUNDLERS = {
  'esbuild, CommonJS': [
    'cjs',
    (entry, output, external) => runEsbuild(entry, output, 'cjs', external),
  ],
  'esbuild, ES module': [
    'mjs',
    (entry, output, external) => runEsbuild(entry, output, 'esm', external),
  ],
  'rollup, CommonJS': [
    'cjs',
    (entry, output, external) => runRollup(entry, output, 'cjs', external),
  ],
  'rollup, ES module': [
    'mjs',
    (entry, output, external) => runRollup(entry, output, 'es', external),
  ],
  'webpack, CommonJS': [
    'cjs',
    (entry, output, external) => runWebpack(entry, output, {}, external),
  ],
  'webpack, ES module': [
    'mjs',
    (entry, output, external) =>
      runWebpack(
        entry,
        output,
        { experiments: { outputModule: true }, output: { module: true } },
        external,
      ),
  ],
  vite: ['mjs', runVite],
};

async function runEsbuild(entry, output, format, external) {
  await esbuild.build({
    entryPoints: [entry],
    outfile: output,
    bundle: true,
    platform: 'node',
    format,
    logLevel: 'error',
    ...(external && { external: ['arkws'] }),
  });
}

async function runRollup(entry, output, format, external) {
  const build = await rollup({
    input: entry,
    plugins: [nodeResolve({ preferBuiltins: true }), commonjs()],
    ...(external && { external: [/^arkws/] }),
    onwarn: fail,
  });
  await build.write({ file: output, format });
  await build.close();
}

function runWebpack(entry, output, { output: kind, ...options }, external) {
  const bundle = webpack({
    mode: 'production',
    target: 'node',
    entry,
    output: { path: dirname(output), filename: output.slice(dirname(output).length + 1), ...kind },
    ...options,
    ...(external && {
      externals: { arkws: 'commonjs arkws', 'arkws/web': 'commonjs arkws/web' },
    }),
  });
  return new Promise((resolve, reject) => {
    bundle.run((error, stats) => {
      if (error !== null) return reject(error);
      const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
      const problems = [...errors, ...warnings].map(({ message }) => message);
      bundle.close(() =>
        problems.length > 0 ? reject(new Error(problems.join('\n'))) : resolve(),
      );
    });
  });
}

async function runVite(entry, output, external) {
  await vite.build({
    root: dirname(entry),
    logLevel: 'error',
    build: {
      ssr: entry,
      outDir: dirname(output),
      rollupOptions: { output: { entryFileNames: output.slice(dirname(output).length + 1) } },
    },
    ssr: external ? { external: ['arkws'] } : { noExternal: true },
  });
}

/** Puts the package there as npm does: vite takes a linked one for a part of the program. */
async function install(target) {
  const left = [join(PACKAGE, 'native'), join(PACKAGE, 'node_modules'), join(PACKAGE, 'test')];
  await cp(PACKAGE, target, { recursive: true, filter: (file) => !left.includes(file) });
  await symlink(NATIVE, join(target, 'native'));
}

function fail(warning) {
  assert.fail(`rollup warns: ${warning.message}`);
}

/** Runs a bundle to its end: what it said, and how it ended. */
async function run(bundle, url, variables = {}) {
  const child = spawn(process.execPath, [bundle, url], {
    env: { ...process.env, ARKWS_NATIVE: '', ...variables },
  });
  const [said, words, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { code, said, words };
}

for (const [name, [ending, bundle]] of Object.entries(BUNDLERS)) {
  describe(`a program bundled by ${name}`, () => {
    let folder;
    let entry;
    let good;

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'arkws-bundles-'));
      await mkdir(join(folder, 'source', 'node_modules'), { recursive: true });
      await install(join(folder, 'source', 'node_modules', 'arkws'));
      entry = join(folder, 'source', 'program.mjs');
      await writeFile(entry, PROGRAM);
      good = { code: 0, said: 'in one file\n', words: '' };
    });
    after(() => rm(folder, { recursive: true }));

    it('with arkws runs with the module beside it, or where it is named, or installed', async (t) => {
      const url = await serve(t, echo);
      const output = join(folder, 'whole', `bundle.${ending}`);
      await bundle(entry, output, false);

      const missing = await run(output, url);
      assert.equal(missing.code, 1);
      assert.ok(missing.words.includes(join(folder, 'whole', 'native', NAME)), missing.words);
      assert.match(missing.words, /Beside a bundle belongs the file .*ARKWS_NATIVE names one/);

      const nowhere = await run(output, url, { ARKWS_NATIVE: 'nowhere.node' });
      assert.match(nowhere.words, /nowhere\.node does not exist, which ARKWS_NATIVE names/);
      const named = await run(output, url, { ARKWS_NATIVE: join(NATIVE, NAME) });
      assert.deepEqual(named, good);

      const modules = join(folder, 'whole', 'node_modules');
      await mkdir(modules);
      await symlink(PACKAGE, join(modules, 'arkws'));
      assert.deepEqual(await run(output, url), good);
      await rm(modules, { recursive: true });

      await symlink(NATIVE, join(folder, 'whole', 'native'));
      assert.deepEqual(await run(output, url), good);
    });

    it('without arkws runs where arkws is installed', async (t) => {
      const url = await serve(t, echo);
      const output = join(folder, 'source', 'out', `bundle.${ending}`);
      await bundle(entry, output, true);
      assert.deepEqual(await run(output, url), good);
    });
  });
}
