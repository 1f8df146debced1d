// The web's WebSocketStream, from its proposal.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WebSocketError, WebSocketStream } from 'arkws/web';
import { echo, listen, serve } from './servers.mjs';

/** An open stream that is ended with the test. */
async function opened(t, url, options) {
  const stream = new WebSocketStream(url, options);
  t.after(() => stream.close());
  const { readable, writable, ...more } = await stream.opened;
  return { stream, reader: readable.getReader(), writer: writable.getWriter(), ...more };
}

describe('new WebSocketStream', () => {
  it('throws as new WebSocket does', () => {
    assert.throws(() => new WebSocketStream(), TypeError);
    assert.throws(() => new WebSocketStream('x'), { name: 'SyntaxError' });
    assert.throws(() => new WebSocketStream('ws://127.0.0.1:9/', { protocols: ['a', 'A'] }), {
      name: 'SyntaxError',
    });
    assert.throws(() => new WebSocketStream('ws://127.0.0.1:9/', { signal: 1 }), TypeError);
    assert.throws(() => new WebSocketStream('ws://127.0.0.1:9/', { protocols: 'a' }), TypeError);
  });

  it('tells protocol and extensions', async (t) => {
    const url = await serve(t, echo, { perMessageDeflate: true });
    const { stream, protocol, extensions } = await opened(t, url, { protocols: ['chat'] });
    assert.equal(stream.url, `${url}/`);
    assert.equal(protocol, 'chat');
    assert.match(extensions, /^permessage-deflate/);
  });

  it('warns once that it is experimental', async () => {
    const { node } = await import('./support.mjs');
    const program = `
      import { WebSocketStream } from 'arkws/web';
      for (let i = 0; i < 2; i++) new WebSocketStream('ws://127.0.0.1:6667');
    `;
    const { stderr } = await node(['--input-type=module', '-e', program], {
      cwd: new URL('.', import.meta.url),
    });
    assert.equal(stderr.match(/ARKWS_EXPERIMENTAL/g).length, 1);
  });
});

describe('its streams', () => {
  it('carry strings and bytes both ways', async (t) => {
    const { reader, writer } = await opened(t, await serve(t, echo));
    await writer.write('text');
    await writer.write(new Uint8Array([1, 2]));
    await writer.write(1);
    assert.deepEqual(await reader.read(), { done: false, value: 'text' });
    assert.deepEqual(await reader.read(), { done: false, value: new Uint8Array([1, 2]) });
    assert.deepEqual(await reader.read(), { done: false, value: '1' });
  });

  it('hold up a peer that sends more than is read', async (t) => {
    const SIZE = 64 << 10;
    const COUNT = 2_000;
    let socket;
    const url = await serve(t, (connection) => (socket = connection));
    const { reader } = await opened(t, url);
    const data = Buffer.alloc(SIZE);
    for (let i = 0; i < COUNT; i++) socket.send(data);
    // What the network holds is full when nothing goes out any more.
    let before;
    do {
      before = socket.bufferedAmount;
      await new Promise((resolve) => setTimeout(resolve, 100));
    } while (socket.bufferedAmount !== before);
    assert.ok(before > (SIZE * COUNT) / 4, `${before} bytes wait`);
    for (let i = 0; i < COUNT; i++) assert.equal((await reader.read()).value.length, SIZE);
    assert.equal(socket.bufferedAmount, 0);
  });

  it('hold up a program that writes more than is read', async (t) => {
    let socket;
    const url = await serve(t, (connection) => {
      socket = connection;
      socket.pause();
    });
    const { writer } = await opened(t, url);
    const data = new Uint8Array(1 << 20);
    let written = 0;
    const write = async () => {
      for (let i = 0; i < 64; i++) {
        await writer.write(data);
        written++;
      }
    };
    const all = write();
    let before;
    do {
      before = written;
      await new Promise((resolve) => setTimeout(resolve, 100));
    } while (written !== before);
    assert.ok(written < 64, `${written} MiB are written`);
    socket.resume();
    await all;
  });
});

describe('the end', () => {
  it('by close has its code and reason', async (t) => {
    const { stream, reader, writer } = await opened(t, await serve(t, () => {}));
    stream.close({ closeCode: 3000, reason: 'done' });
    assert.deepEqual(await stream.closed, { closeCode: 3000, reason: 'done' });
    assert.deepEqual(await reader.read(), { done: true, value: undefined });
    await assert.rejects(writer.write('x'), { name: 'InvalidStateError' });
  });

  it('by close takes what WebSocket takes', async (t) => {
    const { stream } = await opened(t, await serve(t, () => {}));
    assert.throws(() => stream.close({ closeCode: 1001 }), { name: 'InvalidAccessError' });
    assert.throws(() => stream.close({ closeCode: 65536 }), TypeError);
    assert.throws(() => stream.close({ reason: 'x'.repeat(124) }), { name: 'SyntaxError' });
    assert.throws(() => stream.close(1), TypeError);
    stream.close({ reason: 'why' });
    assert.deepEqual(await stream.closed, { closeCode: 1000, reason: 'why' });
  });

  it('by the server closes the streams', async (t) => {
    const url = await serve(t, (socket) => (socket.send('last'), socket.close(4000, 'bye')));
    const { stream, reader } = await opened(t, url);
    assert.equal((await reader.read()).value, 'last');
    assert.equal((await reader.read()).done, true);
    assert.deepEqual(await stream.closed, { closeCode: 4000, reason: 'bye' });
  });

  it('by cancel and abort has the code of a WebSocketError, else none', async (t) => {
    const url = await serve(t, () => {});
    const error = new WebSocketError('enough', { closeCode: 3001, reason: 'enough' });
    for (const [reason, closeCode] of [
      [error, 3001],
      [new Error('other'), 1005],
    ]) {
      for (const side of ['reader', 'writer']) {
        const { stream, ...sides } = await opened(t, url);
        const ended = side === 'reader' ? sides.reader.cancel(reason) : sides.writer.abort(reason);
        await ended;
        assert.equal((await stream.closed).closeCode, closeCode);
      }
    }
    const { stream, writer } = await opened(t, url);
    await writer.close();
    assert.equal((await stream.closed).closeCode, 1005);
  });

  it('while something is unwritten is not clean', async (t) => {
    const url = await serve(t, (socket) => {
      socket.pause();
      socket.close(3000);
    });
    const { stream, writer } = await opened(t, url);
    const write = writer.write(new Uint8Array(64 << 20));
    await assert.rejects(write, { name: 'InvalidStateError' });
    await assert.rejects(stream.closed, { name: 'WebSocketError' });
  });

  it('of a lost connection is a WebSocketError everywhere', async (t) => {
    const url = await serve(t, (socket) => socket.on('message', () => socket.terminate()));
    const { stream, reader, writer } = await opened(t, url);
    await writer.write('x');
    const isLost = (error) => error instanceof WebSocketError && error.closeCode === 1006;
    await assert.rejects(reader.read(), isLost);
    await assert.rejects(stream.closed, isLost);
    await assert.rejects(writer.write('y'), isLost);
  });

  it('before it was open rejects both promises', async (t) => {
    const { address } = await listen(t, (socket) => socket.destroy());
    const stream = new WebSocketStream(`ws://${address}`);
    const isError = (error) => error instanceof WebSocketError && error.name === 'WebSocketError';
    await assert.rejects(stream.opened, isError);
    await assert.rejects(stream.closed, isError);
  });

  it('by its signal rejects both with the reason, if it is not open yet', async (t) => {
    const { address } = await listen(t, () => {});
    for (const early of [true, false]) {
      const controller = new AbortController();
      if (early) controller.abort('stop');
      const stream = new WebSocketStream(`ws://${address}`, { signal: controller.signal });
      if (!early) controller.abort('stop');
      await assert.rejects(stream.opened, (reason) => reason === 'stop');
      await assert.rejects(stream.closed, (reason) => reason === 'stop');
    }
    const controller = new AbortController();
    const url = await serve(t, echo);
    const { reader, writer } = await opened(t, url, { signal: controller.signal });
    controller.abort('late');
    await writer.write('still there');
    assert.equal((await reader.read()).value, 'still there');
  });
});

describe('WebSocketError', () => {
  it('is a DOMException with code and reason', () => {
    const error = new WebSocketError('message', { closeCode: 3000, reason: 'r' });
    assert.ok(error instanceof DOMException && error instanceof Error);
    assert.deepEqual(
      [error.name, error.message, error.closeCode, error.reason],
      ['WebSocketError', 'message', 3000, 'r'],
    );
    assert.equal(new WebSocketError().closeCode, null);
    assert.equal(new WebSocketError('', { reason: 'r' }).closeCode, 1000);
    assert.throws(() => new WebSocketError('', { closeCode: 1001 }), {
      name: 'InvalidAccessError',
    });
    assert.throws(() => new WebSocketError('', { reason: 'x'.repeat(124) }), {
      name: 'SyntaxError',
    });
  });
});
