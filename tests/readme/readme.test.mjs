// The README's example, run as it stands there but for the address. (Those in Rust are doc tests of
// their crates, those of the npm package are in `npm.test.mjs`.)
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { serve } from '../../npm/test/servers.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const arkws = join(root, 'npm/bin/arkws.mjs');

const readme = await readFile(join(root, 'README.md'), 'utf8');
/** The first block of code in this language, below this heading. */
const block = (language, heading = "## The documentation's example") =>
  new RegExp(`^${heading}$.*?^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'ms').exec(readme)[1];

it('the example of the README prints what the README says', { timeout: 60_000 }, async (t) => {
  const url = await serve(t, (socket) =>
    socket.on('message', (data) => {
      socket.send(String(data));
      socket.send('bye');
    }),
  );
  const folder = await mkdtemp(join(root, 'tests/readme/app-'));
  t.after(() => rm(folder, { recursive: true }));
  const app = join(folder, 'app.ets');
  await writeFile(app, block('ts').replace('ws://127.0.0.1:8080', url));
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [arkws, 'run', app]);
  assert.equal(stdout, block('text'));
  assert.equal(stderr, '');
});

it("the README's example is the documentation's", async () => {
  // But for comments, whose lines the README breaks, and the address.
  const plain = (text) =>
    text
      .replace(/^( *\/\/.*| *console\.log\("on open.*)\n/gm, '')
      .replace(/let defaultIpAddress = .*/, '')
      .trim();
  const documentation = await readFile(join(root, 'examples/documentation.ets'), 'utf8');
  assert.equal(plain(block('ts')), plain(documentation));
});

it("the README's first example is one of the npm package's README, which is run", async () => {
  const page = await readFile(join(root, 'npm/README.md'), 'utf8');
  assert.ok(page.includes(`// app.ets\n${block('ts', '# arkws')}\`\`\``));
});
