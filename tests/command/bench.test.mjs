// `arkws bench` against servers of others, each of which counts for itself: both have to come to
// the same, within 2 %.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import WebSocket, { WebSocketServer } from 'ws';
import { needsNginx, startNginx } from '../nginx.mjs';
import { freePort } from '../programs.mjs';
import { python, start as startServer } from '../support.mjs';
import { run, start } from './command.mjs';

/** npm `ws` as an echo server: its URL, and what it has counted of so many connections. */
async function npmWs(t) {
  const counted = { messages: 0, bytes: 0 };
  const perMessageDeflate = { threshold: 0 };
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate });
  server.on('connection', (socket) => {
    socket.on('message', (data, binary) => {
      counted.messages += 1;
      counted.bytes += data.length;
      socket.send(data, { binary });
    });
  });
  await once(server, 'listening');
  t.after(() => server.close());
  return { url: `ws://127.0.0.1:${server.address().port}/`, count: async () => counted };
}

/** Python `websockets`. */
async function websockets(t) {
  const url = await startServer(t, python('websockets_server.py', '--count', '--deflate'));
  const count = async () => {
    const socket = new WebSocket(url);
    await once(socket, 'open');
    socket.send('count');
    const [answer] = await once(socket, 'message');
    socket.close();
    const [messages, bytes] = String(answer).split(' ').map(Number);
    return { messages, bytes };
  };
  return { url, count };
}

/** npm `ws` behind nginx. */
async function behindNginx(t) {
  const { url, count } = await npmWs(t);
  const port = await startNginx(t, url.replace('ws:', 'http:'));
  return { url: `ws://127.0.0.1:${port}/`, count };
}

/** `arkws serve`: what it has counted is in its log. */
async function ourselves(t) {
  const child = start(t, ['serve', '--deflate']);
  const counted = { messages: 0, bytes: 0 };
  let closed = 0;
  const log = new EventTarget();
  createInterface({ input: child.stderr }).on('line', (line) => {
    const [, bytes] = /(?:text|message) of (\d+) bytes/.exec(line) ?? [];
    if (bytes !== undefined) {
      counted.messages += 1;
      counted.bytes += Number(bytes);
    }
    closed += / the connection is closed$/.test(line);
    log.dispatchEvent(new Event('line'));
  });
  const [url] = await once(createInterface({ input: child.stdout }), 'line');
  const count = async (connections) => {
    while (closed < connections) await once(log, 'line');
    return counted;
  };
  return { url, count };
}

function assertAgrees(told, counted, what) {
  assert.ok(counted > 0, what);
  assert.ok(Math.abs(told - counted) <= counted * 0.02, `${what}: ${told}, counted ${counted}`);
}

const LOADS = [
  ['at a rate', '--rate', '400', '-d', '1s', '-c', '5'],
  ['with a window', '--window', '8', '-d', '500ms', '-c', '3', '-s', '64,5k', '--verify'],
  ['in binary', '-n', '500', '-s', '0,100,70k', '--binary', '--verify'],
  ['compressed', '-n', '500', '-s', '4k', '--deflate', '--verify'],
];

describe('arkws bench', { timeout: 240_000 }, () => {
  for (const [name, serve, options] of [
    ['npm ws', npmWs],
    ['Python websockets', websockets],
    ['nginx before npm ws', behindNginx, needsNginx()],
    ['arkws serve', ourselves],
  ]) {
    it(`agrees with what ${name} counts`, options ?? {}, async (t) => {
      const { url, count } = await serve(t);
      const told = { connections: 0, messages: 0, bytes: 0 };
      for (const [load, ...args] of LOADS) {
        const { code, stdout, stderr } = await run(t, ['bench', '--json', ...args, url]);
        assert.equal(code, 0, `${load}: ${stderr} ${stdout}`);
        const { connections, sent, answered, latency, errors } = JSON.parse(stdout);
        assert.deepEqual(errors, [], load);
        assertAgrees(answered.messages, sent.messages, `answers ${load}`);
        assert.ok(latency.p50 > 0 && latency.p50 <= latency.max, load);
        told.connections += connections.opened;
        told.messages += sent.messages;
        told.bytes += sent.bytes;
        const counted = await count(told.connections);
        assertAgrees(told.messages, counted.messages, `messages ${load}`);
        assertAgrees(told.bytes, counted.bytes, `bytes ${load}`);
      }
    });
  }

  it('runs as the book and the README say', async (t) => {
    const { url } = await npmWs(t);
    let lines = 0;
    for (const page of ['docs/src/bench.md', 'crates/cli/README.md']) {
      const text = await readFile(new URL(`../../${page}`, import.meta.url), 'utf8');
      const folder = await mkdtemp(join(tmpdir(), 'arkws-bench-'));
      t.after(() => rm(folder, { recursive: true }));
      for (const [, line] of text.matchAll(/^arkws bench (.*?)(?: +#.*| \|)?$/gm)) {
        const args = line.replaceAll('ws://127.0.0.1:8080/', url).replaceAll("'", '').split(' ');
        // So that nobody has to wait for it.
        const short = line.includes('--receive-only') ? ['-d', '2s'] : ['-n', '50'];
        const { code, stderr } = await run(t, ['bench', ...short, ...args], '', { cwd: folder });
        assert.equal(code, 0, `${line}: ${stderr}`);
        lines += 1;
      }
    }
    assert.ok(lines >= 7, `${lines} lines`);
  });

  it('says why nginx lets nobody through', needsNginx(), async (t) => {
    const port = await startNginx(t, `http://127.0.0.1:${await freePort()}/`);
    const { code, stdout, stderr } = await run(t, ['bench', `ws://127.0.0.1:${port}/`]);
    assert.deepEqual([code, stdout], [3, '']);
    assert.match(stderr, /502 Bad Gateway/);
  });
});
