// A fast server and a slow listener: memory stays bounded, because the read side stops; nothing is
// lost or reordered.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import webSocket, { setApiVersion } from 'arkws';
import { next } from '../../npm/test/events.mjs';

const MEBIBYTE = 1 << 20;
const SIZE = 64 << 10;
const COUNT = 4096;

/** How much may be under way: our queues, and the two sockets' buffers in the kernel. */
const UNDER_WAY = 32 * MEBIBYTE;

/**
 * The server is a process of its own: its memory is not what is measured, and it never waits for us
 * to run.
 */
async function blast(t) {
  const child = fork(
    fileURLToPath(new URL('blast.mjs', import.meta.url)),
    [SIZE, COUNT].map(String),
  );
  t.after(() => child.kill());
  const [{ port }] = await once(child, 'message');
  return {
    url: `ws://127.0.0.1:${port}/`,
    /** The bytes that the kernel has taken from it. */
    async written() {
      child.send('written?');
      const [{ written }] = await once(child, 'message');
      return written;
    },
  };
}

describe('a listener that is slower than the server', { timeout: 120_000 }, () => {
  for (const level of [10, 26]) {
    it(`holds the server back, and gets everything in order, at level ${level}`, async (t) => {
      setApiVersion(level);
      t.after(() => setApiVersion(26));
      const server = await blast(t);
      const ws = webSocket.createWebSocket();
      const before = process.memoryUsage().rss;
      let most = 0;
      let slow = 100;
      let messages = 0;
      let length = 0;
      let held;
      ws.on('message', (_, piece) => {
        if (length === 0)
          assert.equal(new DataView(piece).getUint32(0), messages, 'the number of the message');
        length += piece.byteLength;
        if (slow > 0) {
          // The JavaScript thread is busy elsewhere; at the end of it the server tells how far it
          // got.
          if (--slow === 0) held = server.written();
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, slow === 0 ? 200 : 10);
        }
        most = Math.max(most, process.memoryUsage().rss - before);
      });
      ws.on('dataEnd', () => {
        assert.equal(length, SIZE);
        length = 0;
        messages++;
      });
      const closed = next(ws, 'close');
      await ws.connect(server.url);
      assert.equal((await closed)[1].code, 1000);
      assert.equal(messages, COUNT);
      // It had more than a second for 256 MiB.
      const written = await held;
      assert.ok(
        written < UNDER_WAY,
        `the server has written ${Math.round(written / MEBIBYTE)} MiB`,
      );
      assert.ok(most < 128 * MEBIBYTE, `memory has grown by ${Math.round(most / MEBIBYTE)} MiB`);
    });
  }
});
