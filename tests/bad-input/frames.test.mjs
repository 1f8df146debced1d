// Servers that misbehave on an open connection.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connected, next } from '../../npm/test/events.mjs';
import { assertEvent, assertUsable } from '../client.mjs';
import { opening } from './support.mjs';

const MEBIBYTE = 1 << 20;

/** What the server sends after the handshake makes the connection fail like this. */
async function assertLost(t, bytes, { cause, message }, options = {}) {
  const address = await opening(t, (socket) => socket.on('data', () => socket.write(bytes)));
  const ws = await connected(`ws://${address}/`, options);
  const failed = next(ws, 'error');
  const closed = next(ws, 'close');
  // The first byte from us starts it: the listeners are there by then.
  await ws.send('go');
  const [error] = await failed;
  assertEvent(error);
  assert.equal(error.cause, cause, error.message);
  assert.match(error.message, message);
  assert.match(error.message, /^Websocket connection lost: /);
  const [, { code, reason }] = await closed;
  assert.equal(code, 1006);
  assert.match(reason, message);
  await assertUsable(t, ws);
}

describe('a server that breaks the protocol', { timeout: 60_000 }, () => {
  for (const [what, bytes, message] of [
    ['sends garbage', [0xff, 0xff, 0xff, 0xff, 0x00, 0x12, 0x34], /reserved/],
    ['sets a reserved bit', [0xc1, 0x01, 0x61], /reserved bit/],
    ['uses a reserved opcode', [0x83, 0x00], /reserved opcode/],
    ['masks its frames', [0x81, 0x81, 1, 2, 3, 4, 0x60], /masked/],
    ['fragments a ping', [0x09, 0x00], /fragmented/],
    ['sends a ping of 126 bytes', [0x89, 126, 0, 126], /more than 125/],
    ['continues nothing', [0x80, 0x00], /continuation/],
    [
      'begins a message inside of another',
      [0x01, 0x01, 0x61, 0x81, 0x00],
      /before the last fragment/,
    ],
    ['wastes bytes on a length', [0x82, 126, 0, 1, 0x61], /more bytes than it needs/],
    ['announces 2^63 bytes', [0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0], /most significant/],
    ['sends text that is not UTF-8', [0x81, 0x02, 0xc3, 0x28], /UTF-8/],
    ['closes with a reserved code', [0x88, 0x02, 0x03, 0xed], /1005/],
    ['closes with half a code', [0x88, 0x01, 0x03], /one byte/],
  ]) {
    it(what, (t) => assertLost(t, Buffer.from(bytes), { cause: 'protocol', message }));
  }

  it('is told which rule it broke', async (t) => {
    const told = new Promise((resolve) => {
      opening(t, (socket) => {
        const received = [];
        socket.on('data', (bytes) => received.push(bytes));
        socket.on('end', () => resolve(Buffer.concat(received)));
        socket.write(Buffer.from([0x83, 0x00]));
      }).then((address) => connected(`ws://${address}/`));
    });
    const [, , ...masked] = await told;
    const body = masked.slice(4).map((byte, index) => byte ^ masked[index % 4]);
    assert.equal((body[0] << 8) | body[1], 1002);
  });
});

describe('a server that announces a gigabyte', { timeout: 60_000 }, () => {
  const header = Buffer.from([0x82, 127, 0, 0, 0, 0, 0x40, 0, 0, 0]);

  it('is refused at once by the default limit', (t) =>
    assertLost(t, header, { cause: 'too-big', message: /1073741824 bytes.*maxMessageSize/ }));

  it('gets no memory for it, even if such a message is allowed', async (t) => {
    // Given a limit that admits the message, and a server that sends its header and a few bytes,
    let sent;
    const begun = new Promise((resolve) => (sent = resolve));
    const address = await opening(t, (socket) => {
      socket.write(header);
      socket.write(Buffer.alloc(1000));
      sent(socket);
    });
    const before = process.memoryUsage().rss;
    const ws = await connected(`ws://${address}/`, { maxMessageSize: 2 * 1024 * MEBIBYTE });
    const socket = await begun;
    // When all of them have been read (`stats` counts what has been),
    while (ws.stats().bytesReceived < header.length + 1000) await delay(1);
    const grown = process.memoryUsage().rss - before;
    // Then memory has grown with what came, not with what was announced.
    assert.ok(grown < 64 * MEBIBYTE, `${Math.round(grown / MEBIBYTE)} MiB for 1000 bytes`);
    const closed = next(ws, 'close');
    socket.destroy();
    assert.equal((await closed)[1].code, 1006);
    await assertUsable(t, ws);
  });
});

describe('a server that goes away', { timeout: 60_000 }, () => {
  for (const [what, before] of [
    ['between messages', []],
    ['in the middle of a header', [0x82]],
    ['in the middle of a message', [0x82, 0x05, 1, 2]],
    ['between two fragments', [0x02, 0x02, 1, 2]],
  ]) {
    for (const [how, leave] of [
      ['with an end of its stream', (socket) => socket.end()],
      ['with a reset', (socket) => socket.resetAndDestroy()],
    ]) {
      it(`${what}, ${how}`, async (t) => {
        const address = await opening(t, (socket) =>
          socket.once('data', () => socket.write(Buffer.from(before), () => leave(socket))),
        );
        const ws = await connected(`ws://${address}/`);
        const messages = [];
        ws.on('message', (_, message) => messages.push(message));
        const failed = next(ws, 'error');
        const closed = next(ws, 'close');
        await ws.send('go');
        const [error] = await failed;
        assertEvent(error);
        assert.equal(error.cause, 'reset');
        assert.match(
          error.message,
          /^Websocket connection lost: .*(without a closing handshake|reset)/,
        );
        assert.equal((await closed)[1].code, 1006);
        assert.deepEqual(messages, []);
        ws.off('message');
        await assertUsable(t, ws);
      });
    }
  }
});
