// What the tests of resources share: programs that measure themselves, away from the test runner's
// own threads and handles.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Runs a program of this folder to its own end and returns the object that it prints. */
export async function measured(program, ...args) {
  const path = fileURLToPath(new URL(program, import.meta.url));
  // A young generation of a fixed size: it would grow in steps, some ten mebibytes in all.
  const flags = ['--expose-gc', '--max-semi-space-size=2', '--min-semi-space-size=2'];
  const child = spawn(process.execPath, [...flags, path, ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (printed += text));
  const [code, signal] = await once(child, 'close');
  assert.equal(code, 0, `${program} ended with ${code ?? signal}: ${printed}`);
  return JSON.parse(printed);
}
