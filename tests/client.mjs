// Clients under test: attempts that must fail, and proof that the object is none the worse for it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import webSocket from 'arkws';
import { next } from '../npm/test/events.mjs';
import { echo, serve } from '../npm/test/servers.mjs';

/** An attempt that gets under way and fails: its `error` event. */
export async function failure(url, options = {}, ws = webSocket.createWebSocket()) {
  const failed = next(ws, 'error');
  const open = next(ws, 'open').then(() => assert.fail(`connected to ${url}`));
  assert.equal(await ws.connect(url, options), true);
  const [error] = await Promise.race([failed, open]);
  assertEvent(error);
  return { ws, error };
}

/** What every `error` event is like. */
export function assertEvent(error) {
  assert.ok(error instanceof Error);
  assert.equal(error.code, 200);
  assert.equal(typeof error.cause, 'string');
  const shown = JSON.parse(JSON.stringify(error));
  assert.deepEqual([shown.code, shown.message, shown.data], [200, error.message, error.data]);
}

/**
 * Fails unless a server of npm `ws` answers the open connection with what it is sent; closes the
 * connection.
 */
export async function exchange(ws, text = 'still here') {
  const message = next(ws, 'message');
  await ws.send(text);
  assert.deepEqual(await message, [undefined, text]);
  const closed = next(ws, 'close');
  await ws.close({ code: 1000, reason: 'enough' });
  assert.deepEqual(await closed, [undefined, { code: 1000, reason: 'enough' }]);
}

/** Fails unless the object, and so the process, can still connect, exchange a message and close. */
export async function assertUsable(t, ws) {
  const url = await serve(t, echo);
  const open = next(ws, 'open');
  assert.equal(await ws.connect(url, { proxy: 'no-proxy' }), true);
  await open;
  await exchange(ws);
}

/**
 * How connects end in a process of its own with these environment variables, and none that names a
 * proxy beside them: `[url, options]` each, one after the other. Resolves to `{ peer }` or
 * `{ code, cause, message }` each.
 */
export async function attempts(variables, ...list) {
  const inherited = Object.entries(process.env).filter(([name]) => !/_proxy$/i.test(name));
  const child = spawn(process.execPath, [fileURLToPath(new URL('attempt.mjs', import.meta.url))], {
    env: { ...Object.fromEntries(inherited), ...variables },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(JSON.stringify(list.map(([url, options]) => ({ url, options }))));
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  assert.equal(code, 0);
  return JSON.parse(said);
}
