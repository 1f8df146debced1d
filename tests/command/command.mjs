// The command `arkws`, run as a person or a script would.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { arkws } from '../support.mjs';

/** The environment, but for what it says of proxies. */
export function surroundings() {
  const names = /^(https?|all|no)_proxy$/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !names.test(name)));
}

/** Starts it in an environment that names no proxy; ended after the test. */
export function start(t, args, { cwd, env } = {}) {
  const [command, ...given] = arkws(...args);
  const child = spawn(command, given, { cwd, env: { ...surroundings(), ...env } });
  t.after(() => child.kill());
  return child;
}

/** Runs it to its end, with this input. */
export async function run(t, args, input = '', options = {}) {
  const child = start(t, args, options);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  // It may end before it has read everything.
  child.stdin.on('error', () => {}).end(input);
  const [code, signal] = await once(child, 'close');
  return { code, signal, stdout, stderr };
}

/** Starts `arkws serve`: its URL, which is the first line that it writes. */
export async function serve(t, ...args) {
  const child = start(t, ['serve', ...args]);
  child.stderr.resume();
  const [url] = await once(createInterface({ input: child.stdout }), 'line');
  return url;
}

/** Starts `arkws proxy`: its URLs, that of the inspector if it has one, and what else it writes. */
export async function proxy(t, target, ...args) {
  const child = start(t, ['proxy', '--no-proxy', '0', target, ...args]);
  child.stderr.resume();
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => (await lines.next()).value;
  const url = await next();
  const page = args.includes('--inspect') ? await next() : undefined;
  return { child, url, page, next };
}
