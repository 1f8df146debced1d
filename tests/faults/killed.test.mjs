// A server whose process is killed, by SIGKILL: it says nothing, its system ends its connections.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import webSocket from 'arkws';
import { connected, next, several } from '../../npm/test/events.mjs';

/** A process with a server, on this port; it can be killed. */
async function server(t, port = 0) {
  const path = fileURLToPath(new URL('echo-server.mjs', import.meta.url));
  const child = spawn(process.execPath, [path, String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const kill = async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  };
  t.after(kill);
  const [printed] = await once(child.stdout.setEncoding('utf8'), 'data');
  return { port: Number(printed), kill };
}

/** A client, and all that it is told. */
async function watched(t, url, options) {
  const ws = webSocket.createWebSocket();
  const told = [];
  for (const type of ['open', 'reconnecting', 'reconnected', 'error', 'close'])
    ws.on(type, (...args) => told.push([type, ...args]));
  ws.on('message', () => {});
  t.after(() => ws.close().catch(() => {}));
  await connected(url, options, ws);
  return { ws, told, types: () => told.map(([type]) => type) };
}

/** Fails unless the connection was lost, once, with these events and no more. */
async function assertLost({ told, types }) {
  assert.deepEqual(types(), ['open', 'error', 'close']);
  const [, [, error], [, , closed]] = told;
  assert.equal(error.cause, 'reset');
  assert.equal(closed.code, 1006);
}

describe('a server that is killed', { timeout: 120_000 }, () => {
  it('while nothing is sent is an error and a close', async (t) => {
    const { port, kill } = await server(t);
    const client = await watched(t, `ws://127.0.0.1:${port}`);
    const closed = next(client.ws, 'close');
    await kill();
    await closed;
    await assertLost(client);
  });

  it('in the midst of a message is an error and a close, and none of the message', async (t) => {
    const { port, kill } = await server(t);
    const client = await watched(t, `ws://127.0.0.1:${port}/much`, { maxMessageSize: 1 << 30 });
    client.ws.on('message', () => assert.fail());
    const closed = next(client.ws, 'close');
    while (client.ws.stats().bytesReceived < 3 << 20) await new Promise(setImmediate);
    await kill();
    await closed;
    await assertLost(client);
  });

  it('in the midst of what it is sent is an error and a close, and each send is answered', async (t) => {
    const { port, kill } = await server(t);
    const client = await watched(t, `ws://127.0.0.1:${port}`);
    const closed = next(client.ws, 'close');
    const sends = Array.from({ length: 50 }, () => client.ws.send(new ArrayBuffer(1 << 20)));
    const answers = Promise.allSettled(sends);
    await sends[0];
    await kill();
    await closed;
    await assertLost(client);
    const failed = (await answers).filter(({ status }) => status === 'rejected');
    for (const { reason } of failed) assert.equal(reason.code, -1);
  });

  it('and comes back at its port is reconnected to, and gets what was sent meanwhile', async (t) => {
    const { port, kill } = await server(t);
    const reconnect = { initialDelay: 20, maxDelay: 50, jitter: false };
    const client = await watched(t, `ws://127.0.0.1:${port}`, { reconnect });
    const gone = several(client.ws, 'reconnecting', 2);
    await kill();
    const [[first], [second]] = await gone;
    assert.deepEqual([first.cause.cause, second.cause.cause], ['reset', 'refused']);
    const [back, answer] = [next(client.ws, 'reconnected'), next(client.ws, 'message')];
    const sent = client.ws.send('still here');
    await server(t, port);
    await back;
    assert.equal(await sent, true);
    assert.deepEqual(await answer, [undefined, 'still here']);
    assert.deepEqual([...new Set(client.types())], ['open', 'reconnecting', 'reconnected']);
  });
});
