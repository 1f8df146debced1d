// The examples of the npm package's README.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import webSocket from 'arkws';
import { WebSocketServer } from 'ws';
import { next } from '../../npm/test/events.mjs';
import { serve } from '../../npm/test/servers.mjs';
import { folder, packageRoot } from '../../npm/test/support.mjs';
import { needs } from '../programs.mjs';
import { assertOthersRefused, Examples, opened, started } from './examples.mjs';

const page = await Examples.of('npm/README.md');
const execute = promisify(execFile);

const GREETING = 'message: Hello, server!\n';
const ARKTS = [join(packageRoot, 'bin/arkws.mjs'), 'run', 'app.ets'];

describe("the npm package's README", { timeout: 300_000 }, () => {
  it('installs the package in an empty folder, by its path', async () => {
    const [, line] = /^```sh\n(npm install .*)\n```$/m.exec(page.text);
    const [importLine] = page.code('app.ets').split('\n');
    const app = `${importLine}\nconsole.log(typeof webSocket.createWebSocket);`;
    const cwd = await folder({ 'app.ets': app });
    const install = line.replace('<clone>', join(packageRoot, '..'));
    await execute('sh', ['-c', `${install} --offline --no-audit --no-fund`], { cwd });
    assert.match(page.text, /`npx arkws run app.ets`/);
    const { stdout } = await execute('npx', ['--offline', 'arkws', 'run', 'app.ets'], { cwd });
    assert.equal(stdout, 'function\n');
  });

  it('has a server that serves the clients beside it', async (t) => {
    const server = await started(t, 'server.mjs', await page.folderWith(['server.mjs']));
    assert.equal(await page.output('app.ets', server.port, ARKTS), GREETING);
    assert.match((await server.lines.next()).value, /^127\.0\.0\.1:\d+ is in$/);
    assert.equal(await page.output('client.mjs', server.port), GREETING);
    assert.equal(await page.output('web.mjs', server.port), `${GREETING}closed: 1005, true\n`);
    await assertOthersRefused(`ws://127.0.0.1:${server.port}`);
  });

  it('has a chat that knows its users, and stops in order', async (t) => {
    const server = await started(t, 'chat.mjs', await page.folderWith(['chat.mjs']));
    const url = `ws://127.0.0.1:${server.port}`;
    const connect = (token) => opened(url, { header: { Authorization: `Bearer ${token}` } });
    const stranger = webSocket.createWebSocket();
    const refused = next(stranger, 'error');
    await stranger.connect(url);
    const [{ data, response }] = await refused;
    assert.deepEqual([data, String(response.body)], ['401', 'who are you?']);

    await assertOthersRefused(url);

    const ann = await connect('secret-of-ann');
    const bob = await connect('secret-of-bob');
    const heard = next(bob, 'message');
    ann.send('hello');
    assert.equal((await heard)[1], 'Ann: hello');
    const closed = Promise.all([next(ann, 'close'), next(bob, 'close')]);
    server.child.kill('SIGTERM');
    for (const [, end] of await closed) {
      assert.deepEqual([end.code, end.reason], [1012, 'restart']);
    }
    assert.deepEqual(await server.ended, [0, null]);
  });

  it('has a certificate, a server and a client of wss', needs('openssl', 'openssl'), async (t) => {
    const cwd = await page.folderWith(['secure-server.mjs']);
    const [, line] = /^```sh\n(openssl .*?)\n```$/ms.exec(page.text);
    await execute('sh', ['-c', line], { cwd });
    const { port } = await started(t, 'secure-server.mjs', cwd);
    await writeFile(
      join(cwd, 'secure-client.mjs'),
      page.code('secure-client.mjs').replace(':8443', `:${port}`),
    );
    const { stdout } = await execute(process.execPath, ['secure-client.mjs'], { cwd });
    assert.equal(stdout, GREETING);
    await assertOthersRefused(`wss://localhost:${port}`, { caPath: join(cwd, 'server.pem') });
  });

  it('has a client that comes back', async (t) => {
    let connections = 0;
    const url = await serve(t, (socket) => {
      connections++;
      socket.send(`connection ${connections}`);
      socket.close(connections === 1 ? 1012 : 1000);
    });
    const expected = ['message: connection 1', 'attempt 1: closed', 'back'];
    assert.equal(
      await page.output('reconnect.mjs', new URL(url).port),
      [...expected, 'message: connection 2', 'closed: 1000', ''].join('\n'),
    );
  });

  it('has a client that comes back with another token', async (t) => {
    let tokens = 0;
    const http = createServer((_, response) => response.end(`token-${++tokens}`));
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    let connections = 0;
    const server = new WebSocketServer({ server: http });
    server.on('connection', (socket, request) => {
      socket.send(request.headers.authorization);
      socket.close(++connections === 1 ? 1012 : 1000);
    });
    t.after(() => http.close());
    const printed = await page.output('token.mjs', http.address().port);
    assert.equal(printed, 'message: Bearer token-1\nmessage: Bearer token-2\n');
  });

  it('has rooms, by the path of the URL', async (t) => {
    const { port } = await started(t, 'rooms.mjs', await page.folderWith(['rooms.mjs']));
    await assertOthersRefused(`ws://127.0.0.1:${port}/news`);
    const enter = (path) => opened(`ws://127.0.0.1:${port}${path}`);
    const reader = await enter('/news');
    const others = [await enter('/sports'), await enter('/news')];
    const heard = next(reader, 'message');
    for (const [index, ws] of others.entries()) ws.send(`message ${index}`);
    assert.equal((await heard)[1], 'message 1');
    const closed = [reader, ...others].map((ws) => next(ws, 'close'));
    for (const ws of [reader, ...others]) ws.close();
    await Promise.all(closed);
  });

  it('has a test that passes', async () => {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const cwd = await page.folderWith(['client.test.mjs']);
    const { stdout } = await execute(process.execPath, ['--test', '--test-reporter=tap'], {
      cwd,
      env,
    });
    assert.match(stdout, /^# pass 1$/m);
  });

  it('has a network that goes and comes', async () => {
    const command = /`node (--import \S+ network\.mjs)` prints `available`, `lost`, `available`/;
    const [, line] = command.exec(page.text);
    const printed = await page.output('network.mjs', 0, line.split(' '));
    assert.equal(printed, 'available\nlost\navailable\n');
  });

  it('has a server beside pages of Express', async (t) => {
    const cwd = await page.folderWith(['express.mjs']);
    const express = fileURLToPath(new URL('../node_modules/express', import.meta.url));
    await symlink(express, join(cwd, 'node_modules/express'));
    const { port } = await started(t, 'express.mjs', cwd);
    const response = await fetch(`http://127.0.0.1:${port}/`);
    assert.equal(await response.text(), 'a page');
    const url = `ws://127.0.0.1:${port}/chat`;
    await assertOthersRefused(url);
    const ws = webSocket.createWebSocket();
    const message = next(ws, 'message');
    // A page of its own, by the port that `folderWith` gives it.
    await ws.connect(url, { header: { Origin: 'http://localhost:0' } });
    ws.send('hello');
    assert.equal((await message)[1], 'hello');
    const closed = next(ws, 'close');
    ws.close();
    await closed;
  });

  it('has no example that was not run', () => {
    page.assertAllTried();
  });
});
