// A program that is slower than its server does not fill the memory: the connection is read from
// only as fast as listeners return.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createHash } from 'node:crypto';
import { serve } from './servers.mjs';
import { folder, node } from './support.mjs';

const MIB = 1 << 20;

/** Sends `total` bytes of messages, as fast as the connection takes them. */
function pour(socket, message, total) {
  let sent = 0;
  const more = () => {
    while (sent < total && socket.bufferedAmount < MIB) {
      socket.send(message(sent / 1000));
      sent += 1000;
    }
    if (sent < total) setTimeout(more, 1);
    else socket.close(4000);
  };
  more();
}

describe('a slow listener and a fast server', () => {
  for (const [what, message] of [
    ['text', (i) => String(i).padEnd(1000, 'x')],
    ['binary data', (i) => Buffer.alloc(1000, String(i))],
  ]) {
    it(`keep memory bounded, and lose no ${what}`, async (t) => {
      const total = 200 * MIB;
      const url = await serve(t, (socket) => pour(socket, message, total));
      const cwd = await folder({
        'slow.mjs': `
          import arkws from 'arkws';
          import { createHash } from 'node:crypto';
          const ws = arkws.createWebSocket();
          const hash = createHash('sha256');
          let bytes = 0, base = 0, peak = 0;
          ws.on('message', (_, value) => {
            hash.update(typeof value === 'string' ? value : new Uint8Array(value));
            bytes += value.length ?? value.byteLength;
            // Blocks the thread now and then, for longer than the server needs to send many
            // megabytes.
            if (bytes % (20 * 1024 * 1000) === 0) {
              Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
              peak = Math.max(peak, process.memoryUsage.rss());
            }
          });
          ws.on('open', () => { base = process.memoryUsage.rss(); });
          ws.on('close', (_, { code }) => console.log(JSON.stringify({ code, bytes, grown: peak - base, hash: hash.digest('hex') })));
          ws.connect(process.argv[2]);
        `,
      });
      const { stdout, stderr, code } = await node(['slow.mjs', url], { cwd });
      assert.deepEqual({ stderr, code }, { stderr: '', code: 0 });
      const seen = JSON.parse(stdout);
      const expected = createHash('sha256');
      let bytes = 0;
      for (; bytes < total; bytes += 1000) expected.update(message(bytes / 1000));
      assert.equal(seen.code, 4000);
      assert.equal(seen.bytes, bytes);
      assert.equal(seen.hash, expected.digest('hex'));
      assert.ok(
        seen.grown < 80 * MIB,
        `memory grew by ${(seen.grown / MIB).toFixed(0)} MiB under ${total / MIB} MiB`,
      );
    });
  }
});
