// Sends where the stack ends: each is answered, or has thrown, and none gets the answer of another.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WebSocket } from 'ws';
import { next, openClient } from './events.mjs';
import { running, serve } from './servers.mjs';

/** How many frames are tried, from the last one of the stack upwards. */
const FRAMES = 400;

/** What is sent last. */
const LAST = 'the last';

/**
 * Calls `call(values)` in the last frames of the stack, which it leaves with a RangeError in some
 * of them. `pad` shifts where these frames begin.
 */
function atStackLimit(pad, call) {
  let calls = 0;
  const deeper = (...pads) => {
    try {
      deeper(...pads);
    } catch {
      // The end of the stack, or of this frame's own call.
    }
    if (calls >= FRAMES) return;
    calls++;
    call();
  };
  try {
    deeper(...Array(pad).fill(0));
  } catch {
    // As above.
  }
}

/** Sends numbers in all those frames: those sends that have not thrown, with what they returned. */
function sendAll(send) {
  const returned = [];
  let number = 0;
  for (let pad = 0; pad < 12; pad++) {
    atStackLimit(pad, () => {
      const text = String(number++);
      const promise = send(text);
      // Without a function's call, which might throw.
      returned[returned.length] = [text, promise];
    });
  }
  for (const [, promise] of returned) promise?.catch(() => {});
  return returned;
}

/** What is thrown where no program can catch it, until the test ends. */
function uncaughtErrors(t) {
  const errors = [];
  const listener = (error) => errors.push(error);
  process.on('uncaughtException', listener);
  t.after(() => process.off('uncaughtException', listener));
  return errors;
}

/**
 * Waits for the answers: those sends that were taken have succeeded, any other was rejected since
 * the stack had ended. `texts` are what the peer has received.
 */
async function checkAnswers(promises, texts) {
  const taken = [];
  for (const [text, promise] of promises) {
    try {
      assert.equal(await promise, true);
      taken.push(text);
    } catch (error) {
      assert.equal(error.name, 'RangeError');
    }
  }
  assert.ok(taken.length > 0);
  assert.deepEqual(texts, taken);
}

/** The texts that `socket` gets up to the last one. */
function textsOf(socket) {
  return new Promise((resolve) => {
    const texts = [];
    socket.on('message', (data) => {
      if (String(data) === LAST) resolve(texts);
      else texts.push(String(data));
    });
  });
}

describe('each send at the end of the stack has thrown, or has its own answer', () => {
  it('of a client', async (t) => {
    const uncaught = uncaughtErrors(t);
    let texts;
    const url = await serve(t, (socket) => (texts = textsOf(socket)));
    const ws = await openClient(t, url);
    const promises = sendAll((text) => ws.send(text));
    assert.equal(await ws.send(LAST), true);
    await checkAnswers(promises, await texts);
    assert.deepEqual(uncaught, []);
  });

  it('of a client, by its callback', async (t) => {
    const uncaught = uncaughtErrors(t);
    let texts;
    const url = await serve(t, (socket) => (texts = textsOf(socket)));
    const ws = await openClient(t, url);
    const taken = [];
    sendAll((text) => ws.send(text, (error) => taken.push(error ?? text)));
    await new Promise((resolve) => ws.send(LAST, resolve));
    assert.ok(taken.length > 0);
    assert.deepEqual(await texts, taken);
    assert.deepEqual(uncaught, []);
  });

  it('of a server', async (t) => {
    const uncaught = uncaughtErrors(t);
    const { server, url } = await running(t);
    const joined = next(server, 'connect');
    const peer = new WebSocket(url);
    t.after(() => peer.terminate());
    const texts = textsOf(peer);
    const [client] = await joined;
    const promises = sendAll((text) => server.send(text, client));
    assert.equal(await server.send(LAST, client), true);
    await checkAnswers(promises, await texts);
    assert.deepEqual(uncaught, []);
  });
});
