// What an error looks like, and which rejections end a program that does not look at them.
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import arkws, { BusinessError, setApiVersion, setPolicy } from 'arkws';
import { called, next, openClient, rejection } from './events.mjs';
import { serve } from './servers.mjs';
import { folder, node } from './support.mjs';

describe('an error', () => {
  it('of a call is an Error that JSON.stringify shows with code and message', async () => {
    const error = await rejection(arkws.createWebSocket().connect());
    assert.ok(error instanceof Error);
    assert.ok(error instanceof BusinessError);
    assert.equal(error.name, 'BusinessError');
    assert.deepEqual(Object.keys(error), ['code', 'message']);
    assert.equal(typeof error.code, 'number');
    assert.deepEqual(JSON.parse(JSON.stringify(error)), { code: 401, message: error.message });
    assert.match(
      error.stack,
      /^BusinessError: Parameter error: .*\n {4}at .*contract-errors\.test\.mjs/,
    );
  });

  it("has a stack that begins at the program's call", async () => {
    const ws = arkws.createWebSocket();
    const server = arkws.createWebSocketServer();
    const nobody = { clientIP: '1', clientPort: 1 };
    const errorOf = (call) => {
      try {
        return rejection(call());
      } catch (error) {
        return error;
      }
    };
    for (const call of [
      () => ws.connect(),
      () => ws.connect('ws://host', { header: [1] }),
      () => ws.send(),
      () => ws.send(1),
      () => ws.send('a'),
      () => ws.close(1),
      () => ws.close(),
      () => ws.on('open'),
      () => ws.off(),
      () => ws.onOpen(),
      () => ws.offOpen(1),
      () => server.start(),
      () => server.start({ serverPort: -1 }),
      () => server.stop(1),
      () => server.stop(),
      () => server.listAllConnections(1),
      () => server.send('a'),
      () => server.send('a', nobody),
      () => server.close(nobody, {}),
      () => server.close(nobody),
      () => server.broadcast(1),
      () => server.broadcast('a'),
      () => setApiVersion('a'),
      () => setApiVersion(1),
      () => setPolicy(1),
      () => setPolicy({ allowedHosts: ['http://a'] }),
    ]) {
      const [, first] = (await errorOf(call)).stack.split('\n');
      assert.match(first, /contract-errors\.test\.mjs/, String(call));
    }
  });

  it('of an event has data and cause as well', async () => {
    const ws = arkws.createWebSocket();
    const failed = next(ws, 'error');
    assert.equal(await ws.connect('ws://127.0.0.1:1'), true);
    const [error] = await failed;
    assert.ok(error instanceof BusinessError);
    assert.deepEqual(
      { ...error },
      {
        code: 200,
        message: 'Websocket connect failed: 127.0.0.1:1: connection refused',
        data: '0',
        cause: 'refused',
      },
    );
  });

  it('of a refused handshake has the HTTP status as data', async (t) => {
    const url = await serve(t, () => {}, {
      verifyClient: (_, done) => done(false, 403, 'Not you'),
    });
    const ws = arkws.createWebSocket();
    const failed = next(ws, 'error');
    await ws.connect(url);
    const [{ code, data, cause }] = await failed;
    assert.deepEqual({ code, data, cause }, { code: 200, data: '403', cause: 'handshake' });
  });

  it('is the same for callback and promise', async () => {
    const ws = arkws.createWebSocket();
    for (const method of ['send', 'close']) {
      const args = method === 'send' ? ['a'] : [];
      const [byCallback] = await called((callback) => ws[method](...args, callback));
      assert.deepEqual({ ...byCallback }, { ...(await rejection(ws[method](...args))) });
    }
  });

  it('can be made by a program, as on the platform', () => {
    const error = new BusinessError(7, 'mine', { a: 1 });
    assert.equal(JSON.stringify(error), '{"code":7,"message":"mine","data":{"a":1}}');
    assert.equal(String(error), 'BusinessError: mine');
  });
});

describe('after a failure', () => {
  it('the object can connect again, from the error listener too', async (t) => {
    const url = await serve(t, () => {});
    const ws = arkws.createWebSocket();
    t.after(() => ws.close().catch(() => {}));
    let connecting;
    ws.on('error', () => {
      connecting = ws.connect(url);
    });
    const open = next(ws, 'open');
    await ws.connect('ws://127.0.0.1:1');
    await open;
    ws.off('error');
    assert.equal(await connecting, true);
  });

  it('a connect that cannot be created raises an error event too', async () => {
    for (const [url, code] of [
      ['ws://', -1],
      ['hello', 2302001],
      ['', 2302001],
      ['http://127.0.0.1', 2302001],
    ]) {
      const ws = arkws.createWebSocket();
      const failed = next(ws, 'error');
      assert.equal((await rejection(ws.connect(url))).code, code, url);
      assert.equal((await failed)[0].code, 200);
    }
  });
});

/** Runs a program to its end and tells how it ended. */
async function run(body, { args = [], files } = {}) {
  const program = `
    import arkws from 'arkws';
    const [url] = process.argv.slice(2);
    const ws = arkws.createWebSocket();
    ${body}
  `;
  const cwd = await folder({ 'program.mjs': program });
  return node(['program.mjs', ...args], { cwd, files });
}

describe('a rejection that nobody looks at', () => {
  for (const [what, body, code] of [
    ['a wrong argument', 'ws.connect(1);', 401],
    ['a send without a connection', "ws.send('a');", -1],
    ['a close without a connection', 'ws.close();', 2302999],
    ['a connect that failed, and no listener for error', "ws.connect('ws://');", -1],
  ]) {
    it(`is loud after ${what}`, async () => {
      const { code: exit, stderr } = await run(body);
      assert.equal(exit, 1);
      assert.match(stderr, new RegExp(`code: ${code}\\b`));
    });
  }

  it('is quiet if an error listener is told of the failed connect, even one that comes later', async () => {
    const { code, stdout, stderr } = await run(`
      ws.connect('ws://');
      ws.on('error', ({ code }) => console.log(code));
    `);
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: '200\n', stderr: '' });
  });

  it('is quiet if the listener is told of a URL that is none, also at the levels at which that is 401', async () => {
    const old = `
      import { setApiVersion } from 'arkws';
      setApiVersion(10);
      const old = arkws.createWebSocket();
      old.connect('hello');
    `;
    const loud = await run(old);
    assert.equal(loud.code, 1);
    assert.match(loud.stderr, /code: 401\b/);
    const { code, stdout, stderr } = await run(
      `${old} old.on('error', ({ code, cause }) => console.log(code, cause));`,
    );
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: '200 invalid\n', stderr: '' });
  });

  it('is loud if there is no network thread that could tell a listener, and the program ends', async (t) => {
    if (process.platform === 'win32') return t.skip('there is no such limit');
    const { code, stdout, stderr } = await run(
      `
      import { openSync } from 'node:fs';
      ws.on('error', () => console.log('told'));
      const files = [];
      try {
        for (;;) files.push(openSync('/dev/null'));
      } catch {}
      ws.connect('ws://127.0.0.1:1');
    `,
      { files: 100 },
    );
    assert.deepEqual({ code, stdout }, { code: 1, stdout: '' });
    assert.match(stderr, /code: -1\b/);
    assert.match(stderr, /the network thread cannot be started/);
  });

  // The program cannot know yet: it is busy from before the connection is lost until after it has
  // sent.
  const busyUntilClosed = `
    while (ws.readyState < 2);
  `;

  for (const [what, call, code] of [
    ['send', "ws.send('too late')", -1],
    ['close', 'ws.close()', 2302999],
  ]) {
    it(`is quiet if the connection went before a ${what}, and the program is yet to be told`, async () => {
      const {
        code: exit,
        stdout,
        stderr,
      } = await run(`
        ws.on('error', ({ cause }) => console.log('error', cause));
        ws.connect('ws://127.0.0.1:1');
        ${busyUntilClosed}
        ${call};
        ${call}.catch(({ code }) => console.log('rejected', code));
      `);
      assert.deepEqual({ exit, stderr }, { exit: 0, stderr: '' });
      assert.equal(stdout, `rejected ${code}\nerror refused\n`);
    });
  }

  it('is quiet if the program has closed the connection itself: it has connected', async (t) => {
    // Nobody answers: whatever the threads do first, the close comes before the end.
    const server = createServer();
    server.listen(0, '127.0.0.1');
    t.after(() => server.close());
    await once(server, 'listening');
    const { code, stderr } = await run(
      `
      ws.connect(url);
      ws.close();
      ws.send('too late');
    `,
      { args: [`ws://127.0.0.1:${server.address().port}`] },
    );
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
  });

  it('is quiet if the connection went under a send', async (t) => {
    const server = createServer((socket) => socket.once('data', () => socket.destroy()));
    server.listen(0, '127.0.0.1');
    t.after(() => server.close());
    await once(server, 'listening');
    const { code, stdout, stderr } = await run(
      `
      ws.on('error', ({ cause }) => console.log('error', cause));
      ws.connect(url);
      ws.send('never arrives');
      ws.send('nor this').catch((error) => console.log('rejected', error.code));
      ws.send('nor that', (error) => console.log('called', error.code));
    `,
      { args: [`ws://127.0.0.1:${server.address().port}`] },
    );
    assert.equal(stderr, '');
    assert.equal(code, 0);
    assert.match(stdout, /^error \w+$/m);
    assert.match(stdout, /^rejected -1$/m);
    assert.match(stdout, /^called -1$/m);
  });
});

describe('a send', () => {
  it('that was queued when the connection was lost is rejected, in order', async (t) => {
    const url = await serve(t, (socket) => {
      socket.pause();
      setTimeout(() => socket.terminate(), 50);
    });
    const ws = await openClient(t, url);
    const order = [];
    const results = [];
    for (let i = 0; i < 20; i++) {
      results.push(
        ws.send(new ArrayBuffer(4 << 20)).then(
          () => order.push(`sent`),
          () => order.push(`failed`),
        ),
      );
    }
    await Promise.all(results);
    assert.equal(order.length, 20);
    assert.ok(order.includes('failed'));
    assert.deepEqual(order, [...order].sort().reverse());
  });
});
