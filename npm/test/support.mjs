// A folder with the package installed, and programs run in it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { platformArchAbi } from '../lib/abi.js';

export const packageRoot = fileURLToPath(new URL('..', import.meta.url));
/** The native module that the tests load. */
export const nativeModule =
  process.env.ARKWS_NATIVE ?? join(packageRoot, 'native', `arkws.${platformArchAbi()}.node`);
export const examples = fileURLToPath(new URL('../../examples', import.meta.url));

const folders = [];
process.on('exit', () => folders.forEach((root) => rmSync(root, { recursive: true })));

/**
 * A new folder with `files` (path → text) in which the package is installed; removed when the tests
 * end.
 */
export async function folder(files = {}) {
  const root = await mkdtemp(join(tmpdir(), 'arkws-test-'));
  folders.push(root);
  await mkdir(join(root, 'node_modules'));
  await symlink(packageRoot, join(root, 'node_modules/arkws'));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return root;
}

/**
 * Runs Node.js to its end, with at most `files` open files. A program that hangs is ended, and says
 * so by its signal.
 */
export async function node(args, { cwd, env, files } = {}) {
  const { OHOS_API_VERSION: _, NODE_EXTRA_CA_CERTS: _also, ...surroundings } = process.env;
  const command = [process.execPath, ...args];
  if (files !== undefined) command.unshift('sh', '-c', `ulimit -n ${files} && exec "$0" "$@"`);
  const child = spawn(command[0], command.slice(1), {
    cwd,
    env: { ...surroundings, ...env },
    timeout: 30_000,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  const [code, signal] = await once(child, 'close');
  return { code, signal, stdout, stderr, lines: stdout.split('\n').slice(0, -1) };
}

/** `arkws run`. */
export const arkwsRun = (file, args = [], options = {}) =>
  node([join(packageRoot, 'bin/arkws.mjs'), 'run', file, ...args], options);

/** A program of `files`, run with `arkws/register` from its `main`. */
export async function runArkTs(files, main = 'main.ets') {
  const cwd = await folder(files);
  return node(['--import', 'arkws/register', main], { cwd });
}

/** What such a program prints, which must end well. */
export async function printed(files, main) {
  const { code, lines, stderr } = await runArkTs(files, main);
  if (code !== 0) throw new Error(`it ended with ${code}: ${stderr}`);
  return lines;
}

/** The lines that an ArkTS program prints, each a JSON value. */
export async function printedValues(program) {
  return (await printed({ 'main.ets': program })).map((line) => JSON.parse(line));
}

/** For such a program: prints values, and tells how a call fails. */
export const SHOW = `
const show = (...values: Object[]) => console.log(JSON.stringify(values));
const failure = (run: () => void) => {
  try {
    run();
  } catch (error) {
    return [error.code, error instanceof BusinessError];
  }
};
`;
