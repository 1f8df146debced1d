// Worker threads: each has objects of its own, and takes them with it.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { serve } from '../../npm/test/servers.mjs';
import { skip } from './measure.mjs';
import { measured } from './support.mjs';

const ROUNDS = 5;
const WORKERS = 4;
const SOCKETS = 5;
/**
 * Mebibytes between the first rounds and the last: what Node.js keeps of its threads differs by 20.
 * Three of each worker's would be more than this in the end.
 */
const NOISE = 40;

describe('worker threads, several at once', { skip, timeout: 300_000 }, () => {
  for (const [end, how] of [
    ['naturally', 'close what they have opened, and end by themselves'],
    ['exit', 'call process.exit() with open sockets'],
    ['terminate', 'are terminated with open sockets'],
    ['throw', 'end by an exception with open sockets'],
  ]) {
    it(`connect and exchange messages, and leave nothing behind when they ${how}`, async (t) => {
      const open = new Set();
      let most = 0;
      let allGone;
      const url = await serve(
        t,
        (socket) => {
          open.add(socket);
          most = Math.max(most, open.size);
          socket.on('message', (data, binary) => socket.send(data, { binary }));
          // Cut off in the middle of a frame, perhaps.
          socket.on('error', () => {});
          socket.on('close', () => {
            open.delete(socket);
            if (open.size === 0) allGone?.();
          });
        },
        { perMessageDeflate: true },
      );
      const held = await measured('workers.mjs', url, end, ROUNDS, WORKERS, SOCKETS);
      assert.deepEqual(held.after, held.before);
      const rounds = held.rss.map((size) => size.toFixed(1)).join(' ');
      const grown = Math.min(...held.rss.slice(-2)) - Math.min(...held.rss.slice(0, 2));
      assert.ok(grown < NOISE, `memory has grown by ${grown.toFixed(1)} MiB: ${rounds}`);
      // The server has seen all of them end.
      if (open.size > 0) await new Promise((resolve) => (allGone = resolve));
      assert.ok(most > SOCKETS, 'workers have run at the same time');
    });
  }
});
