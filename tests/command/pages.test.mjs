// What the pages say one can type is typed, line by line, but for ports.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { freePort } from '../programs.mjs';
import { arkws } from '../support.mjs';
import { run, surroundings } from './command.mjs';

/** The blocks of a page that use the command, with what they print, if the page says so. */
async function blocks(page) {
  const text = await readFile(new URL(`../../${page}`, import.meta.url), 'utf8');
  const pattern = /^```sh\n(.*?)^```$(?:(?:(?!```).)*?^```text\n(.*?)^```$)?/gms;
  const all = [...text.matchAll(pattern)].map(([, typed, printed]) => ({ typed, printed }));
  return all.filter(({ typed }) => /^(?:.*\| )?arkws /m.test(typed));
}

/** Somebody with a home folder and a shell, who has the command. */
class User {
  #folder;
  #ports = new Map();

  static async of(t) {
    const user = new User();
    user.#folder = await mkdtemp(join(tmpdir(), 'arkws-user-'));
    t.after(() => rm(user.#folder, { recursive: true }));
    await mkdir(join(user.#folder, 'bin'));
    await symlink(arkws()[0], join(user.#folder, 'bin/arkws'));
    return user;
  }

  path(path) {
    return join(this.#folder, path);
  }

  /** With this user's ports. */
  own(text) {
    return text.replace(/\b8\d\d\d\b/g, (port) => this.#ports.get(port));
  }

  /** Runs a block; what is in the background ends with the test. Returns what is printed. */
  async types(t, block) {
    for (const [, port] of block.matchAll(/\b(8\d\d\d)\b/g)) {
      if (!this.#ports.has(port)) this.#ports.set(port, String(await freePort()));
    }
    const script = this.own(block);
    const PATH = `${this.path('bin')}:${process.env.PATH}`;
    const env = { ...surroundings(), PATH, HOME: this.#folder };
    const options = { cwd: this.#folder, env, detached: true };
    const shell = spawn('sh', ['-e', '-c', `${script}\nprintf '\\0'`], options);
    t.after(() => {
      try {
        process.kill(-shell.pid);
      } catch {
        // Nothing of it is left.
      }
    });
    let said = '';
    shell.stderr.setEncoding('utf8').on('data', (text) => (said += text));
    let printed = '';
    shell.stdout.setEncoding('utf8').on('data', (text) => (printed += text));
    const failed = once(shell, 'exit').then(([code]) => {
      assert.equal(code, 0, `${script}\n${said}`);
      return new Promise(() => {});
    });
    // A server is there when it has said where.
    const isServer = /^arkws serve .*&\n$/.test(script);
    while (!printed.includes('\0') || (isServer && !/wss?:.*\n/.test(printed))) {
      await Promise.race([once(shell.stdout, 'data'), failed]);
    }
    return printed.replace('\0', '');
  }
}

/** Types everything on a page, in its order. */
async function typesAll(t, user, page) {
  const all = await blocks(page);
  for (const { typed, printed } of all) {
    const seen = await user.types(t, typed);
    if (printed !== undefined) assert.equal(seen, user.own(printed), typed);
  }
  return all;
}

describe('what the pages say', { timeout: 300_000 }, () => {
  it('README.md', async (t) => {
    const user = await User.of(t);
    const [{ typed }] = await blocks('README.md');
    assert.match(await user.types(t, typed), /^wss?:.*\/\nHello, server!\n$/);
  });

  it('docs/src/command.md', async (t) => {
    const user = await User.of(t);
    const all = await typesAll(t, user, 'docs/src/command.md');
    assert.ok(all.length > 10, 'the pattern finds them');
    await access(user.path('.local/share/man/man1/arkws-connect.1'));
    await access(user.path('.local/share/bash-completion/completions/arkws'));
  });
});

it('flags that the pages name are there', async (t) => {
  const pages = ['command', 'bench', 'conform', 'doctor', 'inspect'];
  const files = [...pages.map((page) => `docs/src/${page}.md`), 'crates/cli/README.md'];
  const help = async (...topic) => (await run(t, ['help', ...topic])).stdout;
  const subcommands = [...(await help()).matchAll(/^ {2}(\w[\w-]*) /gm)].map(([, name]) => name);
  assert.ok(subcommands.includes('connect') && subcommands.includes('tls'), 'it finds them');
  const helps = await Promise.all(subcommands.map((name) => help(name)));
  const flagsOf = (text) => [...text.matchAll(/(?<![\w-])--[a-z][a-z-]+/g)].map(([flag]) => flag);
  const known = new Set(helps.flatMap(flagsOf));
  // Of cargo, of jq, and of `arkws man`, which is not listed.
  for (const other of ['--path', '--unbuffered', '--to']) known.add(other);
  for (const file of files) {
    const text = await readFile(new URL(`../../${file}`, import.meta.url), 'utf8');
    const unknown = flagsOf(text).filter((flag) => !known.has(flag));
    assert.deepEqual(unknown, [], file);
  }
});
