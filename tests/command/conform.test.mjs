// `arkws conform`: nothing is found in our server for Node.js, what is known of npm `ws` is, and
// the lines of the book are true.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import webSocket from 'arkws';
import { WebSocketServer } from 'ws';
import { run, serve } from './command.mjs';

/** Our server, which sends everything back: its URL. */
async function ourselves(t, options) {
  const server = webSocket.createWebSocketServer();
  server.on('error', () => {});
  server.on('messageReceive', ({ data, clientConnection }) => {
    // Nobody may be there any more.
    server.send(data, clientConnection).catch(() => {});
  });
  const origins = { allowedOrigins: ['http://127.0.0.1'], limits: {} };
  await server.start({ serverIP: '127.0.0.1', serverPort: 0, ...origins, ...options });
  t.after(() => server.stop());
  return `ws://127.0.0.1:${server.listAddress().port}/`;
}

/** The verdict of each case. */
async function conform(t, url, ...flags) {
  const { stdout, stderr } = await run(t, ['conform', '--json', '--jobs', '4', ...flags, url]);
  assert.equal(stderr, '');
  const { cases } = JSON.parse(stdout);
  return new Map(cases.map(({ id, verdict, detail }) => [id, { verdict, detail }]));
}

describe('arkws conform', () => {
  it('finds nothing in our server for Node.js', async (t) => {
    const verdicts = await conform(t, await ourselves(t, { perMessageDeflate: true }));
    assert.ok(verdicts.size >= 150, `${verdicts.size} cases`);
    for (const [id, { verdict, detail }] of verdicts) {
      assert.equal(verdict, 'passed', `${id}: ${detail}`);
    }
  });

  it('finds what npm ws does not hold to', async (t) => {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: true });
    server.on('connection', (socket) => {
      socket.on('error', () => {});
      socket.on('message', (data, binary) => socket.send(data, { binary }));
    });
    await once(server, 'listening');
    t.after(() => server.close());
    const url = `ws://127.0.0.1:${server.address().port}/`;
    const verdicts = await conform(t, url, '--only', 'http,handshake,closing');
    for (const id of ['http/version-1-0', 'handshake/version-leading-zero']) {
      assert.equal(verdicts.get(id).verdict, 'failed', id);
    }
    for (const [id, { verdict, detail }] of verdicts) {
      // It holds to all of the closing handshake.
      if (id.startsWith('closing/')) assert.equal(verdict, 'passed', `${id}: ${detail}`);
    }
  });

  it('runs as the book and the README say', async (t) => {
    const url = await serve(t, '--deflate', '--quiet');
    let lines = 0;
    for (const page of ['docs/src/conform.md', 'crates/cli/README.md']) {
      const text = await readFile(new URL(`../../${page}`, import.meta.url), 'utf8');
      const folder = await mkdtemp(join(tmpdir(), 'arkws-conform-'));
      t.after(() => rm(folder, { recursive: true }));
      for (const [, line] of text.matchAll(/^arkws conform (.*?)(?: +#.*| \|.*)?$/gm)) {
        const args = line
          .replace(/wss?:\S+/, url)
          .replaceAll("'", '')
          .split(' ');
        const { code, stderr } = await run(t, ['conform', ...args], '', { cwd: folder });
        assert.equal(code, 0, `${line}: ${stderr}`);
        lines += 1;
      }
    }
    assert.ok(lines >= 8, `${lines} lines`);
  });
});
