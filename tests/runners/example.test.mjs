// The example of a project: its tests pass, and arkws has what it uses of the platform.
import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bin, folder, pass } from './fixture.mjs';

const ARKWS = bin('arkws/bin/arkws.mjs');

describe('the example of a project', () => {
  let root;
  before(() => {
    root = folder();
    const example = new URL('../../examples/openharmony-project/', import.meta.url);
    cpSync(fileURLToPath(example), root, { recursive: true });
  });

  it('passes its tests of Hypium', async () => {
    const said = await pass(root, [ARKWS, 'test']);
    assert.match(said, /^EchoClient\n[^]*\nHeadlines\n[^]*\n5 tests: 5 passed, 0 failed/m);
  });

  it('passes its tests of vitest', async () => {
    assert.match(await pass(root, [bin('vitest/vitest.mjs'), 'run']), /Tests +2 passed \(2\)/);
  });

  it('uses nothing of the platform that arkws has not', async () => {
    assert.match(await pass(root, [ARKWS, 'check', '.']), /, 0 findings\n$/);
  });
});
