// `arkws run`, `test` and `check`: the command of Rust's package and that of npm's, each by way of
// the other.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { folder, node, packageRoot } from '../../npm/test/support.mjs';
import { arkws } from '../support.mjs';
import { run, start } from './command.mjs';

const NPM = join(packageRoot, 'bin/arkws.mjs');

/** A PATH in which `arkws` is the command of Rust's package. */
async function pathWithUs(t) {
  const bin = await mkdtemp(join(tmpdir(), 'arkws-bin-'));
  t.after(() => rm(bin, { recursive: true }));
  await symlink(arkws()[0], join(bin, 'arkws'));
  return `${bin}${delimiter}${process.env.PATH}`;
}

describe("what npm's package has", { timeout: 300_000 }, () => {
  it('runs a program, from a folder below, with its arguments and exit status', async (t) => {
    const root = await folder({
      'src/app.ets': `let words: string[] = process.argv.slice(2);
console.log(words.join(' '));
process.exitCode = 7;
`,
    });
    const given = ['run', 'app.ets', 'ws://host', '--', '--help'];
    const { code, stdout, stderr } = await run(t, given, '', { cwd: join(root, 'src') });
    assert.deepEqual([code, stdout, stderr], [7, 'ws://host -- --help\n', '']);
  });

  it('looks for suites and for imports', async (t) => {
    const cwd = await folder({ 'a.ets': 'let text: = 1;\n' });
    const tested = await run(t, ['test'], '', { cwd });
    assert.equal(tested.code, 2);
    assert.match(tested.stderr, /no suite of Hypium/);
    const checked = await run(t, ['check', '.'], '', { cwd });
    assert.equal(checked.code, 1, checked.stderr);
    assert.match(checked.stdout, /^a\.ets:1:11: /);
    const help = await run(t, ['test', '--help'], '', { cwd });
    assert.match(help.stdout, /^Usage: arkws run/);
  });

  it('gets signals, and its input', async (t) => {
    const cwd = await folder({
      'app.ets': `process.on('SIGINT', () => process.exit(9));
process.stdin.on('data', (data) => console.log('got ' + data));
`,
    });
    const child = start(t, ['run', 'app.ets'], { cwd });
    child.stderr.resume();
    child.stdin.write('this');
    const [said] = await once(child.stdout.setEncoding('utf8'), 'data');
    assert.equal(said, 'got this\n');
    child.kill('SIGINT');
    assert.deepEqual(await once(child, 'exit'), [9, null]);
  });

  it("is also found in npm's global folder", async (t) => {
    const prefix = await mkdtemp(join(tmpdir(), 'arkws-global-'));
    t.after(() => rm(prefix, { recursive: true }));
    const cwd = join(prefix, 'project');
    await mkdir(cwd);
    const env = { npm_config_prefix: prefix };
    const missing = await run(t, ['run', 'app.ets'], '', { cwd, env });
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /npm install arkws/);
    assert.ok(missing.stderr.includes(join(prefix, 'lib/node_modules')), missing.stderr);

    const place = join(prefix, 'lib/node_modules/arkws');
    await mkdir(dirname(place), { recursive: true });
    await symlink(packageRoot, place);
    const found = await run(t, ['run', 'app.ets'], '', { cwd, env });
    assert.match(found.stderr, /^arkws: there is no file /);
  });

  it('may start us again', async (t) => {
    const cwd = await folder({
      'outer.ets': `import { spawnSync } from 'node:child_process';
let inner = spawnSync('arkws', ['run', 'inner.ets'], { stdio: 'inherit' });
process.exitCode = inner.status;
`,
      'inner.ets': "console.log('inner');\nprocess.exitCode = 5;\n",
    });
    const env = { PATH: await pathWithUs(t) };
    const { code, stdout, stderr } = await run(t, ['run', 'outer.ets'], '', { cwd, env });
    assert.deepEqual([code, stdout, stderr], [5, 'inner\n', '']);
  });

  it('is no circle where something else stands in its place', async (t) => {
    const cwd = await mkdtemp(join(tmpdir(), 'arkws-circle-'));
    t.after(() => rm(cwd, { recursive: true }));
    await mkdir(join(cwd, 'node_modules/arkws/bin'), { recursive: true });
    // It starts `arkws` by its name.
    await writeFile(
      join(cwd, 'node_modules/arkws/bin/arkws.mjs'),
      `import { spawnSync } from 'node:child_process';
const { status } = spawnSync('arkws', process.argv.slice(2), { stdio: 'inherit' });
process.exitCode = status;
`,
    );
    const env = { PATH: await pathWithUs(t) };
    const { code, stderr } = await run(t, ['run', 'app.ets'], '', { cwd, env });
    assert.equal(code, 2);
    assert.match(stderr, /^arkws: arkws run has started itself: .*arkws\.mjs is not/);
  });
});

it("npm's command says where each of ours is", async (t) => {
  const { stdout } = await run(t, ['help']);
  const [, commands] = /Commands:\n((?: {2}.*\n)+)/.exec(stdout);
  const names = [...commands.matchAll(/^ {2}(\w+)/gm)].map(([, name]) => name);
  assert.ok(names.includes('connect') && names.includes('run'), stdout);
  const shared = ['run', 'test', 'check', 'help', 'completions'];
  for (const name of names.filter((name) => !shared.includes(name))) {
    const { code, stderr } = await node([NPM, name, 'ws://127.0.0.1:1']);
    assert.equal(code, 2);
    assert.match(
      stderr,
      new RegExp(`^arkws: 'arkws ${name}' is of .*\nInstall it, .*: cargo install `),
    );
  }
});
