// Listeners: on, off, their static names, and what happens while they run.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import arkws from 'arkws';
import { messages, next, openClient } from './events.mjs';
import { serve } from './servers.mjs';
import { folder, node } from './support.mjs';

const f = () => {};

describe('on and off', () => {
  const wrong = {
    on: [
      [],
      ['open'],
      [f],
      ['open', undefined],
      ['open', null],
      ['open', {}],
      [1, f],
      ['open', f, f],
    ],
    off: [
      [],
      [1],
      [undefined],
      [f],
      ['open', undefined],
      ['open', null],
      ['open', {}],
      ['open', f, f],
      [1, f],
    ],
    onOpen: [[], [undefined], [{}], ['open', f]],
    offOpen: [[{}], [null], [f, f]],
  };
  for (const [method, calls] of Object.entries(wrong)) {
    it(`${method} throws 401 at once for wrong arguments`, () => {
      const ws = arkws.createWebSocket();
      for (const args of calls) {
        assert.throws(() => ws[method](...args), {
          name: 'BusinessError',
          code: 401,
          message: /^Parameter error/,
        });
      }
    });
  }

  it('ignore events that do not exist', () => {
    const ws = arkws.createWebSocket();
    for (const type of ['nothing', '', 'toString', '__proto__', 'constructor']) {
      assert.equal(ws.on(type, f), undefined);
      assert.equal(ws.off(type, f), undefined);
      assert.equal(ws.off(type), undefined);
    }
  });

  it('call every listener, in the order of registration, the same function once', async (t) => {
    const url = await serve(t, (socket) =>
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
    );
    const ws = await openClient(t, url);
    const calls = [];
    const first = () => calls.push('first');
    ws.on('message', first);
    ws.on('message', () => calls.push('second'));
    ws.on('message', first);
    ws.onMessage(() => calls.push('static'));
    const echoed = messages(ws, 1);
    ws.send('a');
    await echoed;
    assert.deepEqual(calls, ['first', 'second', 'static']);
  });

  it('remove one listener, or all of one event', async (t) => {
    const url = await serve(t, (socket) =>
      socket.on('message', (data) => socket.send(String(data))),
    );
    const ws = await openClient(t, url);
    const calls = [];
    const [a, b, c] = ['a', 'b', 'c'].map((name) => () => calls.push(name));
    for (const listener of [a, b, c]) ws.on('message', listener);
    ws.on('dataEnd', () => calls.push('dataEnd'));

    ws.off('message', b);
    ws.off('message', b);
    ws.off('message', f);
    ws.send('1');
    await next(ws, 'dataEnd');
    assert.deepEqual(calls.splice(0), ['a', 'c', 'dataEnd']);

    ws.offMessage(a);
    ws.send('2');
    await next(ws, 'dataEnd');
    assert.deepEqual(calls.splice(0), ['c', 'dataEnd']);

    ws.off('message');
    ws.off('message');
    ws.send('3');
    await next(ws, 'dataEnd');
    assert.deepEqual(calls.splice(0), ['dataEnd']);
  });

  it('work inside a listener: what changes counts from the next event on', async (t) => {
    const url = await serve(t, (socket) => {
      socket.send('1');
      socket.send('2');
      socket.send('3');
    });
    const ws = arkws.createWebSocket();
    t.after(() => ws.close().catch(f));
    const calls = [];
    const added = (_, value) => calls.push(`added ${value}`);
    const once = (_, value) => {
      calls.push(`once ${value}`);
      ws.off('message', once);
      ws.off('message', other);
      ws.on('message', added);
    };
    const other = (_, value) => calls.push(`other ${value}`);
    ws.on('message', once);
    ws.on('message', other);
    await ws.connect(url);
    await messages(ws, 3);
    assert.deepEqual(calls, ['once 1', 'other 1', 'added 2', 'added 3']);
  });

  it('call listeners with this undefined, and with no more arguments than the event has', async (t) => {
    const url = await serve(t, (socket) => {
      socket.send('a');
      socket.close(4000, 'enough');
    });
    const ws = arkws.createWebSocket();
    const seen = {};
    for (const type of ['headerReceive', 'open', 'openInfo', 'message', 'dataEnd', 'close']) {
      ws.on(type, function (...args) {
        assert.equal(this, undefined);
        seen[type] = args;
      });
    }
    await ws.connect(url);
    await next(ws, 'close');
    const { headerReceive, ...rest } = seen;
    assert.equal(headerReceive.length, 1);
    assert.equal(headerReceive[0].upgrade, 'websocket');
    assert.deepEqual(rest, {
      open: [undefined, { status: 101, message: 'Switching Protocols' }],
      openInfo: [undefined, { status: 101, message: 'Switching Protocols' }],
      message: [undefined, 'a'],
      dataEnd: [undefined],
      close: [undefined, { code: 4000, reason: 'enough' }],
    });
  });

  it('have static names for every event', async (t) => {
    const url = await serve(t, (socket) => {
      socket.send('a');
      socket.close(4000);
    });
    const ws = arkws.createWebSocket();
    const names = [
      'HeaderReceive',
      'Open',
      'OpenInfo',
      'Message',
      'DataEnd',
      'WebSocketClose',
      'WebSocketError',
    ];
    const called = [];
    const listeners = names.map((name) => () => called.push(name));
    names.forEach((name, i) => ws[`on${name}`](listeners[i]));
    await ws.connect(url);
    await next(ws, 'close');
    assert.deepEqual(called.splice(0), names.slice(0, 6));

    ws.offOpenInfo(listeners[2]);
    ws.offDataEnd();
    ws.offMessage(undefined);
    await ws.connect(url);
    await next(ws, 'close');
    assert.deepEqual(called, ['HeaderReceive', 'Open', 'WebSocketClose']);
  });
});

describe('a listener that throws', () => {
  const program = `
    import arkws from 'arkws';
    const [url] = process.argv.slice(2);
    const ws = arkws.createWebSocket();
    process.on('uncaughtException', (error, origin) => console.log(origin, error.message));
    ws.on('open', () => { throw new Error('from open'); });
    ws.on('open', () => console.log('second open'));
    ws.on('message', (_, value) => { console.log(value); throw new Error('from message'); });
    ws.on('dataEnd', () => console.log('dataEnd'));
    ws.on('close', () => { throw new Error('from close'); });
    ws.connect(url, () => { throw new Error('from connect'); });
    ws.send('x', () => { throw new Error('from send'); });
  `;

  it('stops neither the others nor the next event, and reaches uncaughtException', async (t) => {
    const url = await serve(t, (socket) =>
      socket.once('message', () => {
        socket.send('1');
        socket.send('2');
        socket.close(4000);
      }),
    );
    const cwd = await folder({ 'throws.mjs': program });
    const { lines, code, stderr } = await node(['throws.mjs', url], { cwd });
    assert.equal(stderr, '');
    assert.equal(code, 0);
    assert.deepEqual(
      lines.filter((line) => !line.endsWith('from send')),
      [
        'uncaughtException from connect',
        'uncaughtException from open',
        'second open',
        '1',
        'uncaughtException from message',
        'dataEnd',
        '2',
        'uncaughtException from message',
        'dataEnd',
        'uncaughtException from close',
      ],
    );
    assert.ok(lines.includes('uncaughtException from send'));
  });

  it('ends the process if nobody catches it, with its stack', async (t) => {
    const url = await serve(t, f);
    const cwd = await folder({
      'throws.mjs': program
        .replace(/process\.on\('uncaught.*\n/, '')
        .replace(", () => { throw new Error('from connect'); }", '')
        // It may be sent before the event is told.
        .replace(", () => { throw new Error('from send'); }", ''),
    });
    const { code, stderr } = await node(['throws.mjs', url], { cwd });
    assert.equal(code, 1);
    assert.match(stderr, /from open[^]*throws\.mjs/);
  });
});
