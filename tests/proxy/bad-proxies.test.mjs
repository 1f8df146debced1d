// Proxies that refuse, hang or lie, and none at all.
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import webSocket from 'arkws';
import { connected, next } from '../../npm/test/events.mjs';
import { echo, listen, serve } from '../../npm/test/servers.mjs';
import { assertUsable, failure } from '../client.mjs';
import { freePort } from '../programs.mjs';

/** What the proxy is to say once it has been asked for a tunnel. */
const answering =
  (answer, end = true) =>
  (socket) =>
    socket.once('data', () => (end ? socket.end(answer) : socket.write(answer)));

/** A SOCKS proxy that says one thing after another, each when something has come. */
const saying =
  (...answers) =>
  (socket) =>
    socket.on('data', () =>
      answers.length > 0 ? socket.write(Buffer.from(answers.shift())) : socket.end(),
    );

/** The attempt through the proxy fails, and the object may be used again. */
async function assertFails(
  t,
  handle,
  { scheme = 'http', url, cause = 'proxy', message, ...options },
) {
  const { address } = await listen(t, handle);
  const target = url ?? (await serve(t, echo));
  const { ws, error } = await failure(target, {
    proxy: { host: `${scheme}://${address}` },
    ...options,
  });
  assert.equal(error.cause, cause, error.message);
  assert.equal(error.data, '0');
  assert.match(error.message, message);
  assert.doesNotMatch(error.message, /secret/);
  await assertUsable(t, ws);
  return { address, error };
}

const OK = 'HTTP/1.1 200 Connection established\r\n\r\n';

describe('an HTTP proxy', { timeout: 60_000 }, () => {
  for (const [status, reason] of [
    [302, 'Found'],
    [400, 'Bad Request'],
    [403, 'Forbidden'],
    [404, 'Not Found'],
    [429, 'Too Many Requests'],
    [500, 'Internal Server Error'],
    [502, 'Bad Gateway'],
    [503, 'Service Unavailable'],
  ]) {
    it(`that answers ${status} is quoted`, async (t) => {
      const answer = `HTTP/1.1 ${status} ${reason}\r\nLocation: ws://elsewhere.example\r\nContent-Length: 5\r\n\r\nsorry`;
      const message = new RegExp(`answered ${status} ${reason} to CONNECT`);
      const { address, error } = await assertFails(t, answering(answer), { message });
      assert.ok(error.message.includes(`the proxy ${address}`), error.message);
    });
  }

  it('that answers 407 asks for a user name and password', async (t) => {
    const answer =
      'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n';
    await assertFails(t, answering(answer), { message: /asks for a user name and password/ });
  });

  for (const [what, answer, message] of [
    [
      'answers with something else than HTTP',
      'SSH-2.0-OpenSSH_9.2\r\n',
      /its answer to CONNECT: what arrived is not HTTP/,
    ],
    [
      'answers in bytes',
      Buffer.from([0, 1, 2, 255]),
      /its answer to CONNECT: what arrived is not HTTP/,
    ],
    [
      'answers with a status that is none',
      'HTTP/1.1 099 Well\r\n\r\n',
      /not HTTP: the status is out of range/,
    ],
    [
      'sends a head without end',
      `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(64 << 10)}`,
      /answer to CONNECT: the head is larger than the limit of 16384 bytes \(the option maxHeaderBytes/,
    ],
    [
      'sends headers without end',
      `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(300)}\r\n`,
      /more fields than the limit of 128 \(the option maxHeaders/,
    ],
    [
      'talks before it is spoken to through the tunnel',
      `${OK}hello`,
      /sends data before the tunnel is used/,
    ],
    [
      'ends before an answer',
      '',
      /connection to the proxy .* was lost: it ended before an answer to CONNECT/,
    ],
    [
      'ends in an answer',
      'HTTP/1.1 200 Conn',
      /connection to the proxy .* was lost: it ended before an answer to CONNECT/,
    ],
  ]) {
    it(`that ${what} is named`, (t) => assertFails(t, answering(answer), { message }));
  }

  for (const [what, answer, options] of [
    [
      'has more to say before',
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${OK}`,
    ],
    ['has many fields', `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(300)}\r\n`, { maxHeaders: 1000 }],
    [
      'has long fields',
      `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(32 << 10)}\r\n\r\n`,
      { maxHeaderBytes: 64 << 10 },
    ],
  ]) {
    it(`that ${what} opens a tunnel`, async (t) => {
      const server = new URL(await serve(t, echo));
      const { address: proxy } = await listen(t, (socket) =>
        socket.once('data', () => {
          const upstream = connect(server.port, '127.0.0.1', () => {
            socket.write(answer);
            socket.pipe(upstream).pipe(socket);
          });
          upstream.on('error', () => socket.destroy());
          socket.on('error', () => upstream.destroy());
        }),
      );
      const ws = await connected(server.href, { proxy: { host: proxy }, ...options });
      const echoed = next(ws, 'message');
      await ws.send('hello');
      assert.equal((await echoed)[1], 'hello');
      await ws.close();
    });
  }

  it('that cuts the connection is named', async (t) => {
    const cut = (socket) => socket.once('data', () => socket.resetAndDestroy());
    await assertFails(t, cut, { message: /connection to the proxy .* was lost/ });
  });

  it('that says it has opened a tunnel, and has not, shows at the handshake', async (t) => {
    const cause = 'reset';
    await assertFails(t, answering(OK), {
      cause,
      message: /ended the connection before it answered the WebSocket handshake/,
    });
  });

  it('that answers for the server shows at the handshake', async (t) => {
    const lying = (socket) =>
      socket.once('data', () => {
        socket.write(OK);
        socket.once('data', () =>
          socket.end('HTTP/1.1 511 Network Authentication Required\r\nContent-Length: 0\r\n\r\n'),
        );
      });
    const { address } = await listen(t, lying);
    const { ws, error } = await failure(await serve(t, echo), { proxy: { host: address } });
    assert.equal(error.cause, 'handshake', error.message);
    assert.equal(error.data, '511');
    await assertUsable(t, ws);
  });

  it('that opens no tunnel cannot pretend to be a wss server', async (t) => {
    const lying = (socket) =>
      socket.once('data', () => {
        socket.write(OK);
        socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\n<html>'));
      });
    await assertFails(t, lying, {
      url: 'wss://localhost',
      cause: 'tls',
      message: /the server does not answer with TLS/,
    });
  });

  for (const [what, handle] of [
    ['says nothing', () => {}],
    ['says half of its answer', answering('HTTP/1.1 200 O', false)],
  ]) {
    it(`that ${what} is given up`, async (t) => {
      const { address, error } = await assertFails(t, handle, {
        connectTimeout: 100,
        cause: 'timeout',
        message: /the proxy took longer than 100ms \(the option connectTimeout changes the limit\)/,
      });
      assert.ok(error.message.includes(address), error.message);
    });
  }

  it('that opens a tunnel to nothing is given up too', async (t) => {
    await assertFails(t, answering(OK, false), {
      handshakeTimeout: 100,
      cause: 'timeout',
      message:
        /the WebSocket handshake took longer than 100ms \(the option handshakeTimeout changes the limit\)/,
    });
  });

  it('sees the password only when asked to connect, and the server never', async (t) => {
    const heads = [];
    const { address: proxy } = await listen(t, (socket) =>
      socket.on('data', (bytes) => {
        heads.push(bytes.toString());
        if (heads.length === 1) socket.write(OK);
        else socket.end('HTTP/1.1 404 Not Found\r\n\r\n');
      }),
    );
    await failure('ws://server.example:8080/path?query', {
      proxy: { host: `ann:secret@${proxy}` },
    });
    const [connectHead, request] = heads;
    assert.equal(
      connectHead,
      'CONNECT server.example:8080 HTTP/1.1\r\nHost: server.example:8080\r\nProxy-Authorization: Basic YW5uOnNlY3JldA==\r\n\r\n',
    );
    assert.ok(request.startsWith('GET /path?query HTTP/1.1\r\n'), request);
    assert.doesNotMatch(request, /proxy/i);
  });
});

describe('a SOCKS proxy', { timeout: 60_000 }, () => {
  const scheme = 'socks5';
  const NO_PASSWORD = [5, 0];

  for (const [what, handle, message] of [
    [
      'speaks HTTP',
      answering('HTTP/1.1 400 Bad Request\r\n\r\n'),
      /misbehaves: it does not answer with SOCKS 5/,
    ],
    ['speaks SOCKS 4', saying([4, 0]), /misbehaves: it does not answer with SOCKS 5/],
    [
      'chooses a method that nobody offered',
      saying([5, 9]),
      /misbehaves: it does not answer with SOCKS 5/,
    ],
    ['wants credentials', saying([5, 255]), /asks for a user name and password/],
    [
      'wants credentials that were not offered',
      saying([5, 2]),
      /asks for a user name and password|misbehaves/,
    ],
    ['ends at once', (socket) => socket.end(), /connection to the proxy .* was lost/],
    [
      'ends after its choice',
      answering(Buffer.from(NO_PASSWORD)),
      /connection to the proxy .* was lost/,
    ],
    [
      'is forbidden to connect',
      saying(NO_PASSWORD, [5, 2, 0, 1, 0, 0, 0, 0, 0, 0]),
      /cannot connect to .*: .*not allowed/,
    ],
    [
      'finds no way',
      saying(NO_PASSWORD, [5, 4, 0, 1, 0, 0, 0, 0, 0, 0]),
      /cannot connect to .*: host unreachable/,
    ],
    [
      'fails in a way that nobody knows',
      saying(NO_PASSWORD, [5, 99, 0, 1, 0, 0, 0, 0, 0, 0]),
      /misbehaves/,
    ],
    [
      'gives an address of no known kind',
      saying(NO_PASSWORD, [5, 0, 0, 7, 0, 0, 0, 0, 0, 0]),
      /misbehaves/,
    ],
  ]) {
    it(`that ${what} is named`, (t) => assertFails(t, handle, { scheme, message }));
  }

  it('that says nothing is given up', async (t) => {
    await assertFails(t, () => {}, {
      scheme,
      connectTimeout: 100,
      cause: 'timeout',
      message: /the proxy took longer than 100ms \(the option connectTimeout changes the limit\)/,
    });
  });

  it('is not given what RFC 1929 has no room for', async (t) => {
    const { address } = await listen(t, saying([5, 2], [1, 0]));
    const proxy = {
      host: `${scheme}://${address}`,
      username: 'ann',
      password: 'secret'.repeat(50),
    };
    const { ws, error } = await failure(await serve(t, echo), { proxy });
    assert.equal(error.cause, 'proxy', error.message);
    assert.match(error.message, /255/);
    assert.doesNotMatch(error.message, /secret/);
    await assertUsable(t, ws);
  });
});

describe('close()', { timeout: 60_000 }, () => {
  for (const [what, proxied, handle] of [
    ['an HTTP proxy', (host) => ['ws://localhost', { proxy: { host } }], () => {}],
    [
      'a SOCKS proxy',
      (host) => ['ws://localhost', { proxy: { host: `socks5://${host}` } }],
      () => {},
    ],
    [
      'TLS through a proxy',
      (host) => ['wss://localhost', { proxy: { host } }],
      answering(OK, false),
    ],
    ['TLS', (host) => [`wss://${host}`, {}], () => {}],
  ]) {
    it(`ends an attempt that hangs in ${what}`, async (t) => {
      const events = new EventEmitter();
      const hanging = once(events, 'hanging');
      const { address } = await listen(t, (socket) => {
        handle(socket);
        socket.once('data', () => events.emit('hanging', socket));
      });
      const [url, options] = proxied(address);
      const ws = webSocket.createWebSocket();
      await ws.connect(url, options);
      const [socket] = await hanging;
      // An attempt that is given up may end in a reset, if it had not read everything.
      const gone = new Promise((resolve) => socket.on('error', () => {}).once('close', resolve));
      const closed = next(ws, 'close');
      assert.equal(await ws.close({ code: 1000, reason: 'enough' }), true);
      assert.deepEqual(await closed, [undefined, { code: 1000, reason: 'enough' }]);
      await gone;
      await assertUsable(t, ws);
    });
  }
});

describe('a proxy that is not there', { timeout: 60_000 }, () => {
  for (const scheme of ['http', 'socks5', 'socks5h']) {
    it(`is not gone around: ${scheme}`, async (t) => {
      const url = await serve(t, echo);
      const port = await freePort();
      const { ws, error } = await failure(url, { proxy: { host: `${scheme}://127.0.0.1`, port } });
      assert.equal(error.cause, 'proxy', error.message);
      assert.ok(
        error.message.includes(`the proxy cannot be connected to: 127.0.0.1:${port}`),
        error.message,
      );
      await assertUsable(t, ws);
    });

    it(`and has no address is named: ${scheme}`, async (t) => {
      const url = await serve(t, echo);
      const { ws, error } = await failure(url, {
        proxy: { host: `${scheme}://proxy.invalid`, port: 3128 },
        connectTimeout: 2_000,
      });
      assert.ok(['proxy', 'timeout'].includes(error.cause), error.message);
      assert.match(error.message, /proxy\.invalid:3128/);
      await assertUsable(t, ws);
    });
  }
});
