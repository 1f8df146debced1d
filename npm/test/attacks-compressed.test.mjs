// What has been done to others with compression (RFC 7692): a message that inflates to a thousand
// times its bytes, and parameters that nobody may send.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { constants, deflateRawSync } from 'node:zlib';
import arkws from 'arkws';
import { next } from './events.mjs';
import { acceptance, request } from './handshake.mjs';
import { listen, running } from './servers.mjs';

const LIMIT = 1 << 20;

/** A compressed message of 128 MiB of zeros, masked with zeros or not. */
function bomb(mask) {
  // Each piece ends at a byte, and refers to nothing before it.
  const piece = deflateRawSync(Buffer.alloc(1 << 20), { finishFlush: constants.Z_SYNC_FLUSH });
  const payload = Buffer.concat(Array(128).fill(piece)).subarray(0, -4);
  const header = Buffer.alloc(mask === 0 ? 10 : 14);
  header.set([0xc2, mask | 127]);
  header.writeBigUInt64BE(BigInt(payload.length), 2);
  return Buffer.concat([header, payload]);
}

/** Nothing near what the message inflates to was held. */
const assertLittle = (before) => assert.ok(process.memoryUsage().rss - before < 64 << 20);

describe('a message that inflates beyond the limit', () => {
  it('ends a client with too-big, and is not inflated to its end', async (t) => {
    const frames = bomb(0);
    const { port } = await listen(t, (socket) => {
      socket.on('error', () => {});
      socket.once('data', (head) => {
        const answer = acceptance(head, 'Sec-WebSocket-Extensions: permessage-deflate');
        socket.write(Buffer.concat([Buffer.from(answer), frames]));
        socket.on('data', () => socket.end());
      });
    });
    const before = process.memoryUsage().rss;
    const ws = arkws.createWebSocket();
    const failed = next(ws, 'error');
    await ws.connect(`ws://127.0.0.1:${port}`, { perMessageDeflate: true, maxMessageSize: LIMIT });
    const [error] = await failed;
    assert.equal(error.cause, 'too-big');
    assertLittle(before);
  });

  it('ends the client of a server with too-big, and is not inflated to its end', async (t) => {
    const frames = bomb(0x80);
    const config = { perMessageDeflate: true, maxMessageSize: LIMIT };
    const { server, port } = await running(t, config);
    const before = process.memoryUsage().rss;
    const failed = next(server, 'error');
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    t.after(() => socket.destroy());
    const head = request('Host: a', 'Sec-WebSocket-Extensions: permessage-deflate');
    socket.write(Buffer.concat([Buffer.from(head), frames]));
    const [error] = await failed;
    assert.equal(error.cause, 'too-big');
    assertLittle(before);
  });
});

describe('parameters of compression that nobody may send', () => {
  const PARAMETERS = [
    'server_max_window_bits=1000',
    'server_max_window_bits=7',
    'server_max_window_bits=-1',
    'server_max_window_bits="',
    'server_max_window_bits=10; server_max_window_bits=10',
    'client_max_window_bits=99999999999999999999',
    `junk${' '.repeat(4000)}=${'"\\'.repeat(2000)}`,
  ];
  for (const parameters of PARAMETERS) {
    const shown = parameters.slice(0, 60);

    it(`fail a client's handshake: ${shown}`, async (t) => {
      const { port } = await listen(t, (socket) => {
        socket.on('error', () => {});
        socket.once('data', (head) => {
          const extension = `Sec-WebSocket-Extensions: permessage-deflate; ${parameters}`;
          socket.write(acceptance(head, extension));
        });
      });
      const ws = arkws.createWebSocket();
      const failed = next(ws, 'error');
      await ws.connect(`ws://127.0.0.1:${port}`, { perMessageDeflate: true });
      const [error] = await failed;
      assert.equal(error.cause, 'handshake');
    });

    it(`are declined or refused by a server: ${shown}`, async (t) => {
      const { port } = await running(t, { perMessageDeflate: true });
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      t.after(() => socket.destroy());
      const extension = `Sec-WebSocket-Extensions: permessage-deflate; ${parameters}`;
      socket.write(request('Host: a', extension));
      const [answer] = await once(socket, 'data');
      assert.match(`${answer}`, /^HTTP\/1\.1 (101|400) /);
      assert.doesNotMatch(`${answer}`, /^Sec-WebSocket-Extensions/im);
    });
  }
});
