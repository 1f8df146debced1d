// Limits on what a peer may send: each has an option, and the error names it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import arkws from 'arkws';
import { WebSocket } from 'ws';
import { next, openClient, rejection } from './events.mjs';
import { acceptance, request } from './handshake.mjs';
import { listen, running, serve } from './servers.mjs';
import { folder, node } from './support.mjs';

const require = createRequire(import.meta.url);

/** Sends one message in `count` frames. */
function sendFragments(socket, count) {
  for (let k = 1; k <= count; k++) socket.send('x', { fin: k === count });
}

/** What a server answers to these bytes, until it ends the connection. */
async function answered(t, port, bytes) {
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  let answer = '';
  socket.setEncoding('latin1').on('data', (text) => (answer += text));
  socket.write(bytes);
  await once(socket, 'close');
  const [head, body] = answer.split('\r\n\r\n');
  const [line, ...fields] = head.split('\r\n');
  return {
    status: Number(line.split(' ')[1]),
    headers: Object.fromEntries(fields.map((field) => field.toLowerCase().split(': '))),
    body,
  };
}

describe('maxFragments', () => {
  it('of a client is the most frames of a message, and named', async (t) => {
    const closed = [];
    const url = await serve(t, (socket) => {
      socket.on('close', (code) => closed.push(code));
      socket.on('message', (count) => sendFragments(socket, Number(count)));
    });
    const ws = await openClient(t, url, { maxFragments: 5 });
    const message = next(ws, 'message');
    await ws.send('5');
    assert.equal((await message)[1], 'xxxxx');
    const [failed, end] = [next(ws, 'error'), next(ws, 'close')];
    await ws.send('6');
    const [error] = await failed;
    assert.equal(error.cause, 'too-big');
    assert.match(
      error.message,
      /more than 5 fragments \(the option maxFragments changes the limit\)/,
    );
    assert.equal((await end)[1].code, 1006);
  });

  it('of a server is the most frames of a message, and named', async (t) => {
    const { server, port } = await running(t, { maxFragments: 5 });
    const client = new WebSocket(`ws://127.0.0.1:${port}`);
    await once(client, 'open');
    const message = next(server, 'messageReceive');
    sendFragments(client, 5);
    assert.equal((await message)[0].data, 'xxxxx');
    const [failed, closed] = [next(server, 'error'), once(client, 'close')];
    sendFragments(client, 6);
    const [error] = await failed;
    assert.equal(error.cause, 'too-big');
    assert.match(
      error.message,
      /more than 5 fragments \(the option maxFragments changes the limit\)/,
    );
    assert.equal((await closed)[0], 1009);
  });

  it('is over 0, else 401', async () => {
    for (const maxFragments of [0, -1, NaN, '5', null]) {
      const call = arkws.createWebSocket().connect('ws://127.0.0.1:1', { maxFragments });
      assert.equal((await rejection(call)).code, 401);
      const config = { serverIP: '127.0.0.1', serverPort: 0, maxFragments };
      assert.equal((await rejection(arkws.createWebSocketServer().start(config))).code, 401);
    }
  });
});

// Bandit CVE-2026-42786: continuations without an end, each of which is small.
describe('maxMessageSize', () => {
  for (const perMessageDeflate of [false, true]) {
    const how = perMessageDeflate ? 'compressed' : 'plain';

    it(`of a server holds over all fragments of a message, ${how}`, async (t) => {
      const { server, port } = await running(t, { maxMessageSize: 1000, perMessageDeflate });
      const client = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate });
      client.on('error', () => {});
      await once(client, 'open');
      const [failed, closed] = [next(server, 'error'), once(client, 'close')];
      const piece = 'x'.repeat(100);
      for (let k = 0; k < 11; k++) client.send(piece, { fin: false, compress: true });
      const [error] = await failed;
      assert.equal(error.cause, 'too-big');
      assert.match(error.message, /the option maxMessageSize changes the limit/);
      assert.equal((await closed)[0], 1009);
    });

    it(`of a client holds over all fragments of a message, ${how}`, async (t) => {
      let ended;
      const closed = new Promise((resolve) => (ended = resolve));
      const flood = (socket) => {
        socket.on('close', ended);
        const piece = 'x'.repeat(100);
        for (let k = 0; k < 11; k++) socket.send(piece, { fin: false, compress: true });
      };
      const url = await serve(t, flood, { perMessageDeflate });
      const ws = arkws.createWebSocket();
      const failed = next(ws, 'error');
      await ws.connect(url, { maxMessageSize: 1000, perMessageDeflate });
      const [error] = await failed;
      assert.equal(error.cause, 'too-big');
      assert.match(error.message, /the option maxMessageSize changes the limit/);
      assert.equal(await closed, 1009);
    });
  }
});

describe('the head of a request', () => {
  it('over maxHeaderBytes is refused with 431, and the option named', async (t) => {
    const { server, port } = await running(t, { maxHeaderBytes: 1000 });
    const failed = next(server, 'error');
    const long = await answered(t, port, request('Host: a', `X: ${'x'.repeat(1000)}`));
    assert.equal(long.status, 431);
    assert.match(long.body, /larger than the limit of 1000 bytes/);
    const [error] = await failed;
    assert.equal(error.cause, 'handshake');
    assert.match(
      error.message,
      /larger than the limit of 1000 bytes \(the option maxHeaderBytes changes the limit\)/,
    );
    await openClient(t, `ws://127.0.0.1:${port}`);
  });

  it('may be longer than by default', async (t) => {
    const { port } = await running(t, { maxHeaderBytes: 100_000, maxHeaders: 1000 });
    const header = Object.fromEntries(
      Array.from({ length: 500 }, (_, k) => [`X-${k}`, 'x'.repeat(100)]),
    );
    await openClient(t, `ws://127.0.0.1:${port}`, { header });
    const { server: other, port: otherPort } = await running(t);
    const failed = next(other, 'error');
    const refused = arkws.createWebSocket();
    const told = next(refused, 'error');
    await refused.connect(`ws://127.0.0.1:${otherPort}`, { header });
    assert.equal((await told)[0].data, '431');
    assert.match((await failed)[0].message, /the option max(HeaderBytes|Headers) changes/);
  });

  it('with more than maxHeaders fields is refused with 431, and the option named', async (t) => {
    const { server, port } = await running(t, { maxHeaders: 8 });
    const failed = next(server, 'error');
    const many = await answered(t, port, request('Host: a', ...Array(8).fill('X: x')));
    assert.equal(many.status, 431);
    assert.match(many.body, /more fields than the limit of 8/);
    const [error] = await failed;
    assert.match(
      error.message,
      /more fields than the limit of 8 \(the option maxHeaders changes the limit\)/,
    );
    await openClient(t, `ws://127.0.0.1:${port}`);
  });

  it('options over 0, else 401', async () => {
    for (const name of ['maxHeaders', 'maxHeaderBytes']) {
      for (const limit of [0, -1, NaN, '5', null]) {
        const config = { serverIP: '127.0.0.1', serverPort: 0, [name]: limit };
        assert.equal((await rejection(arkws.createWebSocketServer().start(config))).code, 401);
      }
    }
  });

  for (const [what, bytes, status, fields = {}] of [
    [
      'a bare line feed behind a field',
      request('Host: a').replace('Host: a\r\n', 'Host: a\n'),
      400,
    ],
    ['bare line feeds only', request('Host: a').replaceAll('\r\n', '\n'), 400],
    ['a bare line feed before it', `\n${request('Host: a')}`, 400],
    ['a Host with a space', request('Host: a b'), 400],
    ['a Host with user information', request('Host: me@a'), 400],
    ['two Hosts', request('Host: a', 'Host: b'), 400],
    ['the same Host twice', request('Host: a', 'Host: a'), 400],
    ['no Host', request(), 400],
    ['another host in the target', request('Host: a').replace(' / ', ' http://b/ '), 400],
    ['POST', request('Host: a').replace('GET', 'POST'), 405, { allow: 'get' }],
    ['OPTIONS *', request('Host: a').replace('GET /', 'OPTIONS *'), 405, { allow: 'get' }],
    ['CONNECT', request('Host: a').replace('GET /', 'CONNECT a:80'), 405, { allow: 'get' }],
    ['HTTP/1.0', request('Host: a').replace('HTTP/1.1', 'HTTP/1.0'), 505],
    [
      'no Upgrade',
      'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
      426,
      { upgrade: 'websocket', 'sec-websocket-version': '13' },
    ],
  ]) {
    it(`with ${what} is answered ${status}`, async (t) => {
      const { server, port } = await running(t);
      const failed = next(server, 'error');
      const { status: answer, headers, body } = await answered(t, port, bytes);
      assert.equal(answer, status, body);
      assert.equal(Number(headers['content-length']), Buffer.byteLength(body, 'latin1'));
      assert.match(headers.connection, /close/);
      for (const [name, value] of Object.entries(fields)) assert.equal(headers[name], value);
      assert.equal((await failed)[0].cause, 'handshake');
    });
  }

  it('of a probe with HEAD is answered without a body', async (t) => {
    const { port } = await running(t);
    for (const probe of [
      'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n',
      request('Host: a').replace('GET', 'HEAD'),
    ]) {
      const { status, headers, body } = await answered(t, port, probe);
      assert.equal(status, 405);
      assert.equal(headers.allow, 'get');
      assert.equal(body, '');
    }
  });

  it('may have an absolute target of the same host', async (t) => {
    const { server, port } = await running(t);
    const joined = next(server, 'connect');
    const socket = connect(port, '127.0.0.1');
    t.after(() => socket.destroy());
    socket.write(request('Host: A:80').replace(' / ', ' http://a/ '));
    await joined;
  });
});

describe('the head of an answer', () => {
  it('may end its lines with line feeds alone', async (t) => {
    const { port } = await listen(t, (socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 403 No\nX: y\n\n'));
    });
    const ws = arkws.createWebSocket();
    const failed = next(ws, 'error');
    await ws.connect(`ws://127.0.0.1:${port}`);
    assert.equal((await failed)[0].data, '403');
  });

  for (const [what, fields, option] of [
    ['more than 128 fields', Array(126).fill('X: y'), 'maxHeaders'],
    ['more than 16 KiB', [`X: ${'y'.repeat(17_000)}`], 'maxHeaderBytes'],
  ]) {
    it(`that says nothing wrong in ${what} names the option`, async (t) => {
      const { port } = await listen(t, (socket) => {
        socket.once('data', (request) => socket.end(acceptance(request, ...fields)));
      });
      const url = `ws://127.0.0.1:${port}`;
      const ws = arkws.createWebSocket();
      const failed = next(ws, 'error');
      await ws.connect(url);
      const [error] = await failed;
      assert.equal(error.cause, 'handshake');
      assert.match(
        error.message,
        new RegExp(`the limit of \\d+.* \\(the option ${option} changes the limit\\)`),
      );
      await openClient(t, url, { [option]: 100_000 });
    });
  }
});

describe('what JavaScript has no value for', () => {
  /** A program whose runtime has strings of 100 units and buffers of 1000 bytes: what it prints. */
  async function run(body) {
    const cwd = await folder({
      'main.cjs': `
        // Whichever way the module asks.
        const few = { constants: { MAX_STRING_LENGTH: 100, MAX_LENGTH: 1000 } };
        const { getBuiltinModule } = process;
        process.getBuiltinModule = (id) =>
          id === 'node:buffer' ? few : (getBuiltinModule ?? require)(id);
        const arkws = require('arkws').default ?? require('arkws');
        const said = [];
        const event = (object, type) =>
          new Promise((resolve) => object.on(type, (...args) => resolve(args)));
        (async () => { ${body} })().then(() => console.log(JSON.stringify(said)));`,
    });
    const { code, stdout, stderr } = await node(['main.cjs'], { cwd });
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout);
  }

  /** Longest, and too long. */
  const MESSAGES = [
    ['x'.repeat(100), 'x'.repeat(101)],
    ['\u{1f600}'.repeat(50), `${'\u{1f600}'.repeat(50)}x`],
    [Buffer.alloc(1000), Buffer.alloc(1001)],
  ];

  it('ends that connection of a client with 1009, and no other', async (t) => {
    const codes = [];
    const url = await serve(t, (socket, { url }) => {
      const [fits, not] = MESSAGES[Number(url.slice(1))] ?? ['other'];
      socket.on('close', (code) => codes.push(code));
      socket.on('message', () => socket.send('other'));
      socket.send(fits);
      if (not !== undefined) socket.send(not);
      if (not !== undefined) socket.send('behind it');
    });
    const said = await run(`
      const other = arkws.createWebSocket();
      await other.connect('${url}/9');
      await event(other, 'message');
      for (let k = 0; k < ${MESSAGES.length}; k++) {
        const ws = arkws.createWebSocket();
        ws.on('message', (_, value) => said.push(value.length ?? value.byteLength));
        ws.on('error', ({ cause }) => said.push(cause));
        await ws.connect('${url}/' + k, { maxMessageSize: 6e9 });
        const [, { code }] = await event(ws, 'close');
        said.push(code);
      }
      await other.send('still there?');
      said.push((await event(other, 'message'))[1]);
      await other.close();`);
    assert.deepEqual(said, [
      100,
      'too-big',
      1009,
      100,
      'too-big',
      1009,
      1000,
      'too-big',
      1006,
      'other',
    ]);
    assert.deepEqual(codes.slice(0, 3), [1009, 1009, 1009]);
  });

  it('ends that client of a server with 1009, and no other', async () => {
    const said = await run(`
      const { WebSocket } = require(${JSON.stringify(require.resolve('ws'))});
      const server = arkws.createWebSocketServer();
      server.on('messageReceive', ({ data }) => said.push(data.length ?? data.byteLength));
      server.on('error', ({ cause }) => said.push(cause));
      await server.start({ serverIP: '127.0.0.1', serverPort: 0, maxMessageSize: 6e9 });
      const url = 'ws://127.0.0.1:' + server.listAddress().port;
      const other = new WebSocket(url);
      await event(other, 'open');
      const texts = ['x'.repeat(100), 'x'.repeat(101)];
      for (const [fits, not] of [texts, [Buffer.alloc(1000), Buffer.alloc(1001)]]) {
        const client = new WebSocket(url);
        client.on('error', () => {});
        await event(client, 'open');
        client.send(fits);
        client.send(not);
        client.send('behind it');
        said.push((await event(client, 'close'))[0]);
      }
      const message = event(server, 'messageReceive');
      other.send('others');
      await message;
      other.close();
      await event(other, 'close');
      await server.stop();`);
    const sorted = [said.slice(0, 3), said.slice(3, 6), said.slice(6)].map((each) =>
      each.map(String).sort(),
    );
    assert.deepEqual(sorted, [['100', '1009', 'too-big'], ['1000', '1009', 'too-big'], ['6']]);
  });
});
