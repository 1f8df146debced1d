// The pages on limits and errors name all that there is: what is declared for JavaScript, and the
// codes in Rust. The files that ARCHITECTURE.md names are there.
import assert from 'node:assert/strict';
import { access, readFile, readdir } from 'node:fs/promises';
import { it } from 'node:test';

const read = (path) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');

const declarations = await read('npm/index.d.ts');

/** What the pattern's group matches, anywhere in the text, each once. */
const all = (text, pattern) => new Set([...text.matchAll(pattern)].map(([, found]) => found));

/** Asserts that a page has each of the words as code, or as the first cell of a row. */
function assertNamed(page, words) {
  assert.ok(words.size > 10, 'the pattern finds them');
  const isNamed = (word) => page.includes(`\`${word}\``) || page.includes(`| ${word} |`);
  assert.deepEqual(
    [...words].filter((word) => !isNamed(word)),
    [],
  );
}

it('every limit that is an option is in the page on limits', async () => {
  const limits = all(declarations, /^ +(max[A-Z]\w+|\w+Timeout|ping\w+|pong\w+)\?: number;$/gm);
  // Options of `reconnect` that bound what the program itself does.
  for (const own of ['maxDelay', 'maxAttempts']) limits.delete(own);
  assertNamed(await read('docs/src/limits.md'), limits);
});

it('the page on options has each option, and no other', async () => {
  const page = await read('docs/src/options.md');
  const members = (name) => {
    const [, body] = new RegExp(`^  interface ${name} \\{\n(.*?)^  \\}`, 'ms').exec(declarations);
    return [...all(body, /^ {4}(\w+)\??:/gm)];
  };
  const rows = (heading) => {
    const [, section] = page.split(`## ${heading}\n`);
    return [...all(section.split('\n## ')[0], /^\| `(\w+)` \|/gm)];
  };
  for (const [heading, ...interfaces] of [
    ['Of `connect`', 'WebSocketRequestOptions'],
    ['Of `reconnect`', 'ReconnectOptions'],
    ['Of `close`, and of `stop`', 'WebSocketCloseOptions', 'StopOptions'],
    [
      'Of `start`',
      'WebSocketServerConfig',
      'AttachToServer',
      'HandedOverOnly',
      'ListenAtPath',
      'ListenAtDescriptor',
    ],
  ]) {
    const declared = new Set(interfaces.flatMap(members));
    assert.deepEqual(rows(heading).sort(), [...declared].sort(), heading);
  }
});

it('every option of arkws.h is in the page on limits', async () => {
  const header = await read('crates/capi/include/arkws.h');
  const options = all(header, /^int (arkws_(?:client|server)_set_\w+)\(/gm);
  // What bounds nothing: where callbacks run, and what is talked about.
  for (const side of ['client', 'server']) {
    options.delete(`arkws_${side}_set_queue`);
    options.delete(`arkws_${side}_set_protocols`);
  }
  const page = await read('docs/src/limits.md');
  assertNamed(page, options);
  // And each of them is one: none is left that the header has not.
  assert.deepEqual(all(page, /`(arkws_\w+_set_\w+)`/g), options);
});

it('the page on limits says of each option how C sets it', async () => {
  const [others, c] = (await read('docs/src/limits.md')).split('## In C');
  // Of the tables of time, and of size and number.
  const named = all(others, /^\| `(\w+)` \|.*\|.*\|.*\|.*\|$/gm);
  assert.ok(named.size > 15, 'the pattern finds them');
  const isTold = (option) => new RegExp(`^\\| [^|]*\`${option}\``, 'm').test(c);
  assert.deepEqual(
    [...named].filter((option) => !isTold(option)),
    [],
  );
});

it('every cause is in the page on errors', async () => {
  const [, causes] = /type ErrorCause =([^;]*);/.exec(declarations);
  const page = await read('docs/src/errors.md');
  const names = all(causes, /'([a-z-]+)'/g);
  assertNamed(page, names);
  // Each has a section of its own to link to, and none is left that there is no more.
  assert.deepEqual(all(page, /^#### `([a-z-]+)`$/gm), names);
});

it('every code is in the page on errors', async () => {
  const errors = await read('crates/netstack/src/error.rs');
  const codes = all(errors, /pub const [A-Z_]+: i32 = (-?\d+);/g);
  assertNamed(await read('docs/src/errors.md'), codes);
});

it('every file that ARCHITECTURE.md names is in the crate or package of its table', async () => {
  const [, map] = (await read('ARCHITECTURE.md')).split('## Where things are');
  // A folder in code, a colon, and a table of what is in it.
  const tables = [...map.matchAll(/^`([^`]+)`:\n\n((?:\|.*\n)+)/gm)];
  assert.equal(tables.length, 7);
  for (const [, folder, table] of tables) {
    const there = await readdir(new URL(`../../${folder}/`, import.meta.url), {
      recursive: folder !== 'npm',
    });
    if (folder === 'npm') {
      for (const part of ['core', 'dist', 'lib', 'bin', 'hooks', 'platform', 'runners']) {
        const files = await readdir(new URL(`../../npm/${part}/`, import.meta.url), {
          recursive: true,
        });
        there.push(...files.map((file) => `${part}/${file}`));
      }
    }
    // Those from the root have a test of their own.
    const named = all(table, /`(?!crates\/|npm\/)([\w/.-]+\.(?:rs|m?js|d\.ts))`/g);
    const isThere = (file) => there.some((path) => path === file || path.endsWith(`/${file}`));
    assert.deepEqual(
      [...named].filter((file) => !isThere(file)),
      [],
      folder,
    );
  }
});

it('every path that ARCHITECTURE.md names from the root is there', async () => {
  const named = all(await read('ARCHITECTURE.md'), /`((?:crates|npm|tests|docs)\/[\w/.-]+)`/g);
  assert.ok(named.size > 10, 'the pattern finds them');
  const missing = [];
  for (const path of named) {
    await access(new URL(`../../${path}`, import.meta.url)).catch(() => missing.push(path));
  }
  assert.deepEqual(missing, []);
});
