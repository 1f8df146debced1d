// Calls where the stack ends: each is answered, or has thrown and done nothing, and no other object
// or call loses anything.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import arkws from 'arkws';
import { WebSocket } from 'ws';
import { deferred, next, openClient } from './events.mjs';
import { running, serve } from './servers.mjs';

/** How many frames are tried, from the last one of the stack upwards. */
const FRAMES = 400;

/** For how many of them there are new objects: a call has more than enough stack behind them. */
const OBJECTS = 64;

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
      assertStackEnded(error);
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

/**
 * Calls `call(object)` with a new object of `make` in each of the last frames of the stack, up to
 * the first one that does not throw: those that have thrown, and those that have not with what was
 * returned. Behind each of the latter comes a call of another new object, a bystander.
 */
function callAll(make, call) {
  const thrown = [];
  const returned = [];
  for (let pad = 0; pad < 12; pad++) {
    const objects = Array.from({ length: OBJECTS }, make);
    let used = 0;
    let result;
    atStackLimit(pad, () => {
      if (result !== undefined || used === OBJECTS) return;
      result = call(objects[used++]);
    });
    if (result !== undefined) returned.push([objects[--used], result]);
    thrown.push(...objects.slice(0, used));
    const bystander = make();
    returned.push([bystander, call(bystander)]);
  }
  for (const [, promise] of returned) promise.catch(() => {});
  return { thrown, returned };
}

describe('each call at the end of the stack has thrown and done nothing, or is answered', () => {
  it('start', async (t) => {
    const uncaught = uncaughtErrors(t);
    const make = () => {
      const server = arkws.createWebSocketServer();
      t.after(() => server.stop().catch(() => {}));
      return server;
    };
    const start = (server) => server.start({ serverIP: '127.0.0.1', serverPort: 0 });
    const { thrown, returned } = callAll(make, start);
    assert.ok(thrown.length > 0);
    for (const [server, promise] of returned) {
      try {
        assert.equal(await promise, true);
        assert.notEqual(server.listAddress(), undefined);
      } catch (error) {
        assertStackEnded(error);
      }
    }
    for (const server of thrown) {
      assert.equal(server.listAddress(), undefined);
      assert.equal(await start(server), true);
      assert.equal(await server.stop(), true);
    }
    assert.deepEqual(uncaught, []);
  });

  for (const withCallback of [false, true]) {
    it(`connect with a ${withCallback ? 'callback' : 'promise'}`, async (t) => {
      const uncaught = uncaughtErrors(t);
      const url = await serve(t, () => {});
      const [opens, answers, callbacks] = [new Map(), new Map(), new Map()];
      const make = () => {
        const ws = arkws.createWebSocket();
        t.after(() => ws.close().catch(() => {}));
        opens.set(ws, next(ws, 'open'));
        answers.set(ws, deferred());
        callbacks.set(ws, (error, value) => {
          answers.get(ws).resolve(error === undefined ? value : Promise.reject(error));
        });
        return ws;
      };
      const connect = (ws) => {
        if (!withCallback) return ws.connect(url);
        // Without a function of JavaScript behind the call, which might throw.
        ws.connect(url, callbacks.get(ws));
        return answers.get(ws).promise;
      };
      const { thrown, returned } = callAll(make, connect);
      assert.ok(thrown.length > 0);
      for (const [ws, promise] of returned) {
        try {
          assert.equal(await promise, true);
        } catch (error) {
          assertStackEnded(error);
          continue;
        }
        await opens.get(ws);
      }
      for (const ws of thrown) {
        assert.equal(await ws.connect(url), true);
        await opens.get(ws);
      }
      assert.deepEqual(uncaught, []);
    });
  }

  it('close of a client of a server', async (t) => {
    const uncaught = uncaughtErrors(t);
    const { server, url } = await running(t);
    const [bystander, bystanderConnection] = await joined(t, server, url);
    let connection;
    let code;
    let answer;
    const close = () => {
      // The code says which of the calls it is.
      answer ??= server.close(connection, { code: ++code, reason: '' });
    };
    let thrown = 0;
    for (let pad = -1; pad < 12; pad++) {
      const [peer, itsConnection] = await joined(t, server, url);
      const told = next(server, 'close');
      const ended = once(peer, 'close');
      connection = itsConnection;
      code = 3000;
      answer = undefined;
      // The first time far from the end of the stack, where V8 could not compile it.
      if (pad < 0) close();
      else atStackLimit(pad, close);
      thrown += code - 3001;
      try {
        assert.equal(await answer, true);
      } catch (error) {
        assertStackEnded(error);
        answer = undefined;
        close();
      }
      assert.equal((await ended)[0], code);
      assert.deepEqual((await told)[0], connection);
      const message = next(server, 'messageReceive');
      bystander.send(LAST);
      const [{ data, clientConnection }] = await message;
      assert.equal(data, LAST);
      assert.deepEqual(clientConnection, bystanderConnection);
    }
    assert.ok(thrown > 0);
    assert.deepEqual(uncaught, []);
  });
});

/** A peer that has connected to `server`, and what that calls it. */
async function joined(t, server, url) {
  const connect = next(server, 'connect');
  const peer = new WebSocket(url);
  t.after(() => peer.terminate());
  const [connection] = await connect;
  return [peer, connection];
}

/** A call was refused since the stack has ended while its arguments were read. */
function assertStackEnded(error) {
  assert.match(error.message, /Maximum call stack/);
}
