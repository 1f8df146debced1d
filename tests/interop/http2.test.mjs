// WebSockets as streams of HTTP/2 (RFC 8441): a handler of axum with our extractor, with Node.js's
// and undici's clients; and our client, with Node.js's server.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import http2 from 'node:http2';
import { before, describe, it } from 'node:test';
import { Agent, H2CClient, WebSocket } from 'undici';
import { echo as echoBack } from '../../npm/test/servers.mjs';
import { certificates, echoInFragments, run, rust, start } from '../support.mjs';
import { serveHttp2 } from './http2-server.mjs';
import { MODES } from './modes.mjs';

const { HTTP2_HEADER_METHOD, HTTP2_HEADER_PATH, HTTP2_HEADER_PROTOCOL, HTTP2_HEADER_STATUS } =
  http2.constants;

/** A connection of HTTP/2 whose server allows extended CONNECT. */
async function connect(t, url) {
  const session = http2.connect(url.replace('ws:', 'http:'));
  t.after(() => session.destroy());
  const [settings] = await once(session, 'remoteSettings');
  assert.equal(settings.enableConnectProtocol, true);
  return session;
}

/** Asks for a stream; returns it and the headers of the answer. */
async function open(session, headers) {
  const stream = session.request(
    {
      [HTTP2_HEADER_METHOD]: 'CONNECT',
      [HTTP2_HEADER_PROTOCOL]: 'websocket',
      [HTTP2_HEADER_PATH]: '/',
      'sec-websocket-version': '13',
      ...headers,
    },
    { endStream: false },
  );
  const [answer] = await once(stream, 'response');
  return { stream, answer };
}

/** A masked frame of less than 126 bytes; the masking key is zero. */
function frame(opcode, payload) {
  const head = [0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0];
  return Buffer.concat([Buffer.from(head), Buffer.from(payload)]);
}

/** The next `length` bytes. */
async function read(stream, length) {
  for (;;) {
    const bytes = stream.read(length);
    if (bytes !== null) return bytes;
    await once(stream, 'readable');
  }
}

async function echo(stream, text) {
  stream.write(frame(1, text));
  const bytes = await read(stream, 2 + text.length);
  assert.deepEqual(bytes, Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text)]));
}

describe('a handler of axum over HTTP/2', { timeout: 60_000 }, () => {
  it('talks to http2 of Node.js', async (t) => {
    const session = await connect(t, await start(t, rust('serve-axum')));
    const { stream, answer } = await open(session, { 'sec-websocket-protocol': 'other, echo' });

    assert.equal(answer[HTTP2_HEADER_STATUS], 200);
    assert.equal(answer['sec-websocket-protocol'], 'echo');
    assert.equal(answer['sec-websocket-accept'], undefined);
    await echo(stream, 'hello');
    stream.write(frame(8, Buffer.from([0x03, 0xe8])));
    assert.deepEqual(await read(stream, 4), Buffer.from([0x88, 2, 0x03, 0xe8]));
    stream.end();
    stream.resume();
    await once(stream, 'close');
    assert.equal(stream.rstCode, http2.constants.NGHTTP2_NO_ERROR);
  });

  it('serves many streams of one connection', async (t) => {
    const session = await connect(t, await start(t, rust('serve-axum')));
    const idle = [];
    for (let i = 0; i < 100; i++) idle.push((await open(session)).stream);
    const { stream: busy } = await open(session);

    for (let i = 0; i < 1000; i++) await echo(busy, `message ${i}`);

    await Promise.all(idle.map((stream, i) => echo(stream, `stream ${i}`)));
  });

  it('refuses what is no WebSocket', async (t) => {
    const session = await connect(t, await start(t, rust('serve-axum')));

    const other = await open(session, { [HTTP2_HEADER_PROTOCOL]: 'connect-udp' });
    assert.equal(other.answer[HTTP2_HEADER_STATUS], 501);
    const version = await open(session, { 'sec-websocket-version': '8' });
    assert.equal(version.answer[HTTP2_HEADER_STATUS], 426);
    const get = session.request({ [HTTP2_HEADER_PATH]: '/' });
    const [answer] = await once(get, 'response');
    assert.equal(answer[HTTP2_HEADER_STATUS], 405);
  });
});

describe("undici's WebSocket and a handler of axum", { timeout: 60_000 }, () => {
  let tls;
  before(async () => (tls = await certificates()));

  /** With `/version` of the server, which says by which HTTP it was asked. */
  async function exchange(socket, version) {
    socket.binaryType = 'arraybuffer';
    const greeting = once(socket, 'message');
    await once(socket, 'open');
    assert.equal((await greeting)[0].data, version);
    for (const text of ['hello', '', 'x'.repeat(100_000)]) {
      socket.send(text);
      const [event] = await once(socket, 'message');
      assert.equal(event.data, text);
    }
    socket.send(new Uint8Array(1 << 20).fill(7));
    const [event] = await once(socket, 'message');
    assert.equal(event.data.byteLength, 1 << 20);
    socket.close(1000);
    const [closed] = await once(socket, 'close');
    assert.equal(closed.code, 1000);
  }

  for (const allowH2 of [false, true]) {
    const version = allowH2 ? 'HTTP/2.0' : 'HTTP/1.1';
    it(`exchange messages over TLS, ${version}`, async (t) => {
      const url = await start(t, rust('serve-axum', '--deflate', '--tls', tls.server('valid')));
      const dispatcher = new Agent({ allowH2, connect: { ca: await readFile(tls.ca) } });
      t.after(() => dispatcher.destroy());
      const address = `${url.replace('127.0.0.1', 'localhost')}/version`;
      const socket = new WebSocket(address, { protocols: ['echo'], dispatcher });
      await exchange(socket, version);
      assert.equal(socket.protocol, 'echo');
    });
  }

  it('exchange messages over HTTP/2 without TLS', async (t) => {
    const url = await start(t, rust('serve-axum'));
    const dispatcher = new H2CClient(url.replace('ws:', 'http:'));
    t.after(() => dispatcher.destroy());
    await exchange(new WebSocket(`${url}/version`, { dispatcher }), 'HTTP/2.0');
  });
});

describe('our client over HTTP/2', { timeout: 300_000 }, () => {
  /** What RFC 8441, 5 asks for, and nothing of HTTP/1.1's upgrade (RFC 9113, 8.2.2). */
  function checkRequests(requests, scheme) {
    assert.equal(requests.length, 2);
    for (const headers of requests) {
      assert.equal(headers[HTTP2_HEADER_METHOD], 'CONNECT');
      assert.equal(headers[HTTP2_HEADER_PROTOCOL], 'websocket');
      assert.equal(headers[':scheme'], scheme);
      assert.equal(headers[HTTP2_HEADER_PATH], '/chat?a=b');
      assert.equal(headers['sec-websocket-version'], '13');
      assert.equal(headers['sec-websocket-protocol'], 'other, echo');
      for (const name of ['connection', 'host', 'upgrade', 'sec-websocket-key']) {
        assert.equal(headers[name], undefined, name);
      }
    }
  }

  for (const { name, flags, ws } of MODES.slice(0, 2)) {
    it(`exchanges everything with http2 of Node.js and npm ws, ${name}`, async (t) => {
      const { url, requests } = await serveHttp2(t, echoBack, ws);
      await run(rust('connect-http2', `${url}/chat?a=b`, ...flags));
      checkRequests(requests, 'http');
    });
  }

  it('puts together what npm ws sends in fragments', async (t) => {
    const { url } = await serveHttp2(t, echoInFragments(5));
    await run(rust('connect-http2', `${url}/`));
  });

  it('exchanges everything over TLS', async (t) => {
    const tls = await certificates();
    const { url, requests } = await serveHttp2(t, echoBack, { tls: await tls.read('valid') });
    await run(rust('connect-http2', `${url}/chat?a=b`, '--ca', tls.ca));
    checkRequests(requests, 'https');
  });
});
