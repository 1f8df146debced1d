// A project of OpenHarmony's with one client, and tests of it for each runner.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { node } from '../../npm/test/support.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const folders = [];
process.on('exit', () => folders.forEach((root) => rmSync(root, { recursive: true })));

/** What the client must tell: the level of the build profile; no permission, so code 201. */
export const TOLD = '11 201';

/** The client, whose `refuse` throws on line 27. */
export const CLIENT = 'entry/src/main/ets/Client.ets';
export const FORMAT = 'entry/src/main/ets/format.ets';

const FILES = {
  'build-profile.json5': `{
  app: { products: [{ compatibleSdkVersion: '11' }] },
  modules: [{ name: 'entry', srcPath: './entry' }],
}`,
  'oh-package.json5': '{ name: "project" }',
  'entry/src/main/module.json5': "{ module: { name: 'entry', type: 'entry' } }",
  [CLIENT]: `import { getApiVersion } from 'arkws';
import { BusinessError } from '@kit.BasicServicesKit';
import { webSocket } from '@kit.NetworkKit';
import { format } from './format';
import { owner } from './toast';

interface Answer {
  level: number;
  code: number;
}

@Observed
export class Client {
  private ws: webSocket.WebSocket = webSocket.createWebSocket();

  async tell(): Promise<string> {
    let answer: Answer = { level: getApiVersion(this.ws), code: 0 };
    try {
      await this.ws.connect('ws://127.0.0.1:1');
    } catch (error) {
      answer.code = (error as BusinessError).code;
    }
    return format(answer.level, answer.code);
  }

  refuse(): never {
    throw new Error('refused ' + owner());
  }
}
`,
  [FORMAT]: `export function format(level: number, code: number): string {
  return \`\${level} \${code}\`;
}
`,
  'entry/src/main/ets/toast.ets': `import { promptAction } from '@kit.ArkUI';
import account from '@ohos.account.osAccount';
import sensor from '@ohos.sensor';

export function toast(): void {
  promptAction.showToast({ message: owner() });
}

export function owner(): string {
  return account.owner;
}

export function sense(): void {
  sensor.on();
}
`,
  'package.json': '{ "arkws": { "stubs": { "@ohos.account.osAccount": "./stubs/account.ets" } } }',
  'stubs/account.ets': "export default { owner: 'stub' };\n",
  'entry/src/main/ets/Main.ets': `import { Client } from './Client';

console.log(await new Client().tell());
`,
  'entry/src/ohosTest/ets/test/List.test.ets': `import { describe, expect, it } from '@ohos/hypium';
import { Client } from '../../../main/ets/Client';

export default function testsuite() {
  describe('Client', () => {
    it('tells', 0, async () => {
      expect(await new Client().tell()).assertEqual('${TOLD}');
    });
  });
}
`,
};

/** A new folder, below the packages of the tests; removed when they end. */
export function folder() {
  const root = mkdtempSync(join(here, 'project-'));
  folders.push(root);
  return root;
}

/** One with the project and `files`. */
export function project(files = {}) {
  const root = folder();
  for (const [path, text] of Object.entries({ ...FILES, ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const modules = fileURLToPath(new URL('../node_modules', import.meta.url));
/** What `npx` would run of an installed package. */
export const bin = (path) => join(modules, path);

/** Runs Node.js to its end. */
export const run = (cwd, args) =>
  node(args, { cwd, env: { NO_COLOR: '1', NODE_TEST_CONTEXT: undefined } });

/** Runs a program, which must be content, and returns what it said. */
export async function pass(cwd, args) {
  const { code, stdout, stderr } = await run(cwd, args);
  assert.equal(code, 0, stdout + stderr);
  return stdout + stderr;
}
