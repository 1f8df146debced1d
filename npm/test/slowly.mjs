// A peer that reads slowly, and a server that sends it more than a kernel holds.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as after } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { next } from './events.mjs';

export const MESSAGES = 5;
export const SIZE = 2 << 20;
/** Bytes a second: what a kernel holds, some 4 MB, takes longer than the heartbeat has. */
const RATE = 1_900_000;

/**
 * A port that leads to `port`, and lets that much through in the direction that `slow` names: its
 * peer there seems to read slowly. Closed after the tests of `t`.
 */
export async function slowly(t, port, slow) {
  const server = createServer({ pauseOnConnect: true }, async (near) => {
    const far = connect(port, '127.0.0.1');
    for (const end of [near, far]) end.on('error', () => {});
    const [from, to] = slow === 'forth' ? [near, far] : [far, near];
    to.pipe(from);
    await once(far, 'connect');
    near.resume();
    from.pause();
    for await (const part of from) {
      to.write(part);
      await after((part.length / RATE) * 1000);
    }
    to.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return server.address().port;
}

/** The next event of a type, unless an `error` comes first. */
export function first(object, type) {
  const failed = next(object, 'error').then(([error]) => Promise.reject(error));
  return Promise.race([next(object, type), failed]);
}

/** A client of `server` gets all that this sends it, and thanks. */
export async function getsAll(server, url, options) {
  const connect = next(server, 'connect');
  const peer = new WebSocket(url, options);
  let left = MESSAGES;
  peer.on('message', () => --left === 0 && peer.send('thanks'));
  peer.on('error', () => {});
  const [client] = await connect;
  const thanks = first(server, 'messageReceive');
  const send = () => server.send(new ArrayBuffer(SIZE), client);
  const sends = Array.from({ length: MESSAGES }, send);
  assert.deepEqual(
    await Promise.all(sends),
    sends.map(() => true),
  );
  assert.equal((await thanks)[0].data, 'thanks');
  peer.close();
  await next(server, 'close');
}
