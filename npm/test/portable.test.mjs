// The core's ES modules, as they are, where there is no Node.js: no `require`, `process` or
// `Buffer`, and no global that the language does not have. Over the functions of Node-API, and with
// npm `ws` at the other end.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { cp, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import { FILE, bundled } from '../bundle.mjs';
import { echo, listen, serve } from './servers.mjs';

const CORE = new URL('../core/', import.meta.url);

it('what Node.js has of the core is made of its modules', async () => {
  const made = await readFile(FILE, 'utf8');
  assert.ok(made === (await bundled()), '`cargo xtask npm` has not run since core/ has changed');
});

it('says how that is made where it has not been', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'arkws-core-'));
  t.after(() => rm(folder, { recursive: true }));
  const copy = join(folder, 'lib', 'core.js');
  await cp(new URL('../lib/core.js', import.meta.url), copy);
  assert.throws(() => createRequire(copy)(copy), /^Error: .*dist\/core\.js.*`cargo xtask npm`/);
});

describe('the core without Node.js', () => {
  let program;

  before(async () => {
    program = fork(fileURLToPath(new URL('portable/run.mjs', import.meta.url)), {
      execArgv: ['--experimental-vm-modules', '--no-warnings'],
      serialization: 'advanced',
    });
    assert.deepEqual(await once(program, 'message'), [{ id: 'ready' }, undefined]);
  });

  after(async () => {
    const exited = once(program, 'exit');
    program.disconnect();
    // Nothing of the core keeps it.
    assert.deepEqual(await exited, [0, null]);
  });

  let calls = 0;

  /** What a function of the program returns. */
  function ask(name, ...args) {
    const id = ++calls;
    return new Promise((resolve, reject) => {
      const listener = (answer) => {
        if (answer.id !== id) return;
        program.off('message', listener);
        if (answer.error === undefined) resolve(answer.value);
        else reject(Object.assign(new Error(answer.error.message), answer.error));
      };
      program.on('message', listener);
      program.send({ id, name, args });
    });
  }

  it('has the globals of the language alone', async () => {
    const globals = await ask('globals');
    // Those of Node.js, and of browsers.
    const others = globals.filter((name) => /^[a-z]/.test(name));
    assert.deepEqual(others.sort(), [
      'decodeURI',
      'decodeURIComponent',
      'encodeURI',
      'encodeURIComponent',
      'escape',
      'eval',
      'globalThis',
      'isFinite',
      'isNaN',
      'parseFloat',
      'parseInt',
      'undefined',
      'unescape',
    ]);
    const nodes = ['AbortController', 'Buffer', 'DOMException', 'Event', 'TextEncoder', 'URL'];
    assert.deepEqual(
      nodes.filter((name) => globals.includes(name)),
      [],
    );
  });

  it('loads all of its files', async () => {
    const files = (await readdir(CORE)).filter((file) => file !== 'bundle.mjs');
    assert.deepEqual((await ask('modules')).sort(), files.sort());
  });

  it('connects, sends, hears the answers and closes', async (t) => {
    const closed = new EventEmitter();
    const url = await serve(t, (socket) => {
      echo(socket);
      socket.on('close', (code, reason) => closed.emit('close', code, String(reason)));
    });
    const heard = once(closed, 'close');
    assert.deepEqual(await ask('echo', url, { header: { 'x-who': 'program' } }), {
      connected: true,
      sent: [true, [undefined, true], true],
      events: ['by promise', 'by callback: é', ['[object ArrayBuffer]', 1, 2, 255]],
      closed: true,
      close: { code: 4001, reason: 'done' },
    });
    assert.deepEqual(await heard, [4001, 'done']);
  });

  it('tells failures and mistakes with the codes of the contract', async (t) => {
    const { address } = await listen(t, (socket) => socket.destroy());
    const { isError, failure, promise, listener } = await ask('mistakes', `ws://${address}`);
    assert.equal(isError, true);
    assert.equal(failure.name, 'BusinessError');
    assert.equal(failure.code, 200);
    assert.equal(promise.code, 401);
    assert.equal(listener.code, 401);
    assert.ok((await ask('told')).warnings.includes('ARKWS_UNKNOWN_EVENT'));
  });

  it('leaves Error as it was when it refuses to send', async (t) => {
    const { cause, added } = await ask('full', await serve(t, (socket) => socket.pause()));
    assert.equal(cause, 'queue-full');
    // `stackTraceLimit` is V8's.
    assert.deepEqual(added, []);
  });

  it('reports what a listener throws to its host, and calls the others', async (t) => {
    await ask('thrower', await serve(t, echo));
    assert.deepEqual((await ask('told')).uncaught, ['thrown by a listener']);
  });

  it("has arkws's own calls, but for HTTP servers of Node.js", async (t) => {
    const { roundTrip, message, refused, upgrade } = await ask('extras', await serve(t, echo));
    assert.ok(roundTrip >= 0);
    assert.deepEqual(message, ['[object Uint8Array]', 7]);
    assert.equal(refused.code, 401);
    assert.match(refused.message, /HTTP servers, which this runtime has none of/);
    assert.equal(upgrade.code, 2302999);
  });

  it('serves: starts, lets in, answers, closes and stops', async () => {
    const { started, port } = await ask('serve');
    assert.equal(started, true);
    const ws = new WebSocket(`ws://127.0.0.1:${port}/chat?a=1`, { headers: { 'x-who': 'peer' } });
    await once(ws, 'open');
    ws.send('text');
    const [text, isBinary] = await once(ws, 'message');
    assert.deepEqual([String(text), isBinary], ['echo of text', false]);
    ws.send(Buffer.of(3, 4));
    assert.deepEqual(await once(ws, 'message'), [Buffer.of(3, 4), true]);
    const closed = once(ws, 'close');
    assert.deepEqual(await ask('closeClients'), [true]);
    assert.deepEqual(
      (await closed).map((value) => (typeof value === 'number' ? value : String(value))),
      [4002, 'enough'],
    );
    assert.deepEqual(await ask('stop'), {
      stopped: true,
      heard: [['request', '/chat?a=1', 'peer', undefined], ['connect'], ['close', 4002, 'enough']],
    });
  });
});
