// Packages as npm packs them, and projects that they are installed in.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);

/** Where `cargo xtask packages --dev` has put what npm would publish. */
const PACKAGES =
  process.env.ARKWS_TEST_PACKAGES ??
  fileURLToPath(new URL('../../target/packages', import.meta.url));

export const tarballs = (await readdir(PACKAGES)).map((name) => join(PACKAGES, name));

/** The tarball of a package: `arkws`, or that of a platform. */
export function tarballOf(name) {
  const start = `${name.replace('@', '').replace('/', '-')}-`;
  const found = tarballs.filter((file) => /^\d/.test(file.slice(join(PACKAGES, start).length)));
  return found.find((file) => file.startsWith(join(PACKAGES, start))) ?? assert.fail(name);
}

const folders = [];
process.on('exit', () => folders.forEach((root) => rmSync(root, { recursive: true })));

/** A new folder with `files` (path → text); removed when the tests end. */
export async function folder(files = {}) {
  const root = await mkdtemp(join(tmpdir(), 'arkws-install-'));
  folders.push(root);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return root;
}

/** Runs a program to its end: how that was, and what it said. */
export async function run(command, args, { cwd, env } = {}) {
  const { NODE_TEST_CONTEXT: _, ARKWS_NATIVE: _also, ...surroundings } = process.env;
  const child = spawn(command, args, {
    cwd,
    env: { ...surroundings, no_proxy: '*', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 120_000,
  });
  const [said, words, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { code, said, words };
}

/** Every Node.js that programs run under. */
export const NODES = process.env.ARKWS_TEST_NODES?.split(delimiter) ?? [process.execPath];

/** Node.js, the one that the tests run under. */
export const node = (args, options) => run(process.execPath, args, options);

const cache = await folder();

/** npm, which asks no registry but this one. */
export function npm(args, { cwd, registry = 'http://127.0.0.1:9/' }) {
  const env = {
    npm_config_audit: 'false',
    npm_config_cache: cache,
    npm_config_fund: 'false',
    npm_config_loglevel: 'error',
    npm_config_registry: registry,
    npm_config_update_notifier: 'false',
  };
  return run('npm', args, { cwd, env });
}

/** What must have ended well; what it printed. */
export function good({ code, said, words }) {
  assert.equal(code, 0, words + said);
  return said;
}

/** Packs a folder as it is; the tarball. */
export async function pack(root) {
  const said = good(await npm(['pack', '--json', '--ignore-scripts'], { cwd: root }));
  return join(root, JSON.parse(said)[0].filename);
}

/** Packs what is installed for the tests: esbuild, and its program for this machine. */
export async function packEsbuild() {
  const names = ['esbuild', `@esbuild/${process.platform}-${process.arch}`];
  return Promise.all(
    names.map(async (name) => {
      const root = await folder();
      await cp(dirname(require.resolve(`${name}/package.json`)), root, { recursive: true });
      return pack(root);
    }),
  );
}
