// Objects come and go, and leave nothing behind.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { echo, serve } from '../../npm/test/servers.mjs';
import { skip } from './measure.mjs';
import { measured } from './support.mjs';

const ROUNDS = 20;
const OBJECTS = 2000;
/**
 * 12,000 in all. What they leave half done is of many sizes: the allocator takes longer to find its
 * own.
 */
const DROPS = 30;
const DROPPED = 400;
const SERVERS = 200;
const CLIENTS = 5;
const REQUESTS = 100;
/** Until then caches fill, and the allocator finds its size. */
const WARM_UP = 10;
/**
 * Mebibytes that later rounds may add: some 200 bytes per object, less than an object that is left
 * behind holds.
 */
const NOISE = 4;

/**
 * Fails unless it held in the end what it held before, and memory has not grown since the warm-up.
 */
function assertNothingLeft(t, { before, after, rss }, warmUp = WARM_UP) {
  assert.deepEqual(after, before);
  const rounds = rss.map((size) => size.toFixed(1)).join(' ');
  t.diagnostic(`MiB after each round: ${rounds}`);
  const grown = Math.min(...rss.slice(-3)) - rss[warmUp - 1];
  assert.ok(
    grown < NOISE,
    `memory has grown by ${grown.toFixed(1)} MiB since round ${warmUp}: ${rounds}`,
  );
}

describe('client objects that connect, exchange a message and close', {
  skip,
  timeout: 600_000,
}, () => {
  it(`leave no thread, no handle and no memory behind: ${ROUNDS} rounds of ${OBJECTS}`, async (t) => {
    assertNothingLeft(t, await measured('clients.mjs', await serve(t, echo), ROUNDS, OBJECTS));
  });
});

describe('connections that are dropped', { skip, timeout: 600_000 }, () => {
  it(`leave no thread, no handle and no memory behind: ${DROPS} rounds of ${DROPPED}`, async (t) => {
    const url = await serve(
      t,
      (socket, { url }) => {
        socket.on('error', () => {});
        if (url === '/much') for (let i = 0; i < 4; i++) socket.send('much '.repeat(10_000));
        socket.on('message', () => {
          if (url !== '/cut') return;
          socket._socket.write(Buffer.from([0x82, 0x7e, 0xff]));
          socket.terminate();
        });
      },
      { perMessageDeflate: true },
    );
    assertNothingLeft(t, await measured('dropped.mjs', url, DROPS, DROPPED), 20);
  });
});

describe('server objects that start, serve clients and stop', { skip, timeout: 600_000 }, () => {
  it(`leave no thread, no handle and no memory behind: ${ROUNDS} rounds of ${SERVERS}`, async (t) => {
    assertNothingLeft(t, await measured('servers.mjs', ROUNDS, SERVERS, CLIENTS));
  });
});

describe('clients that go before a listener that never settles has answered', {
  skip,
  timeout: 600_000,
}, () => {
  for (const event of ['request', 'httpRequest']) {
    it(`leave nothing behind, of ${event}: ${ROUNDS} rounds of ${REQUESTS}`, async (t) => {
      assertNothingLeft(t, await measured('requests.mjs', event, ROUNDS, REQUESTS));
    });
  }
});
