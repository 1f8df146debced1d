// What the tests across the languages share: programs in the background, certificates, and messages
// in fragments.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A program that `cargo xtask test` has built or installed. */
function program(variable) {
  const path = process.env[variable];
  assert.ok(path, `${variable} is not set: run these tests with \`cargo xtask test\``);
  return path;
}

const PROGRAMS = {
  peer: () => [program('ARKWS_TEST_PEER')],
  command: () => [program('ARKWS_TEST_COMMAND')],
  python: () => [program('ARKWS_TEST_PYTHON'), '-u'],
};

const interop = (name) => fileURLToPath(new URL(`interop/${name}`, import.meta.url));

/** How the Rust peer is started. */
export const rust = (...args) => [...PROGRAMS.peer(), ...args];

/** How the command `arkws` is started. */
export const arkws = (...args) => [...PROGRAMS.command(), ...args];

/** How one of the Python scripts in `interop/` is started. */
export const python = (script, ...args) => [...PROGRAMS.python(), interop(script), ...args];

/** Starts a server, ended after the test; returns the URL that its first line of output names. */
export const start = async (t, command) => (await startProgram(t, command)).url;

/** The same, with the program. */
export async function startProgram(t, [command, ...args]) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill());
  const lines = createInterface({ input: child.stdout });
  const [line] = await Promise.race([
    once(lines, 'line'),
    once(child, 'exit').then(([code]) =>
      assert.fail(`${command} ${args.join(' ')} ended with ${code}`),
    ),
  ]);
  const [, url] = /^listening on (\S+)$/.exec(line) ?? assert.fail(`not an address: ${line}`);
  return { child, url };
}

/** Runs a program to its end, which must be a good one. */
export async function run([command, ...args]) {
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (said += text));
  const [code, signal] = await once(child, 'close');
  assert.equal(code, 0, `${command} ${args.join(' ')} ended with ${code ?? signal}: ${said}`);
}

/**
 * A folder with `ca.pem` and the servers' `NAME.pem` and `NAME.key`; removed when the tests end.
 */
export async function certificates() {
  const folder = await mkdtemp(join(tmpdir(), 'arkws-certificates-'));
  process.on('exit', () => rmSync(folder, { recursive: true }));
  await run(rust('certificates', folder));
  return {
    ca: join(folder, 'ca.pem'),
    server: (name) => join(folder, name),
    read: async (name) => ({
      cert: await readFile(join(folder, `${name}.pem`)),
      key: await readFile(join(folder, `${name}.key`)),
    }),
  };
}

/** Messages up to this size go back in one frame: the tests send tens of thousands of them. */
const SMALL = 16;

/** Sends every message back in up to `pieces` frames. */
export const echoInFragments = (pieces) => (socket) => {
  socket.on('message', (data, binary) => {
    if (data.length <= SMALL) return socket.send(data, { binary });
    for (const [piece, fin] of fragments(data, pieces)) socket.send(piece, { binary, fin });
  });
};

/** Cuts data into up to `pieces` pieces of some length each, the last one marked. */
export function fragments(data, pieces) {
  const length = Math.max(1, Math.ceil(data.length / pieces));
  const cut = [];
  for (let at = 0; at === 0 || at < data.length; at += length) {
    cut.push([data.subarray(at, at + length), at + length >= data.length]);
  }
  return cut;
}
