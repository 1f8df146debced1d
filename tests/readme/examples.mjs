// The examples of a page, run as they stand there but for ports, each in a folder with the package
// installed.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import webSocket from 'arkws';
import { next } from '../../npm/test/events.mjs';
import { folder } from '../../npm/test/support.mjs';

const execute = promisify(execFile);

/** A page's examples, and which of them were tried. */
export class Examples {
  #code;
  #tried = new Set();

  /** The text of the page. */
  text;

  constructor(text) {
    this.text = text;
    const blocks = text.matchAll(/^```[jt]s\n\/\/ (\S+)\n(.*?)^```$/gms);
    this.#code = new Map([...blocks].map(([, name, code]) => [name, code]));
  }

  /** Those of the file, by its path from the root of the repository. */
  static async of(path) {
    return new Examples(await readFile(new URL(`../../${path}`, import.meta.url), 'utf8'));
  }

  /** The code of one, as it stands there. */
  code(name) {
    this.#tried.add(name);
    return this.#code.get(name);
  }

  /** A folder with these; servers get a free port, clients `port`. */
  async folderWith(names, port = 0) {
    const files = {};
    for (const name of names) {
      const code = this.code(name).replace(/(serverPort: |listen\()\d+/, '$10');
      files[name] = code.replace(/((?:127\.0\.0\.1|localhost):)8\d+/g, `$1${port}`);
    }
    return folder(files);
  }

  /** Runs one to its end: what it prints. */
  async output(name, port, command = [name]) {
    const cwd = await this.folderWith([name], port);
    const { stdout, stderr } = await execute(process.execPath, command, { cwd });
    assert.equal(stderr, '');
    return stdout;
  }

  /** Asserts that each was tried. */
  assertAllTried() {
    assert.deepEqual([...this.#tried].sort(), [...this.#code.keys()].sort());
    const blocks = this.text.match(/^```[jt]s$/gm) ?? [];
    assert.equal(blocks.length, this.#code.size, 'each names its file');
  }
}

/** Starts a server in the folder, ended after the test: its port, and further lines. */
export async function started(t, name, cwd) {
  const child = spawn(process.execPath, [name], { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const { value } = await lines.next();
  return { port: Number(/^listening on port (\d+)$/.exec(value)[1]), lines, child, ended };
}

/** A client that is connected. */
export async function opened(url, options = {}) {
  const ws = webSocket.createWebSocket();
  const open = next(ws, 'open');
  await ws.connect(url, options);
  await open;
  return ws;
}

/** Asserts that a web page of another site is refused. */
export async function assertOthersRefused(url, options = {}) {
  const page = webSocket.createWebSocket();
  const refused = next(page, 'error');
  await page.connect(url, { ...options, header: { Origin: 'https://other.example' } });
  const [{ data, response }] = await refused;
  assert.deepEqual([data, /origin/.test(response.body)], ['403', true]);
}
