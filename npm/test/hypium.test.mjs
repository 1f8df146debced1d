// `arkws test`: suites of Hypium, as DevEco makes them, with the framework itself from npm.
import assert from 'node:assert/strict';
import { mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { folder, node, packageRoot } from './support.mjs';

const HYPIUM = join(packageRoot, 'node_modules/@ohos/hypium');
const IMPORT = `import { afterAll, beforeAll, describe, expect, it, Level } from '@ohos/hypium';\n`;

/** A project with these suites, and Hypium where `place` says. */
async function project(files, place = 'node_modules/@ohos') {
  const root = await folder(files);
  await mkdir(join(root, place), { recursive: true });
  await symlink(HYPIUM, join(root, place, 'hypium'));
  return root;
}

async function arkwsTest(cwd, ...args) {
  const result = await node([join(packageRoot, 'bin/arkws.mjs'), 'test', ...args], { cwd });
  const lines = result.lines.map((line) => line.replaceAll(/\d+ ms/g, 'N ms'));
  return { ...result, lines };
}

const MODULE = {
  'build-profile.json5': '{ app: { products: [{ compatibleSdkVersion: 11 }] } }',
  'entry/src/main/module.json5': '{ module: { name: "entry" } }',
  'entry/src/main/ets/Shapes.ets': `export class Square {
  sides: number = 4;
}
`,
  'entry/src/ohosTest/ets/test/List.test.ets': `import shapesTest from './Shapes.test';
import failuresTest from './Failures.test';

export default function testsuite() {
  shapesTest();
  failuresTest();
}
`,
  'entry/src/ohosTest/ets/test/Shapes.test.ets': `${IMPORT}
import { Square } from '../../../main/ets/Shapes';

export default function shapesTest() {
  describe('Square', () => {
    let square: Square | undefined = undefined;
    beforeAll(() => {
      square = new Square();
    });
    it('hasSides', Level.LEVEL0, () => {
      expect([square!.sides]).assertDeepEquals([4]);
    });
    it('waitsForDone', 0, (done: Function) => {
      setTimeout(() => done(), 1);
    });
    it('waitsForAPromise', 0, async () => {
      await expect(Promise.resolve(1)).assertPromiseIsResolvedWith(1);
    });
  });
}
`,
  'entry/src/ohosTest/ets/test/Failures.test.ets': `${IMPORT}
interface Shape {
  sides: number;
}

export default function failuresTest() {
  describe('Failures', () => {
    it('ofAnAssertion', 0, () => {
      let shape: Shape = { sides: 3 };
      expect(shape.sides).assertEqual(4);
    });
    it('inACallback', 0, (done: Function) => {
      setTimeout(() => {
        expect(1).assertEqual(2);
        done();
      }, 1);
    });
    it('ofTime', 0, (done: Function) => {
    });
    it('ofCode', 0, async () => {
      await Promise.resolve();
      throw new TypeError('no shape');
    });
    describe('Inner', () => {
      beforeAll(() => {
        throw new Error('no server');
      });
      it('isNotRun', 0, () => {
      });
    });
    describe('Last', () => {
      it('passes', 0, () => {
      });
      afterAll(() => {
        throw new Error('cannot stop');
      });
    });
  });
}
`,
  'entry/src/test/List.test.ets': `${IMPORT}
import { getApiVersion } from 'arkws';
import { BusinessError } from '@kit.BasicServicesKit';
import { webSocket } from '@kit.NetworkKit';

export default () => {
  describe('Local', () => {
    it('hasTheModulesLevelAndPermission', 0, async () => {
      let ws: webSocket.WebSocket = webSocket.createWebSocket();
      expect(getApiVersion(ws)).assertEqual(11);
      let code: number = 0;
      await ws.connect('ws://127.0.0.1:1').catch((error: BusinessError) => {
        code = error.code;
      });
      expect(code).assertEqual(201);
    });
  });
};
`,
  'other/src/Vitest.test.ets': "import { it } from 'vitest';\nit('is none of Hypium', () => {});\n",
};

describe('arkws test', () => {
  it('reports each suite of the lists, with places in .ets files, and exits with 1', async () => {
    const root = await project(MODULE);
    const { code, lines, stderr } = await arkwsTest(root, '--timeout', '200');
    const FAILURES = 'entry/src/ohosTest/ets/test/Failures.test.ets';
    assert.deepEqual(
      lines,
      `Square
  ✔ hasSides (N ms)
  ✔ waitsForDone (N ms)
  ✔ waitsForAPromise (N ms)
Failures
  ✖ ofAnAssertion (N ms)
      expect 3 equals 4
        at <anonymous> (${FAILURES}:11:27)
  ✖ inACallback (N ms)
      expect 1 equals 2
        at Timeout._onTimeout (${FAILURES}:15:19)
  ✖ ofTime (N ms)
      Error: execute timeout 200ms
        at <anonymous> (${FAILURES}:19:5)
  ✖ ofCode (N ms)
      TypeError: no shape
        at <anonymous> (${FAILURES}:23:13)
  Inner
    ✖ isNotRun (N ms)
        Error: no server, error in beforeAll function
          at <anonymous> (${FAILURES}:27:15)
  Last
    ✔ passes (N ms)
    ✖ hooks
        Error: cannot stop, error in afterAll function
          at <anonymous> (${FAILURES}:36:15)
Local
  ✔ hasTheModulesLevelAndPermission (N ms)

11 tests: 5 passed, 6 failed (N ms)`.split('\n'),
      stderr,
    );
    assert.equal(code, 1);
    assert.equal(stderr, '');
  });

  it('runs the tests that a filter matches, and exits with 0 if they pass', async () => {
    const root = await project(MODULE);
    const { code, lines, stderr } = await arkwsTest(root, '--filter', 'Square (has|no)|Last x');
    assert.deepEqual(
      lines,
      ['Square', '  ✔ hasSides (N ms)', '', '1 test: 1 passed, 0 failed (N ms)'],
      stderr,
    );
    assert.equal(code, 0);
  });

  it('runs suites that no list has, with a Hypium of ohpm, and ends what they leave open', async () => {
    const root = await project(
      {
        'oh-package.json5': '{ devDependencies: { "@ohos/hypium": "1.0.13" } }',
        'alone/Timer.test.ets': `${IMPORT}
describe('Timer', () => {
  it('isLeft', 0, () => {
    setInterval(() => {}, 1000);
    console.info('it prints');
  });
});
`,
      },
      'oh_modules/@ohos',
    );
    await rm(join(root, 'node_modules'), { recursive: true });
    const { code, lines, stderr } = await arkwsTest(root);
    const said = ['Timer', 'it prints', '  ✔ isLeft (N ms)', ''];
    assert.deepEqual(lines, [...said, '1 test: 1 passed, 0 failed (N ms)'], stderr);
    assert.equal(code, 0);
  });

  it('fails for a file that cannot be loaded, and runs the others', async () => {
    const root = await project({
      'A.test.ets': `${IMPORT}\nlet second: = 2;\n`,
      'B.test.ets': `${IMPORT}describe('B', () => it('passes', 0, () => {}));\n`,
    });
    const { code, lines } = await arkwsTest(root);
    assert.equal(lines[0], '✖ A.test.ets');
    assert.match(lines[1], /^ {4}\/.*\/A\.test\.ets:3:13$/);
    assert.deepEqual(lines.slice(-4), [
      'B',
      '  ✔ passes (N ms)',
      '',
      '2 tests: 1 passed, 1 failed (N ms)',
    ]);
    assert.equal(code, 1);
  });

  it('fails if the process ends before the tests', async () => {
    const root = await project({
      'A.test.ets': `${IMPORT}describe('A', () => it('exits', 0, () => process.exit(0)));\n`,
    });
    const { code, stderr } = await arkwsTest(root, 'A.test.ets');
    assert.equal(stderr, 'arkws: the process ended before the tests did\n');
    assert.equal(code, 1);
  });

  it('exits with 2, and says why, if there is nothing to run', async () => {
    const root = await folder(MODULE);
    const installed = await project(MODULE);
    for (const [cwd, args, message] of [
      [root, [], /needs @ohos\/hypium, which is not installed: 'ohpm install' .*'npm install /],
      [root, ['other'], /^arkws: no suite of Hypium in other: /],
      [root, ['none'], /^arkws: there is no file or folder \/.*\/none\n$/],
      [root, ['--timeout', 'long'], /^arkws: --timeout is a number of milliseconds, not 'long'/],
      [root, ['--fast'], /^arkws: Unknown option '--fast'/],
      [root, ['--filter', '('], /^arkws: Invalid regular expression/],
      [installed, ['--filter', 'Nobody'], /^arkws: no test matches \/Nobody\/\n$/],
    ]) {
      const { code, stdout, stderr } = await arkwsTest(cwd, ...args);
      assert.match(stderr, message);
      assert.equal(stdout, '');
      assert.equal(code, 2);
    }
  });
});
