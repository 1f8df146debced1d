// Clients that misbehave, vanish or are slow, and that others do not notice.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { next, several } from '../../npm/test/events.mjs';
import { echoMessages, running } from '../../npm/test/servers.mjs';
import { addresses, assertRejects, connectionOf, join } from './support.mjs';

/** Bytes on a new connection. */
async function raw(t, url, bytes = '') {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(bytes);
  return socket;
}

/** All that the other side says before it ends the connection. */
async function answerTo(t, url, bytes) {
  const socket = await raw(t, url, bytes);
  let answer = '';
  socket.setEncoding('latin1').on('data', (data) => (answer += data));
  await once(socket, 'close');
  return answer;
}

/** A handshake by hand, followed by bytes of any kind. */
async function opened(t, url) {
  const socket = await raw(
    t,
    url,
    'GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
  );
  const [head] = await once(socket, 'data');
  assert.match(
    head.toString('latin1'),
    /^HTTP\/1\.1 101 [^]*Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/i,
  );
  return socket;
}

/** A server that echoes, and a well-behaved client of it. */
async function company(t, config) {
  const { server, url } = await running(t, config);
  echoMessages(server);
  const came = next(server, 'connect');
  const good = await join(t, url);
  await came;
  /** It still gets its answers, and another may come and go. */
  const assertUntouched = async () => {
    const text = `${Math.random()}`;
    good.send(text);
    assert.equal(await good.take(), text);
    const gone = next(server, 'close');
    (await join(t, url)).close();
    await gone;
  };
  return { server, url, good, assertUntouched };
}

describe('one bad client', { timeout: 60_000 }, () => {
  for (const [what, bytes, status] of [
    ['talks nonsense', '\x00\x01\x02 nonsense\r\n\r\n', 400],
    ['starts a TLS handshake', Buffer.from('16030100050100000100', 'hex'), 400],
    ['wants a file', 'GET /mount-origin HTTP/1.1\r\nHost: a\r\n\r\n', 426],
    ['posts', 'POST / HTTP/1.1\r\nHost: a\r\n\r\n', 405],
    [
      'speaks another version of WebSocket',
      'GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 8\r\n\r\n',
      426,
    ],
    ['sends a header without end', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(100_000)}`, 431],
  ]) {
    it(`that ${what} gets ${status}, and touches no other`, async (t) => {
      const { server, url, assertUntouched } = await company(t);
      const reported = next(server, 'error');
      assert.match(await answerTo(t, url, bytes), new RegExp(`^HTTP/1\\.1 ${status} `));
      const [error] = await reported;
      assert.equal(error.code, 200);
      assert.match(error.message, /^client 127\.0\.0\.1:\d+ was not let in: /);
      await assertUntouched();
    });
  }

  for (const [what, frame, code, message] of [
    ['does not mask', [0x81, 1, 0x61], 1002, /mask/],
    ['uses a reserved opcode', [0x83, 0x80, 0, 0, 0, 0], 1002, /opcode/],
    ['sends text that is not UTF-8', [0x81, 0x81, 0, 0, 0, 0, 0xff], 1007, /UTF-8/],
    [
      'announces more than anybody may send',
      [0x82, 0xff, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0],
      1009,
      /maxMessageSize/,
    ],
  ]) {
    it(`that ${what} is closed with ${code}, and touches no other`, async (t) => {
      const { server, url, assertUntouched } = await company(t);
      const [came, reported, gone] = [
        next(server, 'connect'),
        next(server, 'error'),
        next(server, 'close'),
      ];
      const socket = await opened(t, url);
      const [connection] = await came;
      socket.write(Buffer.from(frame));
      const [answer] = await once(socket, 'data');
      assert.equal(answer[0], 0x88);
      assert.equal(answer.readUInt16BE(2), code);
      const [error] = await reported;
      assert.match(error.message, message);
      const [closed, result] = await gone;
      assert.deepEqual(closed, connection);
      assert.equal(result.code, 1006);
      await assertUntouched();
    });
  }

  it('that does not finish its request is cut off in time, and touches no other', async (t) => {
    const { server, url, assertUntouched } = await company(t, { handshakeTimeout: 200 });
    const reported = next(server, 'error');
    const [silent, slow] = [await raw(t, url), await raw(t, url, 'GET / HT')];
    await assertUntouched();
    await Promise.all([once(silent.resume(), 'close'), once(slow.resume(), 'close')]);
    assert.equal((await reported)[0].cause, 'timeout');
    await assertUntouched();
  });

  it('that never reads fills only its own queue, and is told to go', async (t) => {
    const { server, url, good, assertUntouched } = await company(t, { maxQueuedBytes: 8 << 20 });
    const lazy = await join(t, url);
    lazy.pause();
    const block = new ArrayBuffer(4 << 20);
    const sends = [];
    // More than its queue and both sockets' buffers can hold.
    for (let i = 0; i < 16; i++) sends.push(server.send(block, connectionOf(lazy)));
    const refused = await Promise.race(sends.map((send) => send.catch((error) => error)).reverse());
    assert.equal(refused.code, -1);
    assert.match(refused.message, /too slow: \d+ bytes wait for it already, the limit is 8388608/);
    await assertUntouched();
    const gone = next(server, 'close');
    assert.equal(await server.broadcast(block, connectionOf(good)), 0);
    lazy.terminate();
    assert.deepEqual({ ...(await gone)[0] }, connectionOf(lazy));
    await Promise.allSettled(sends);
    await assertUntouched();
  });

  it('that never reads is given up after writeTimeout', async (t) => {
    const { server, url, assertUntouched } = await company(t, {
      writeTimeout: 300,
      maxQueuedBytes: 32 << 20,
    });
    const lazy = await join(t, url);
    lazy.pause();
    const [reported, gone] = [next(server, 'error'), next(server, 'close')];
    const block = new ArrayBuffer(4 << 20);
    const sends = [];
    // More than both sockets' buffers can hold, and less than its queue.
    for (let i = 0; i < 4; i++) sends.push(server.send(block, connectionOf(lazy)));
    const [error] = await reported;
    assert.equal(error.cause, 'timeout');
    assert.match(error.message, /300ms.*writeTimeout/);
    const [connection, { code }] = await gone;
    assert.deepEqual({ ...connection }, connectionOf(lazy));
    assert.equal(code, 1006);
    const ends = await Promise.allSettled(sends);
    assert.equal(ends.at(-1).status, 'rejected');
    await assertUntouched();
  });

  it('that is gone is no connection any more', async (t) => {
    const { server, url } = await running(t);
    const client = await join(t, url);
    const gone = next(server, 'close');
    client.terminate();
    await gone;
    await assertRejects(server.send('a', connectionOf(client)), 2302006);
    await assertRejects(server.close(connectionOf(client)), 2302006);
  });
});

describe('pingInterval', { timeout: 60_000 }, () => {
  it('gives up a client that is silent, and keeps one that answers', async (t) => {
    const { server, url } = await running(t, { pingInterval: 0.2 });
    const good = await join(t, url);
    const pinged = once(good, 'ping');
    const bad = await opened(t, url);
    // A socket that is gone does not know it any more.
    const { localPort } = bad;
    bad.resume();
    const [reported, gone] = [next(server, 'error'), next(server, 'close')];
    const [error] = await reported;
    assert.equal(error.cause, 'heartbeat');
    assert.match(error.message, /pingInterval/);
    const [{ clientPort }, { code }] = await gone;
    assert.equal(clientPort, localPort);
    assert.equal(code, 1006);
    await pinged;
    assert.deepEqual(addresses(server.listAllConnections()), [connectionOf(good)]);
  });

  it('is off by default', async (t) => {
    const { url } = await running(t);
    const client = await join(t, url);
    client.on('ping', () => assert.fail());
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(client.readyState, client.OPEN);
  });
});

describe('a client that does not answer the close of a stopping server', {
  timeout: 60_000,
}, () => {
  it('is given up, and its close event comes', async (t) => {
    const { server, url } = await company(t);
    (await opened(t, url)).resume();
    const gone = several(server, 'close', 2);
    await server.stop();
    for (const [, { code }] of await gone) assert.equal(code, 1001);
  });
});
