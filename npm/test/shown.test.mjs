// What messages and logs show: nothing that a terminal or a reader of lines would obey, and no
// secrets.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { WebSocket } from 'ws';
import { deferred } from './events.mjs';
import { acceptance } from './handshake.mjs';
import { HOSTILE, OBEYED } from './hostile.mjs';
import { listen } from './servers.mjs';
import { folder } from './support.mjs';

/** A program with a log, and what it has said, on either stream, when it has ended. */
async function said(t, body) {
  const cwd = await folder({ 'main.mjs': `import webSocket from 'arkws';\n${body}` });
  const env = { ...process.env, ARKWS_LOG: 'trace' };
  const child = spawn(process.execPath, ['main.mjs'], { cwd, env });
  t.after(() => child.kill());
  let out = '';
  const line = deferred();
  child.stdout.setEncoding('utf8').on('data', (text) => {
    out += text;
    if (out.includes('\n')) line.resolve(out.split('\n')[0]);
  });
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (err += text));
  const ended = once(child, 'close').then(([code]) => {
    line.resolve(out);
    assert.equal(code, 0, err);
    return { out, err };
  });
  return { line: line.promise, ended };
}

/** Each line of a log is one that we have begun, and none does anything to a terminal. */
function assertLog(err) {
  assert.notEqual(err, '', 'there is a log');
  for (const line of err.split('\n').slice(0, -1)) {
    assert.doesNotMatch(line, OBEYED);
    assert.match(line, /^\d{4}-\d\d-\d\dT|^\s|^\(/, `begun by ${JSON.stringify(line)}`);
  }
}

describe('messages and logs', () => {
  /** A close frame of a server with this reason. */
  const closing = (code, reason) => {
    const body = Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]);
    return Buffer.concat([Buffer.from([0x88, body.length]), body]);
  };

  it('show what a server says escaped', async (t) => {
    const answers = [
      (request) => Buffer.concat([Buffer.from(acceptance(request)), closing(1012, HOSTILE)]),
      (request) => Buffer.concat([Buffer.from(acceptance(request)), closing(1008, HOSTILE)]),
      (request) => acceptance(request, 'Sec-WebSocket-Protocol: \u009b2J\u202e'),
      (request) => acceptance(request, 'Sec-WebSocket-Extensions: \u009b2J\u202e'),
      (request) => acceptance(request).replace('websocket', '\u009b2J'),
      (request) => acceptance(request).replace('101 S', '403 \u009b2J\u202e'),
      () => HOSTILE,
      () => 'HTTP/1.1 302 F\r\nLocation: \u009b2J\u202e://x\r\n\r\n',
      () => 'HTTP/1.1 302 F\r\nLocation: ftp://x/\u009b2J\u202e\r\n\r\n',
    ];
    const words = '\u009b2J\u202e';
    const proxyAnswers = [
      `HTTP/1.1 403 ${words}\r\nVia: ${words}\r\n\r\n`,
      `HTTP/1.1 407 ${words}\r\nProxy-Authenticate: ${words}\r\n\r\n`,
      `HTTP/1.1 200 OK\r\n${words}: y\r\n\r\n`,
      `HTTP/1.1 200 OK\r\n\r\n${HOSTILE}`,
      HOSTILE,
    ];
    let proxied = 0;
    const { port: proxy } = await listen(t, (socket) => {
      socket.once('data', () => socket.end(proxyAnswers[proxied++]));
    });
    const { port } = await listen(t, (socket) => {
      socket.once('data', (request) => {
        // One of the redirects comes back.
        const number = /^GET \/(\d)/.exec(request)?.[1] ?? 5;
        socket.end(answers[number](request));
      });
    });
    const { ended } = await said(
      t,
      `
      const messages = [];
      for (let k = 0; k < ${answers.length}; k++) {
        const ws = webSocket.createWebSocket();
        await new Promise((over) => {
          ws.on('reconnecting', ({ cause }) => { messages.push(cause.message); ws.close(); });
          ws.on('error', (error) => { messages.push(error.message); over(); });
          ws.on('close', () => over());
          ws.connect('ws://127.0.0.1:${port}/' + k, { reconnect: { retryOn: [] } });
        });
      }
      for (let k = 0; k < ${proxyAnswers.length}; k++) {
        const ws = webSocket.createWebSocket();
        await new Promise((over) => {
          ws.on('error', (error) => { messages.push(error.message); over(); });
          const proxy = { host: '127.0.0.1', port: ${proxy}, exclusionList: [] };
          ws.connect('ws://127.0.0.1:${port}/', { proxy });
        });
      }
      console.log(JSON.stringify(messages));`,
    );
    const { out, err } = await ended;
    const messages = JSON.parse(out);
    assert.ok(messages.length >= answers.length + proxyAnswers.length - 2, out);
    for (const message of messages) assert.doesNotMatch(message, OBEYED);
    assertLog(err);
  });

  it('show what a client says escaped', async (t) => {
    const { line, ended } = await said(
      t,
      `
      const server = webSocket.createWebSocketServer();
      const messages = [];
      server.on('error', (error) => messages.push(error.message));
      server.on('connect', (c) => {
        server.send('x'.repeat(1 << 20), c).catch((error) => messages.push(error.message));
      });
      let closes = 0;
      server.on('close', async () => {
        if (++closes < 2) return;
        console.log(JSON.stringify(messages));
        await server.stop();
      });
      const allowedOrigins = ['https://a.test'];
      await server.start({ serverIP: '127.0.0.1', serverPort: 0, allowedOrigins });
      console.log(server.listAddress().port);`,
    );
    const port = Number(await line);
    const head = (field = '') =>
      'GET /\u009b2J HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      `Sec-WebSocket-Version: 13\r\n${field}` +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
    const talk = async (...pieces) => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      socket.resume();
      socket.write(Buffer.concat(pieces.map((piece) => Buffer.from(piece))));
      await once(socket, 'close');
    };
    for (const field of [
      'Origin: \u009b2J\u202e\r\n',
      'Sec-WebSocket-Protocol: \u009b2J\r\n',
      'Sec-WebSocket-Extensions: \u009b2J\r\n',
      `X: ${HOSTILE}`,
    ]) {
      await talk(head(field));
    }
    await talk(HOSTILE);
    const masked = ([start, length, ...body]) => [start, 0x80 | length, 0, 0, 0, 0, ...body];
    await talk(head().replace('\u009b2J', ''), masked(closing(1000, HOSTILE)));
    await talk(head().replace('\u009b2J', ''), masked(closing(3000, HOSTILE)));
    const { out, err } = await ended;
    const messages = JSON.parse(out.split('\n')[1]);
    assert.ok(messages.length >= 3, out);
    for (const message of messages) assert.doesNotMatch(message, OBEYED);
    assertLog(err);
  });

  it('show no secrets of a client', async (t) => {
    let turn = 0;
    const { port } = await listen(t, (socket) => {
      socket.once('data', (request) => {
        // The one that a proxy gets has no key.
        const keyed = `${request}\r\nsec-websocket-key: x`;
        const answers = [
          'HTTP/1.1 403 No\r\nSet-Cookie: id=s3cret\r\n\r\n',
          'HTTP/1.1 302 F\r\nLocation: ftp://x/?token=s3cret\r\n\r\n',
          'HTTP/1.1 407 No\r\n\r\n',
          acceptance(keyed),
          acceptance(keyed, 'Sec-WebSocket-Protocol: token.s3cret'),
          acceptance(keyed, 'Sec-WebSocket-Protocol: other.s3cret'),
        ];
        socket.end(answers[turn++ % answers.length]);
      });
    });
    const { ended } = await said(
      t,
      `
      import { inspect } from 'node:util';
      const header = { Authorization: 'Bearer s3cret', Cookie: 'id=s3cret', 'X-Api-Key': 's3cret' };
      const credentials = { username: 'me', password: 's3cret' };
      const proxy = { host: '127.0.0.1', port: ${port}, ...credentials, exclusionList: [] };
      const words = [];
      const attempt = async (url, options) => {
        const ws = webSocket.createWebSocket();
        await new Promise((over) => {
          ws.on('error', (error) => { words.push(inspect(error)); over(); });
          ws.on('close', (_, value) => { words.push(inspect(value)); over(); });
          const protocol = 'chat, token.s3cret';
          ws.connect(url, { header, protocol, ...options }).catch((error) => {
            words.push(inspect(error));
            over();
          });
        });
      };
      const url = 'ws://me:s3cret@127.0.0.1:${port}/path?token=s3cret';
      await attempt(url);
      await attempt(url);
      await attempt('ws://a.test/?token=s3cret', { proxy });
      await attempt(url);
      await attempt(url);
      await attempt(url);
      await attempt(url, { protocol: 's3cret token' });
      await attempt(url.replace('ws:', 'http:'));
      await attempt(url.replace(':${port}', ':99999'));
      await attempt('ws://127.0.0.1:1/?token=s3cret');
      await attempt(url, { header: { ...header, 'X-A': 's3cret\\r\\n' } });
      for (const host of [
        'me:s3cret@proxy:x',
        'proxy:8080:me:s3cret',
        'me:s3cret:proxy',
        'gopher://s3cret',
        'http://s3cret:x',
        'http://[s3cret',
      ]) {
        await attempt(url, { proxy: { ...proxy, host } });
        process.env.no_proxy = '';
        process.env.http_proxy = host;
        await attempt('ws://a.test/?token=s3cret');
        delete process.env.http_proxy;
      }
      for (const bad of ['://127', '://127.0.0.1:x', '://', '://[', 's://a b', 'x:']) {
        await attempt(url.replace('://127', bad));
        await attempt('ws' + bad + '/#s3cret');
      }
      const clientCert = { certPath: '/none', keyPath: '/none', keyPassword: 's3cret' };
      await attempt(url, { clientCert });
      console.log(JSON.stringify(words));`,
    );
    const { out, err } = await ended;
    const secret = /s3cret|czNjcmV0|OnMzY3JldA/;
    for (const words of JSON.parse(out)) assert.doesNotMatch(words, secret);
    assert.doesNotMatch(err, secret);
    assertLog(err);
  });

  it('show no secrets of the clients of a server', async (t) => {
    const { line, ended } = await said(
      t,
      `
      const server = webSocket.createWebSocketServer();
      const messages = [];
      server.on('error', (error) => messages.push(error.message));
      server.on('request', ({ path, refuse }) => path.startsWith('/no') && refuse(403, 'no'));
      server.on('close', () => { console.log(JSON.stringify(messages)); server.stop(); });
      await server.start({ serverIP: '127.0.0.1', serverPort: 0, protocol: 'token.s3cret' });
      console.log(server.listAddress().port);`,
    );
    const url = `ws://127.0.0.1:${await line}`;
    const headers = { Authorization: 'Bearer s3cret', Cookie: 'id=s3cret', 'X-Api-Key': 's3cret' };
    const tried = async (path, more) => {
      const client = new WebSocket(`${url}${path}?token=s3cret`, ['token.s3cret'], {
        headers: { ...headers, ...more },
      });
      client.on('error', () => {});
      client.on('open', () => client.close());
      await new Promise((closed) => client.on('close', closed));
    };
    await tried('/no');
    await tried('/', { Upgrade: 'other' });
    await tried('/', { 'Sec-WebSocket-Version': '8' });
    await tried('/', { 'Sec-WebSocket-Key': 's3cret' });
    await tried('/', { 'Sec-WebSocket-Protocol': 's3cret token' });
    await tried('/');
    const { out, err } = await ended;
    assert.doesNotMatch(out, /s3cret/);
    assert.doesNotMatch(err, /s3cret/);
    assertLog(err);
  });
});
