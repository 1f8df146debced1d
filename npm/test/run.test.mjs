// `arkws run`: ArkTS programs on Node.js.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { serve } from './servers.mjs';
import { arkwsRun, folder, node, packageRoot } from './support.mjs';

const PROGRAMS = {
  'main.ets': `import webSocket from '@ohos.net.webSocket';
import { BusinessError, Callback } from '@ohos.base';
import { Greeting } from './greeting';
import { shout } from '../shared/text';
import { answer } from './deep';
import { half } from './plain.mjs';

enum Colour { Red, Green }
interface Named { name: string }

let named: Named = { name: 'arkws' };
let handler: Callback<string> = (data: string): void => console.log(data);
let ws: webSocket.WebSocket = webSocket.createWebSocket();
let error: BusinessError | undefined = undefined;
handler(shout(new Greeting(named.name).text as string));
handler(Colour[Colour.Green] + ' ' + answer + ' ' + half(answer)! + ' ' + (ws !== undefined) + ' ' + error);
`,
  'greeting.ets': `export class Greeting {
  text: string = '';
  constructor(name: string) {
    this.text = \`hello \${name}\`;
  }
}
`,
  '../shared/text.ts': 'export function shout(text: string): string { return text.toUpperCase(); }',
  'deep/index.ets': 'export const answer: number = 42;',
  'plain.mjs': 'export const half = (number) => number / 2;',
  'arguments.ets': 'console.log(JSON.stringify(process.argv.slice(1)));',
  'code.ets': 'process.exitCode = 7;',
  'typed.ts': 'const text: string = "typed"; console.log(text);',
  'throws.ets': `interface Shape {
  sides: number;
}

function fail(shape: Shape): never {
  // The line below is number 7.
  throw new Error(\`\${shape.sides} sides\`);
}

fail({ sides: 3 });
`,
  'calls.ets': `import { late } from './late';

late();
`,
  'late.ets': `type Nothing = void;


export function late(): Nothing {
  Promise.resolve().then((): Nothing => {
    throw new Error('late');
  });
}
`,
  'sends.ets': `import webSocket from '@ohos.net.webSocket';

interface Nothing {
  none: boolean;
}

let ws: webSocket.WebSocket = webSocket.createWebSocket();
ws.send('nobody listens');
`,
  'syntax.ets': 'let first: number = 1;\nlet second: = 2;\n',
  'imports-syntax.ets': "import './syntax';\n",
  'component.ets': '@Entry\n@Component\nstruct Index {\n  build() {\n  }\n}\n',
  'missing-import.ets': "import { nothing } from './nothing';\nnothing();\n",
  'missing-name.ets': "import { nothing } from './greeting';\nnothing();\n",
  'imports-throws.ets': "import './throws';\n",
  'handles.ets': `process.on('uncaughtException', (error) => console.log('handled', error.message));
throw new Error('once');
`,
  'script.js': '',
};

describe('arkws run', () => {
  let cwd;
  before(async () => {
    const files = Object.entries(PROGRAMS).map(([path, text]) => [join('app', path), text]);
    const root = await folder(Object.fromEntries(files));
    cwd = join(root, 'app');
  });
  const run = (file, ...args) => arkwsRun(file, args, { cwd });

  it('runs an ArkTS program of several files, with imports that name no extension', async () => {
    const { code, lines, stderr } = await run('main.ets');
    assert.deepEqual(lines, ['HELLO ARKWS', 'Green 42 21 true undefined'], stderr);
    assert.equal(code, 0);
  });

  it('runs TypeScript', async () => {
    assert.deepEqual((await run('typed.ts')).lines, ['typed']);
  });

  it('shows the program itself as the main module, with its arguments', async () => {
    const { lines } = await run('arguments.ets', 'ws://host', '--help');
    const [main, ...args] = JSON.parse(lines[0]);
    assert.match(main, /^\/.*\/app\/arguments\.ets$/);
    assert.deepEqual(args, ['ws://host', '--help']);
  });

  it('ends with the exit code of the program', async () => {
    assert.equal((await run('code.ets')).code, 7);
  });

  it('shows lines of the .ets file in a stack trace', async () => {
    const { code, stderr } = await run('throws.ets');
    assert.equal(code, 1);
    assert.match(stderr, /throw new Error\(`\$\{shape\.sides\} sides`\);/);
    assert.match(
      stderr,
      /Error: 3 sides\n\s+at fail \(.*throws\.ets:7:9\)\n\s+at .*throws\.ets:10:1/,
    );
  });

  it('shows of what is thrown at import only the program', async () => {
    for (const file of ['throws.ets', 'imports-throws.ets']) {
      const { code, stderr } = await run(file);
      assert.equal(code, 1);
      assert.equal(
        stderr.replaceAll(/\/\S*\/app\//g, ''),
        `throws.ets:7
  throw new Error(\`\${shape.sides} sides\`);
        ^

Error: 3 sides
    at fail (throws.ets:7:9)
    at <anonymous> (throws.ets:10:1)
`,
      );
    }
  });

  it('leaves what is thrown to a program that handles it', async () => {
    const { code, lines, stderr } = await run('handles.ets');
    assert.deepEqual(lines, ['handled once'], stderr);
    assert.equal(code, 0);
  });

  it('shows lines of an imported .ets file, also for what is thrown later', async () => {
    const { code, stderr } = await run('calls.ets');
    assert.equal(code, 1);
    assert.match(stderr, /Error: late\n\s+at .*late\.ets:6:11/);
  });

  it('shows the line of the .ets file at which a call failed that nobody looked at', async () => {
    const { code, stderr } = await run('sends.ets');
    assert.equal(code, 1);
    assert.match(stderr, /BusinessError: Websocket .*\n\s+at .*sends\.ets:8:4/);
  });

  it('tells where a syntax error is', async () => {
    for (const file of ['syntax.ets', 'imports-syntax.ets']) {
      const { code, stderr } = await run(file);
      assert.equal(code, 1);
      assert.match(
        stderr,
        /^arkws: \/.*\/app\/syntax\.ets:2:13\n\n {4}let second: = 2;\n {16}\^\nUnexpected "="\n$/,
      );
    }
  });

  it('leaves components out, with a warning', async () => {
    const { code, stderr } = await run('component.ets');
    assert.equal(code, 0);
    assert.match(stderr, /component\.ets:3: the struct Index is left out, as it needs ArkUI/);
  });

  it('tells what an import does not find, and where it stands', async () => {
    const { code, stderr } = await run('missing-import.ets');
    assert.equal(code, 1);
    assert.equal(
      stderr.replaceAll(/\/[^\s']*\/app\//g, ''),
      `missing-import.ets:1
import { nothing } from './nothing';
                        ^

Error [ERR_MODULE_NOT_FOUND]: Cannot find module 'nothing' imported from missing-import.ets
    at missing-import.ets:1:25 {
  code: 'ERR_MODULE_NOT_FOUND',
  url: 'file:nothing'
}
`,
    );
    const name = await run('missing-name.ets');
    assert.equal(name.code, 1);
    assert.match(name.stderr, /^\/.*\/app\/missing-name\.ets:1\nimport .*\n +\^\n+SyntaxError: /);
    assert.match(name.stderr, / export named 'nothing'\n$/);
  });

  it('runs a program again when one of its files changes, also one with a mistake', async (t) => {
    const root = await folder({
      'watched.ets': "import { part } from './part';\nconsole.log('says', part);\n",
      'part.ets': "export const part: string = 'first';\n",
    });
    const change = (text) => writeFile(join(root, 'part.ets'), text);
    const args = [join(packageRoot, 'bin/arkws.mjs'), 'run', '--watch', 'watched.ets'];
    const child = spawn(process.execPath, args, { cwd: root });
    t.after(() => child.kill());
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text) => child.stdout.emit('data', text));
    child.stdout.setEncoding('utf8').on('data', (text) => (said += text));
    const until = async (pattern) => {
      while (!pattern.test(said)) await once(child.stdout, 'data');
    };
    // Node.js watches the files of a program that has ended, or failed.
    await until(/says first\n[^]*(Completed|Waiting)/);
    await change('export const part: string = ;\n');
    await until(/part\.ets:1:29\n[^]*Unexpected ";"[^]*(Failed|Waiting)/);
    await change("export const part: string = 'second';\n");
    await until(/says second\n/);
    assert.doesNotMatch(said, /hooks|node:internal/);
  });

  it('tells what it cannot run', async () => {
    for (const [args, message] of [
      [['run', 'none.ets'], /^arkws: there is no file \/.*\/app\/none\.ets\n$/],
      [['run', 'deep'], /^arkws: \/.*\/app\/deep is not a file\n$/],
      [
        ['run', 'script.js'],
        /^arkws: script\.js is neither \.ets nor \.ts; for JavaScript: node --import arkws\/register /,
      ],
      [['run'], /^arkws: which file\? 'arkws run <file>'\n$/],
      [['walk'], /^arkws: there is no command 'walk'; try 'arkws --help'\n$/],
      [
        ['connect', 'ws://127.0.0.1:1'],
        /^arkws: 'arkws connect' is of .*arkws-cli\.\nInstall it, in a clone of arkws: cargo install --path /,
      ],
      [[], /^Usage: arkws run/],
    ]) {
      const { code, stdout, stderr } = await node([join(packageRoot, 'bin/arkws.mjs'), ...args], {
        cwd,
      });
      assert.match(stderr, message);
      assert.equal(stdout, '');
      assert.equal(code, 2);
    }
  });

  it("runs the example of the package's README", async (t) => {
    const url = await serve(t, (socket) =>
      socket.on('message', (data) => socket.send(String(data))),
    );
    const [, example] = /```ts\n(.*?)```/s.exec(
      await readFile(join(packageRoot, 'README.md'), 'utf8'),
    );
    const root = await folder({ 'app.ets': example.replace('ws://127.0.0.1:8080', url) });
    const { lines, stderr } = await arkwsRun('app.ets', [], { cwd: root });
    assert.deepEqual(lines, ['message: Hello, server!'], stderr);
  });

  it('prints its help and its version', async () => {
    const arkws = (...args) => node([join(packageRoot, 'bin/arkws.mjs'), ...args], { cwd });
    for (const args of [['--help'], ['-h'], ['help'], ['run', '--help']]) {
      const { code, stdout } = await arkws(...args);
      assert.match(
        stdout,
        /^Usage: arkws run \[--watch\] <file> \[arguments\]\n[^]*OHOS_API_VERSION/,
      );
      assert.equal(code, 0);
    }
    const { version } = JSON.parse(await readFile(join(packageRoot, 'package.json'), 'utf8'));
    assert.deepEqual((await arkws('--version')).lines, [version]);
  });
});
