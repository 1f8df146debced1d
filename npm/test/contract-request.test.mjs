// A program's answers to what clients ask: with a WebSocket, or with something else.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { WebSocket } from 'ws';
import { deferred, next, rejection } from './events.mjs';
import { running } from './servers.mjs';

const SECRET = 'a-planted-secret';

/** A server whose listener of an event is `listener`. */
const listening = (t, type, listener, config) =>
  running(t, config, (server) => server.on(type, listener));

/** What becomes of a client: its socket and the response to its handshake. */
async function knock(t, url, { protocols = [], ...options } = {}) {
  const ws = new WebSocket(url, protocols, options);
  t.after(() => ws.terminate());
  ws.on('error', () => {});
  const [response] = await Promise.race([
    once(ws, 'upgrade'),
    once(ws, 'unexpected-response').then(([, response]) => [response]),
  ]);
  const isOpen = response.statusCode === 101;
  const body = isOpen ? '' : (await response.setEncoding('utf8').toArray()).join('');
  if (isOpen && ws.readyState !== WebSocket.OPEN) await once(ws, 'open');
  return { ws, status: response.statusCode, headers: response.headers, body };
}

describe('accept', () => {
  it('answers with a sub-protocol, header fields and data', async (t) => {
    const { server, url } = await listening(t, 'request', ({ accept }) =>
      accept({
        protocol: 'b',
        headers: { 'Set-Cookie': ['one=1', 'two=2'], 'X-Number': 7 },
        data: { user: 'one' },
      }),
    );
    const came = next(server, 'connect');
    const { ws, headers } = await knock(t, url, { protocols: ['a', 'b'] });
    assert.equal(ws.protocol, 'b');
    assert.deepEqual(headers['set-cookie'], ['one=1', 'two=2']);
    assert.equal(headers['x-number'], '7');
    const [connection] = await came;
    assert.equal(connection.protocol, 'b');
    assert.deepEqual(connection.data, { user: 'one' });
  });

  it('lets in at once, whatever other listeners do', async (t) => {
    const { server, url } = await listening(t, 'request', (request) => request.accept());
    server.on('request', () => new Promise(() => {}));
    assert.equal((await knock(t, url)).status, 101);
  });

  it('takes the sub-protocol of the configuration where the program names none', async (t) => {
    const { url } = await listening(t, 'request', (request) => request.accept(), { protocol: 'b' });
    assert.equal((await knock(t, url, { protocols: ['a', 'b'] })).ws.protocol, 'b');
  });

  it('refuses what is no answer with 401, and the request still waits', async (t) => {
    const errors = [];
    const { url } = await listening(t, 'request', ({ accept }) => {
      for (const answer of [
        null,
        7,
        { protocol: 'c' },
        { protocol: '' },
        { protocol: 7 },
        { headers: 'X: y' },
        { headers: { 'X Y': '1' } },
        { headers: { X: 'a\r\nSet-Cookie: b' } },
        { headers: { X: 'a\0b' } },
        { headers: { Upgrade: 'h2c' } },
        { headers: { 'Sec-WebSocket-Protocol': 'a' } },
        { headers: { 'Sec-WebSocket-Extensions': 'x' } },
        { headers: { 'Content-Length': '7' } },
        { headers: { X: 'x'.repeat(17_000) } },
        {
          get headers() {
            throw new Error('on purpose');
          },
        },
      ]) {
        try {
          accept(answer);
          errors.push(answer);
        } catch (error) {
          errors.push(error.code);
          assert.match(error.stack, /contract-request/);
        }
      }
      accept({ protocol: 'a', headers: { X: 'last' } });
    });
    const { status, headers } = await knock(t, url, { protocols: ['a', 'b'] });
    assert.equal(status, 101);
    assert.equal(headers.x, 'last');
    assert.deepEqual(errors, Array(15).fill(401));
  });
});

describe('refuse', () => {
  it('answers with status, header fields and a body', async (t) => {
    const { url } = await listening(t, 'request', ({ path, refuse }) =>
      refuse(
        {
          '/text': {
            status: 401,
            headers: { 'WWW-Authenticate': 'Basic realm="x"' },
            body: 'who?',
          },
          '/bytes': { status: 503, headers: [['Retry-After', 7]], body: Buffer.from('later') },
          '/json': {
            status: 403,
            headers: new Map([['Content-Type', 'application/json']]),
            body: new TextEncoder().encode('{}').buffer,
          },
          '/none': { status: 404 },
        }[path],
      ),
    );
    const text = await knock(t, `${url}/text`);
    assert.deepEqual([text.status, text.body], [401, 'who?']);
    assert.equal(text.headers['www-authenticate'], 'Basic realm="x"');
    assert.equal(text.headers['content-type'], 'text/plain; charset=utf-8');
    assert.equal(text.headers.connection, 'close');
    const bytes = await knock(t, `${url}/bytes`);
    assert.deepEqual([bytes.status, bytes.body], [503, 'later']);
    assert.equal(bytes.headers['retry-after'], '7');
    assert.equal(bytes.headers['content-type'], 'application/octet-stream');
    const json = await knock(t, `${url}/json`);
    assert.deepEqual([json.status, json.body], [403, '{}']);
    assert.equal(json.headers['content-type'], 'application/json');
    const none = await knock(t, `${url}/none`);
    assert.deepEqual([none.status, none.body], [404, '']);
  });

  it('refuses what is no answer with 401, and the request still waits', async (t) => {
    const codes = [];
    const { url } = await listening(t, 'request', ({ refuse }) => {
      for (const answer of [
        {},
        { status: 200 },
        { status: '403' },
        { status: 403, body: 7 },
        { status: 403, body: {} },
        { status: 403, body: 'x'.repeat(1_048_577) },
        { status: 403, body: 'x'.repeat(6_000_000) },
        { status: 403, body: new ArrayBuffer(1_048_577) },
        { status: 403, headers: { Connection: 'keep-alive' } },
        { status: 403, headers: { 'Transfer-Encoding': 'chunked' } },
        { status: 403, headers: { X: 'a\nb' } },
      ]) {
        try {
          refuse(answer);
        } catch ({ code }) {
          codes.push(code);
        }
      }
      refuse(403, 'after all');
    });
    const { status, body } = await knock(t, url);
    assert.deepEqual([status, body], [403, 'after all']);
    assert.deepEqual(codes, Array(11).fill(401));
  });
});

describe('of the answers to a request', () => {
  it('the first wins, and a second is 401', async (t) => {
    const seen = [];
    const twice = (call) => {
      try {
        call();
        seen.push('done');
      } catch ({ code, message }) {
        seen.push(code);
        assert.match(message, /answered already/);
      }
    };
    const done = deferred();
    const { server, url } = await listening(t, 'request', async ({ path, accept, refuse }) => {
      const calls = { '/in': [accept, refuse], '/out': [refuse, accept] }[path] ?? [];
      for (const call of calls) twice(() => call(...(call === refuse ? [403] : [])));
      // Afterwards as well, also after an answer that nobody has given.
      if (path === '/silent') {
        await undefined;
        setTimeout(() => {
          twice(() => refuse(403));
          done.resolve();
        }, 50);
      }
    });
    assert.equal((await knock(t, `${url}/in`)).status, 101);
    assert.equal((await knock(t, `${url}/out`)).status, 403);
    assert.equal((await knock(t, `${url}/silent`)).status, 101);
    await done.promise;
    assert.deepEqual(seen, ['done', 401, 'done', 401, 401]);
    assert.equal(server.listAllConnections().length, 2);
  });
});

describe('the signal of a request', () => {
  it('is aborted when the client goes', async (t) => {
    const asked = deferred();
    const { url } = await listening(t, 'request', (request) => {
      asked.resolve(request);
      return new Promise(() => {});
    });
    const ws = new WebSocket(url);
    ws.on('error', () => {});
    const request = await asked.promise;
    assert.equal(request.signal.aborted, false);
    assert.equal(request.signal, request.signal);
    const aborted = once(request.signal, 'abort');
    ws.terminate();
    await aborted;
    assert.equal(request.signal.aborted, true);
    assert.equal(request.signal.reason.name, 'AbortError');
  });

  it('is aborted after requestTimeout, also where it is asked for later', async (t) => {
    const asked = [];
    const { server, url } = await listening(
      t,
      'request',
      (request) => {
        asked.push(request);
        return new Promise(() => {});
      },
      { requestTimeout: 50 },
    );
    const failed = next(server, 'error');
    assert.equal((await knock(t, url)).status, 503);
    const [error] = await failed;
    assert.equal(error.connection, asked[0].connection);
    await new Promise(setImmediate);
    assert.equal(asked[0].signal.aborted, true);
    // Too late, and harmless.
    asked[0].accept();
  });

  it('is not aborted by an answer', async (t) => {
    let signal;
    const { server, url } = await listening(t, 'request', (request) => {
      ({ signal } = request);
    });
    const { ws } = await knock(t, url);
    const closed = next(server, 'close');
    ws.close();
    await closed;
    assert.equal(signal.aborted, false);
  });
});

describe('httpRequest', () => {
  /** A request of Node's own client: status, header fields and body. */
  async function ask(port, options = {}, body) {
    const request = httpRequest({ host: '127.0.0.1', port, ...options });
    request.end(body);
    const [response] = await once(request, 'response');
    const text = (await response.setEncoding('utf8').toArray()).join('');
    return { status: response.statusCode, headers: response.headers, body: text };
  }

  /** What a server says to these bytes until it ends the connection. */
  async function raw(port, bytes) {
    const socket = connect(port, '127.0.0.1');
    socket.write(bytes);
    return (await socket.setEncoding('latin1').toArray()).join('');
  }

  it('is answered with status, header fields and a body, and the connection ends', async (t) => {
    let seen;
    const { port, url } = await listening(t, 'httpRequest', (request) => {
      seen = request;
      request.respond({ status: 201, headers: { 'X-Health': 'good' }, body: 'well' });
    });
    const { status, headers, body } = await ask(port, {
      path: '/health?deep=1',
      headers: { 'X-Token': 'secret' },
    });
    assert.deepEqual([status, body], [201, 'well']);
    assert.equal(headers['x-health'], 'good');
    assert.equal(headers['content-length'], '4');
    assert.equal(headers.connection, 'close');
    assert.equal(seen.method, 'GET');
    assert.equal(seen.path, '/health?deep=1');
    assert.equal(seen.headers['x-token'], 'secret');
    assert.equal(seen.connection.clientIP, '127.0.0.1');
    assert.throws(() => seen.respond({}), { code: 401 });
    // Whoever wants a WebSocket gets one.
    assert.equal((await knock(t, url)).status, 101);
  });

  it('comes of HTTP/1.0, too, as from old health checks', async (t) => {
    const { port } = await listening(t, 'httpRequest', ({ path, respond }) =>
      respond({ body: path }),
    );
    const get = await raw(port, 'GET /health HTTP/1.0\r\n\r\n');
    assert.match(get, /^HTTP\/1\.1 200 [^]*\r\nConnection: close\r\n[^]*\r\n\r\n\/health$/);
    const head = await raw(port, 'HEAD /health HTTP/1.0\r\n\r\n');
    assert.match(head, /^HTTP\/1\.1 200 [^]*\r\n\r\n$/);
  });

  it('comes for each method, and HEAD gets no body', async (t) => {
    const { port } = await listening(t, 'httpRequest', ({ method, respond }) =>
      respond({ headers: { 'X-Method': method }, body: method }),
    );
    for (const method of ['GET', 'OPTIONS', 'DELETE']) {
      const { status, body } = await ask(port, { method });
      assert.deepEqual([status, body], [200, method]);
    }
    const head = await raw(port, 'HEAD / HTTP/1.1\r\nHost: x\r\n\r\n');
    assert.match(head, /^HTTP\/1\.1 200 OK\r\n[\s\S]*X-Method: HEAD/i);
    assert.match(head, /content-length: 4\r\n/i);
    assert.match(head, /\r\n\r\n$/);
    const { status } = await ask(port, { method: 'POST' }, 'a body that nobody reads');
    assert.equal(status, 200);
  });

  it('has no body with 204', async (t) => {
    const { port } = await listening(t, 'httpRequest', ({ respond }) =>
      respond({ status: 204, body: 'dropped' }),
    );
    const answer = await raw(port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    assert.match(answer, /^HTTP\/1\.1 204 No Content\r\n/);
    assert.doesNotMatch(answer, /content-length|dropped/i);
  });

  it('waits for an answer that comes later, for requestTimeout at most', async (t) => {
    const { port, server } = await listening(
      t,
      'httpRequest',
      async ({ path, respond }) => {
        if (path === '/never') return;
        await new Promise((resolve) => setTimeout(resolve, 20));
        respond({ body: 'late' });
      },
      { requestTimeout: 400 },
    );
    assert.equal((await ask(port, { path: '/later' })).body, 'late');
    const failed = next(server, 'error');
    const { status, body } = await ask(port, { path: '/never' });
    assert.equal(status, 503);
    assert.match(body, /requestTimeout/);
    assert.equal((await failed)[0].connection.path, '/never');
  });

  it('is aborted when its client goes', async (t) => {
    const asked = deferred();
    const { port } = await listening(t, 'httpRequest', (request) => asked.resolve(request));
    const socket = connect(port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    const { signal } = await asked.promise;
    const aborted = once(signal, 'abort');
    socket.destroy();
    await aborted;
  });

  it('refuses what is no answer with 401, and the request still waits', async (t) => {
    const codes = [];
    const { port } = await listening(t, 'httpRequest', ({ respond }) => {
      for (const answer of [
        undefined,
        { status: 101 },
        { status: 199 },
        { status: 600 },
        { status: '200' },
        { headers: { 'Content-Length': 1 } },
        { headers: { X: 'a\rb' } },
        { body: 7 },
        { body: 'x'.repeat(1_048_577) },
      ]) {
        try {
          respond(answer);
        } catch ({ code }) {
          codes.push(code);
        }
      }
      respond({ body: 'x'.repeat(1_048_576) });
    });
    const { status, body } = await ask(port);
    assert.deepEqual([status, body.length], [200, 1_048_576]);
    assert.deepEqual(codes, Array(9).fill(401));
  });

  it('is 426 or 405 without a listener, with an error that names the client', async (t) => {
    const { server, port } = await running(t);
    for (const [method, status] of [
      ['GET', 426],
      ['HEAD', 405],
    ]) {
      const failed = next(server, 'error');
      assert.equal((await ask(port, { method, path: '/x' })).status, status);
      const [error] = await failed;
      assert.equal(error.code, 200);
      assert.equal(error.cause, 'handshake');
      assert.equal(error.connection.clientIP, '127.0.0.1');
    }
  });

  it('does not come for a handshake with a mistake', async (t) => {
    const { port } = await listening(t, 'httpRequest', () => assert.fail());
    const head = 'Host: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n';
    for (const [bytes, status] of [
      [`GET / HTTP/1.1\r\n${head}\r\n`, 426],
      [`POST / HTTP/1.1\r\n${head}Sec-WebSocket-Version: 13\r\n\r\n`, 405],
      ['GET / HTTP/1.1\r\n\r\n', 400],
      ['GET / HTTP/1.0\r\nHost: x y\r\n\r\n', 505],
    ]) {
      assert.match(await raw(port, bytes), new RegExp(`^HTTP/1\\.1 ${status} `));
    }
  });
});

describe('what is printed', () => {
  it('of requests is the address of their clients', async (t) => {
    const asked = [];
    const { server, url, port } = await listening(t, 'request', (request) => asked.push(request));
    server.on('httpRequest', (request) => {
      asked.push(request);
      request.respond({ body: '' });
    });
    const headers = { Cookie: SECRET };
    await knock(t, `${url}/?token=${SECRET}`, { headers });
    const request = httpRequest({ host: '127.0.0.1', port, path: `/?t=${SECRET}`, headers });
    request.end();
    await once(request, 'response').then(([response]) => response.resume());
    assert.equal(asked.length, 2);
    for (const request of asked) {
      assert.equal(request.headers.cookie, SECRET);
      for (const shown of [inspect(request, { depth: 9 }), JSON.stringify(request)]) {
        assert.match(shown, /clientPort/);
        assert.doesNotMatch(shown, new RegExp(SECRET));
      }
    }
  });

  it('of errors is not their connection', async (t) => {
    const { server, url } = await listening(t, 'request', ({ accept }) => accept({ data: SECRET }));
    const came = next(server, 'connect');
    const { ws } = await knock(t, url, { headers: { Cookie: SECRET } });
    const [connection] = await came;
    const failed = next(server, 'error');
    ws._socket.resetAndDestroy();
    const [lost] = await failed;
    const closed = await rejection(server.send('x'.repeat(9_000_000), connection));
    const gone = await rejection(server.close(connection));
    for (const error of [lost, closed, gone]) {
      assert.equal(error.connection, connection);
      assert.equal(Object.keys(error).includes('connection'), false);
      for (const shown of [inspect(error, { depth: 9 }), JSON.stringify(error)]) {
        assert.doesNotMatch(shown, new RegExp(SECRET));
      }
    }
  });

  it('names the connection of a send that has failed', async (t) => {
    const { server, url } = await running(t);
    const came = next(server, 'connect');
    const { ws } = await knock(t, url);
    const [connection] = await came;
    ws.pause();
    const sends = Array.from({ length: 3 }, () =>
      server.send(new ArrayBuffer(4 << 20), connection),
    );
    ws._socket.resetAndDestroy();
    assert.equal((await rejection(sends.at(-1))).connection, connection);
    await Promise.allSettled(sends);
  });
});
