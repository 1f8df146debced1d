// The programs of the book's pages, run as they stand there but for ports, against what the pages
// are about.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { WebSocketServer } from 'ws';
import { messages, next } from '../../npm/test/events.mjs';
import { serve } from '../../npm/test/servers.mjs';
import { needsNginx, startNginx } from '../nginx.mjs';
import { needs } from '../programs.mjs';
import { startTinyproxy } from '../proxy/servers.mjs';
import { assertOthersRefused, Examples, opened, started } from './examples.mjs';

const execute = promisify(execFile);
const read = (path) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');

/** Asserts that it says back what it is told. */
async function assertEchoes(url, options) {
  const ws = await opened(url, options);
  const heard = next(ws, 'message');
  ws.send('hello');
  assert.equal((await heard)[1], 'hello');
  ws.terminate();
}

describe("the book's programs", { timeout: 300_000 }, () => {
  it('node.md: a server and a client', async (t) => {
    const page = await Examples.of('docs/src/node.md');
    const cwd = await page.folderWith(['first-server.mjs']);
    const { port } = await started(t, 'first-server.mjs', cwd);
    assert.equal(await page.output('first-client.mjs', port), 'Hello, server!\n');
    await assertOthersRefused(`ws://127.0.0.1:${port}`);
    page.assertAllTried();
  });

  it('proxies.md: a proxy with a password', needs('tinyproxy', 'tinyproxy-bin'), async (t) => {
    const page = await Examples.of('docs/src/proxies.md');
    const url = await serve(t, (socket) => socket.close(1000, socket.send('through')));
    const { port } = new URL(url);
    const proxy = await startTinyproxy(t, 'BasicAuth me secret', `ConnectPort ${port}`);
    const cwd = await page.folderWith(['proxy.mjs'], port);
    const code = await readFile(join(cwd, 'proxy.mjs'), 'utf8');
    const run = async (password) => {
      const changed = code.replace('3128', proxy).replace("'secret'", `'${password}'`);
      await writeFile(join(cwd, 'proxy.mjs'), changed);
      return (await execute(process.execPath, ['proxy.mjs'], { cwd })).stdout;
    };
    assert.equal(await run('secret'), 'through\n');
    // In the words of its table.
    const [, words] = /^\| (does not accept the user name and password)/m.exec(page.text);
    assert.match(await run('guessed'), new RegExp(`^proxy: .* ${words}$`, 'm'));
    page.assertAllTried();
  });

  it('certificates.md: a server that renews its own', needs('openssl', 'openssl'), async (t) => {
    const page = await Examples.of('docs/src/certificates.md');
    const [, line] = /^```sh\n(openssl .*?)\n```$/ms.exec(page.text);
    const cwd = await page.folderWith(['tls-server.mjs']);
    await execute('sh', ['-c', line], { cwd });
    const first = await readFile(join(cwd, 'server.pem'), 'utf8');
    const server = await started(t, 'tls-server.mjs', cwd);
    const url = `wss://localhost:${server.port}`;
    await assertEchoes(url, { ca: first });
    await assertOthersRefused(url, { ca: first });
    await execute('sh', ['-c', line], { cwd });
    server.child.kill('SIGHUP');
    assert.equal((await server.lines.next()).value, 'renewed');
    await assertEchoes(url, { ca: await readFile(join(cwd, 'server.pem'), 'utf8') });
    page.assertAllTried();
  });

  it('heartbeat.md: a client that does not answer is lost', async (t) => {
    const page = await Examples.of('docs/src/heartbeat.md');
    const cwd = await page.folderWith(['heartbeat.mjs']);
    const server = await started(t, 'heartbeat.mjs', cwd);
    const ws = await opened(`ws://127.0.0.1:${server.port}`, { pingInterval: 0 });
    ws.pause();
    assert.equal((await server.lines.next()).value, 'heartbeat');
    ws.terminate();
    page.assertAllTried();
  });

  it('reconnect.md: a client that comes back with another token', async (t) => {
    const page = await Examples.of('docs/src/reconnect.md');
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    let connections = 0;
    server.on('connection', (socket, request) => {
      socket.send(request.headers.authorization);
      socket.close(++connections === 1 ? 1012 : 1000);
    });
    await once(server, 'listening');
    t.after(() => server.close());
    const expected = ['Bearer number-0', 'lost: closed', 'back', 'Bearer number-1', ''];
    assert.equal(await page.output('stays.mjs', server.address().port), expected.join('\n'));
    page.assertAllTried();
  });

  it('load-balancers.md: nginx in front of a server', needsNginx(), async (t) => {
    const page = await Examples.of('docs/src/load-balancers.md');
    const cwd = await page.folderWith(['behind-a-proxy.mjs']);
    const file = join(cwd, 'behind-a-proxy.mjs');
    const code = await readFile(file, 'utf8');
    // A machine that is busy looks later.
    await writeFile(file, code.replace('setTimeout(3_000)', 'setTimeout(15_000)'));
    const server = await started(t, 'behind-a-proxy.mjs', cwd);
    const [, lines] = /^```nginx\n(.*?)^```$/ms.exec(page.text);
    const port = await startNginx(t, `http://127.0.0.1:${server.port}`, {
      location: lines.replace(/^proxy_(pass|http_version|set_header (?!X-)).*\n/gm, ''),
    });
    // Those of the page that are left out here are in all of our tests with nginx.
    const shared = (await read('tests/nginx.mjs')).replace('$' + '{upstream}', '');
    const others = lines.match(/^proxy_(http_version|set_header (?!X-)).*$/gm);
    assert.deepEqual(
      others.filter((one) => !shared.includes(one)),
      [],
    );

    const url = `ws://127.0.0.1:${port}/`;
    const Origin = 'https://chat.example';
    // From this machine, whose word is believed, as if it were a balancer before nginx.
    const ws = await opened(url, { header: { Origin, 'X-Forwarded-For': '192.0.2.7' } });
    assert.deepEqual(await messages(ws, 1), ['192.0.2.7']);
    await assertOthersRefused(url);
    const health = async () => (await fetch(`http://127.0.0.1:${port}/healthz`)).status;
    assert.equal(await health(), 200);
    assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 404);
    const closed = next(ws, 'close');
    server.child.kill('SIGTERM');
    // While it still serves those who are there.
    do {
      assert.equal(ws.readyState, 1);
    } while ((await health()) !== 503);
    const [, end] = await closed;
    assert.deepEqual([end.code, end.reason], [1012, 'restart']);
    page.assertAllTried();
  });

  it('deploys.md: a server that says goodbye', async (t) => {
    const page = await Examples.of('docs/src/deploys.md');
    const server = await started(t, 'deploy.mjs', await page.folderWith(['deploy.mjs']));
    const ws = await opened(`ws://127.0.0.1:${server.port}`);
    const closed = next(ws, 'close');
    server.child.kill('SIGTERM');
    const [, end] = await closed;
    assert.deepEqual([end.code, end.reason], [1012, 'restart']);
    assert.equal((await server.lines.next()).value, 'ended');
    assert.deepEqual(await server.ended, [0, null]);
    page.assertAllTried();
  });
});

it('the table of bundlers is that of the README of the package', async () => {
  const table = /^\| bundler \|.*\n(?:\|.*\n)+/m;
  const [ofBook] = table.exec(await read('docs/src/bundlers.md'));
  const [ofReadme] = table.exec(await read('npm/README.md'));
  assert.equal(ofBook, ofReadme);
});
