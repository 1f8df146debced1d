// The web's WebSocket beside undici's: the same program sees the same.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WebSocket as Ours } from 'arkws/web';
import { WebSocket as Undici } from 'undici';
import { echo, listen, serve } from './servers.mjs';

/** All that a socket tells from its constructor to its close. */
function story(WebSocket, url, protocols, tell) {
  return new Promise((resolve) => {
    const ws = new WebSocket(url, protocols);
    ws.binaryType = 'arraybuffer';
    const seen = [];
    const state = () => `${ws.readyState} ${ws.protocol} ${ws.bufferedAmount}`;
    for (const type of ['open', 'message', 'error', 'close']) {
      ws.addEventListener(type, (event) => {
        const { code, reason, wasClean, origin, bubbles, cancelable } = event;
        const data =
          event.data instanceof ArrayBuffer ? Buffer.from(event.data).toString('hex') : event.data;
        const what = { type, data, code, reason, wasClean, origin, bubbles, cancelable };
        seen.push({ ...what, state: type === 'close' ? '' : state() });
        tell?.(ws, event, seen);
        if (type === 'close') setImmediate(resolve, { seen, url: ws.url, state: ws.readyState });
      });
    }
    tell?.(ws, { type: 'made' }, seen);
  });
}

async function same(url, protocols, tell) {
  const ours = await story(Ours, url, protocols, tell);
  assert.deepEqual(ours, await story(Undici, url, protocols, tell));
  return ours;
}

describe('arkws/web and undici tell the same', () => {
  it('of messages both ways', async (t) => {
    const url = await serve(t, echo);
    const { seen } = await same(url, ['chat'], (ws, { type }, { length }) => {
      if (type === 'open') {
        for (const data of ['text', new Uint8Array([1, 2]), new Blob(['blob']), 'behind', '\ud800'])
          ws.send(data);
      } else if (length === 6) {
        ws.close(3000, 'done');
      }
    });
    assert.equal(seen.length, 7);
  });

  it('of closes by either side', async (t) => {
    for (const args of [[], [1000], [1001, 'away'], [4999, 'ä']]) {
      await same(await serve(t, (socket) => socket.close(...args)));
    }
    const url = await serve(t, echo);
    for (const args of [[], [1000], [3000, 'ä']]) {
      await same(url, [], (ws, { type }) => type === 'open' && ws.close(...args));
    }
  });

  it('of connections that fail', async (t) => {
    const refuses = await serve(t, () => {}, { verifyClient: () => false });
    await same(refuses);
    const { address } = await listen(t, (socket) => socket.destroy());
    await same(`ws://${address}`);
    await same('ws://127.0.0.1:6667/');
    await same(await serve(t, (socket) => socket.terminate()));
  });

  it('of mistakes', () => {
    const mistake = (WebSocket, ...args) => {
      try {
        new WebSocket(...args);
      } catch ({ name }) {
        return name;
      }
      return assert.fail('nothing was thrown');
    };
    for (const args of [
      [],
      ['x'],
      ['ftp://host/'],
      ['ws://host/#'],
      ['ws://host:99999/'],
      [Symbol('x')],
      ['ws://host/', 'a b'],
      ['ws://host/', ['a', 'A']],
      ['ws://host/', ['']],
      ['ws://host/', { headers: 1 }],
    ]) {
      assert.equal(mistake(Ours, ...args), mistake(Undici, ...args), String(args[0]));
    }
  });
});
