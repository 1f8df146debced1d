// A fast client and a slow listener: the client is held back, nothing is lost or reordered, and
// memory stays bounded.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { next } from '../../npm/test/events.mjs';
import { running } from '../../npm/test/servers.mjs';

const MEBIBYTE = 1 << 20;
const SIZE = 64 << 10;
const COUNT = 4096;
/** How much may be under way: our queues, and the two sockets' buffers in the kernel. */
const UNDER_WAY = 32 * MEBIBYTE;

describe('a listener that is slower than its client', { timeout: 120_000 }, () => {
  it('holds that client back, and gets everything in order', async (t) => {
    const { server, url } = await running(t);
    const before = process.memoryUsage.rss();
    let most = 0;
    let messages = 0;
    let held;
    let client;
    server.on('messageReceive', ({ data }) => {
      assert.equal(new DataView(data).getUint32(0), messages++);
      assert.equal(data.byteLength, SIZE);
      // The JavaScript thread is busy elsewhere; at the end of it the client tells how far it got.
      if (messages <= 100)
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, messages === 100 ? 200 : 10);
      if (messages === 100) {
        client.send('written?');
        held = once(client, 'message');
      }
      most = Math.max(most, process.memoryUsage.rss() - before);
    });
    const closed = next(server, 'close');
    client = fork(fileURLToPath(new URL('blast.mjs', import.meta.url)), [
      url,
      `${SIZE}`,
      `${COUNT}`,
    ]);
    t.after(() => client.kill());
    assert.equal((await closed)[1].code, 1000);
    assert.equal(messages, COUNT);
    // It had more than a second for 256 MiB.
    const [{ written }] = await held;
    assert.ok(written < UNDER_WAY, `the client has written ${Math.round(written / MEBIBYTE)} MiB`);
    assert.ok(most < 128 * MEBIBYTE, `memory has grown by ${Math.round(most / MEBIBYTE)} MiB`);
  });
});
