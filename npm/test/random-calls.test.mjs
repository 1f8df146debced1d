// Every function of the API with any values: nothing but a BusinessError comes out, no promise is
// forgotten, and the module goes on. A failure says its seed: `node npm/test/random-calls.mjs SEED
// CALLS` does the same again, and another seed something else.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import arkws from 'arkws';
import { folder, node } from './support.mjs';

const program = fileURLToPath(new URL('random-calls.mjs', import.meta.url));

const SEEDS = [1, 2, 3];
const CALLS = 1500;

describe('calls with any values', () => {
  const reached = new Set();

  for (const seed of SEEDS) {
    it(`do no harm: seed ${seed}`, async () => {
      // Where values name files of the working directory, they are none.
      const cwd = await folder();
      const run = await node(['--no-warnings', '--expose-gc', program, seed, CALLS], { cwd });
      assert.deepEqual([run.code, run.signal], [0, null], `seed ${seed}: ${run.stderr}`);
      const { called, failed, reached: names } = JSON.parse(run.lines.at(-1));
      assert.ok(called >= CALLS && failed > 0 && failed < called);
      for (const name of names) reached.add(name);
    });
  }

  it('are calls of every function', () => {
    const objects = {
      createWebSocket: arkws.createWebSocket(),
      createWebSocketServer: arkws.createWebSocketServer(),
    };
    for (const [kind, object] of Object.entries(objects)) {
      const names = Reflect.ownKeys(Object.getPrototypeOf(object));
      const missed = names.filter(
        (name) =>
          name !== 'constructor' &&
          typeof Object.getOwnPropertyDescriptor(Object.getPrototypeOf(object), name).value ===
            'function' &&
          !reached.has(`${kind}.${String(name)}`),
      );
      assert.deepEqual(missed, []);
    }
  });
});
