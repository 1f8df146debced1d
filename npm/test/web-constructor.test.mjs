// The web's WebSocket, from the standard: its constructor and its interface
// (https://websockets.spec.whatwg.org/#the-websocket-interface).
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import { CloseEvent, MessageEvent, WebSocket } from 'arkws/web';
import { listen, serve } from './servers.mjs';

/** A URL at which nobody is asked for anything: the constructor has thrown before. */
const NOWHERE = 'ws://127.0.0.1:9/';

/** Makes a socket that is ended with the test. */
function open(t, ...args) {
  const ws = new WebSocket(...args);
  t.after(() => ws.close());
  return ws;
}

const throwsDom = (name, call) =>
  assert.throws(call, (error) => error instanceof DOMException && error.name === name);

describe('new WebSocket(url, protocols)', () => {
  it('needs a URL, and new', () => {
    assert.throws(() => new WebSocket(), TypeError);
    assert.throws(() => WebSocket(NOWHERE), TypeError);
  });

  it('throws a SyntaxError for what is no URL of a WebSocket', () => {
    for (const url of [
      '/relative',
      'example.org',
      '',
      'ws://foo bar.com/',
      'wss://foo bar.com/',
      'ftp://example.org/',
      'mailto:example@example.org',
      'about:blank',
      'ws:',
      'ws://',
    ]) {
      throwsDom('SyntaxError', () => new WebSocket(url));
    }
  });

  it('throws a SyntaxError for a URL with a fragment, if it is empty, too', () => {
    throwsDom('SyntaxError', () => new WebSocket(`${NOWHERE}#`));
    throwsDom('SyntaxError', () => new WebSocket(`${NOWHERE}#test`));
  });

  it('takes http for ws, and https for wss', (t) => {
    assert.equal(open(t, 'http://127.0.0.1:9/a').url, 'ws://127.0.0.1:9/a');
    assert.equal(open(t, 'https://127.0.0.1:9/a').url, 'wss://127.0.0.1:9/a');
  });

  it('reads a relative URL from location, where there is one', (t) => {
    globalThis.location = { href: 'https://127.0.0.1:9/a/b' };
    t.after(() => delete globalThis.location);
    assert.equal(open(t, '../c').url, 'wss://127.0.0.1:9/c');
  });

  it('has the serialized URL', (t) => {
    const urlOf = (url) => open(t, url).url;
    assert.equal(urlOf('WS://127.0.0.1:9'), NOWHERE);
    assert.equal(urlOf(new URL(NOWHERE)), NOWHERE);
    assert.equal(urlOf('wss://LOCALHOST:9/x?y=\ud800'), 'wss://localhost:9/x?y=%EF%BF%BD');
    assert.equal(urlOf({ toString: () => NOWHERE }), NOWHERE);
  });

  it('throws a SyntaxError for what is no name of a sub-protocol', () => {
    for (const protocol of [
      '',
      ' ',
      'a b',
      'a,b',
      'a/b',
      'a@b',
      '\u0080',
      'ä',
      '"',
      '\x7f',
      '\0',
    ]) {
      throwsDom('SyntaxError', () => new WebSocket(NOWHERE, protocol));
      throwsDom('SyntaxError', () => new WebSocket(NOWHERE, ['ok', protocol]));
    }
  });

  it('throws a SyntaxError for a sub-protocol that is asked for twice, in any case', () => {
    throwsDom('SyntaxError', () => new WebSocket(NOWHERE, ['echo', 'echo']));
    throwsDom('SyntaxError', () => new WebSocket(NOWHERE, ['echo', 'eCho']));
  });

  it('asks for the sub-protocols, in their order', async (t) => {
    let asked;
    const url = await serve(t, () => {}, {
      handleProtocols: (protocols) => {
        asked = [...protocols];
        return 'chat';
      },
    });
    const ws = open(t, url, ['echo', 'chat']);
    assert.equal(ws.protocol, '');
    await once(ws, 'open');
    assert.deepEqual(asked, ['echo', 'chat']);
    assert.equal(ws.protocol, 'chat');
  });

  it('takes any iterable, and one string', async (t) => {
    const url = await serve(t, () => {});
    for (const protocols of [new Set(['chat', 'echo']), 'chat']) {
      const ws = open(t, url, protocols);
      await once(ws, 'open');
      assert.equal(ws.protocol, 'chat');
    }
  });

  it('sends headers, and no Origin by itself', async (t) => {
    const heads = [];
    const url = await serve(t, (_, { headers }) => heads.push(headers));
    for (const headers of [{ 'X-One': 1 }, [['x-one', '1']], new Headers({ 'x-one': '1' })]) {
      await once(open(t, url, { headers, protocols: 'chat' }), 'open');
      const head = heads.pop();
      assert.equal(head['x-one'], '1');
      assert.equal(head.origin, undefined);
      assert.equal(head['sec-websocket-protocol'], 'chat');
      assert.match(head['sec-websocket-extensions'], /^permessage-deflate/);
    }
    await once(open(t, url, { headers: { origin: 'https://example.org' } }), 'open');
    assert.equal(heads.pop().origin, 'https://example.org');
  });

  it('throws a TypeError for options that cannot be used', () => {
    const url = 'ws://127.0.0.1:8/';
    const fails = (options) => assert.throws(() => new WebSocket(url, options), TypeError);
    fails({ headers: 'x' });
    fails({ headers: [['one']] });
    fails({ headers: { 'a b': '1' } });
    fails({ connectTimeout: 'soon' });
    fails({ connectTimeout: 0 });
    fails({ reconnect: true });
    fails({ binaryType: 'arraybuffer' });
  });

  it('takes the options of a connect', async (t) => {
    const url = await serve(t, (socket) => socket.send('x'.repeat(100)));
    const ws = open(t, url, { maxMessageSize: 99, perMessageDeflate: false });
    const [{ code, wasClean }] = await once(ws, 'close');
    assert.deepEqual({ code, wasClean }, { code: 1006, wasClean: false });
    assert.equal(ws.extensions, '');
  });

  it('says which extensions are in use', async (t) => {
    const url = await serve(t, (socket) => socket.send('x'.repeat(1000)), {
      perMessageDeflate: true,
    });
    const ws = open(t, url);
    assert.equal(ws.extensions, '');
    const [{ data }] = await once(ws, 'message');
    assert.equal(data, 'x'.repeat(1000));
    assert.match(ws.extensions, /^permessage-deflate/);
  });
});

describe('the interface', () => {
  it('is an EventTarget with constants', () => {
    assert.equal(Object.getPrototypeOf(WebSocket), EventTarget);
    assert.equal(Object.getPrototypeOf(WebSocket.prototype), EventTarget.prototype);
    assert.equal(WebSocket.length, 1);
    const names = ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'];
    for (const holder of [WebSocket, WebSocket.prototype]) {
      for (const [value, name] of names.entries()) {
        assert.deepEqual(Object.getOwnPropertyDescriptor(holder, name), {
          value,
          enumerable: true,
          writable: false,
          configurable: false,
        });
      }
    }
  });

  it('has its attributes and methods on the prototype, enumerable', () => {
    const attributes = {
      url: false,
      readyState: false,
      bufferedAmount: false,
      onopen: true,
      onerror: true,
      onclose: true,
      extensions: false,
      protocol: false,
      onmessage: true,
      binaryType: true,
    };
    for (const [name, settable] of Object.entries(attributes)) {
      const { get, set, enumerable, configurable } = Object.getOwnPropertyDescriptor(
        WebSocket.prototype,
        name,
      );
      assert.ok(enumerable && configurable && get, name);
      assert.equal(set !== undefined, settable, name);
    }
    for (const [name, length] of [
      ['send', 1],
      ['close', 0],
    ]) {
      const { value, enumerable, writable } = Object.getOwnPropertyDescriptor(
        WebSocket.prototype,
        name,
      );
      assert.ok(enumerable && writable, name);
      assert.equal(value.length, length, name);
    }
  });

  it('names its classes', () => {
    for (const [made, name] of [
      [WebSocket, 'WebSocket'],
      [MessageEvent, 'MessageEvent'],
      [CloseEvent, 'CloseEvent'],
    ]) {
      assert.equal(made.name, name);
      assert.equal(made.prototype[Symbol.toStringTag], name);
    }
  });

  it('throws a TypeError for a foreign this', () => {
    const members = Object.getOwnPropertyDescriptors(WebSocket.prototype);
    for (const { get, set, value } of Object.values(members)) {
      for (const call of [get, set, typeof value === 'function' ? value : undefined]) {
        if (call !== undefined && call !== WebSocket)
          assert.throws(() => call.call(new EventTarget(), 'x'), TypeError);
      }
    }
  });

  it('is the same for require and import, and global by arkws/global', async () => {
    const require = createRequire(import.meta.url);
    assert.equal(require('arkws/web').WebSocket, WebSocket);
    const names = ['WebSocket', 'CloseEvent', 'MessageEvent'];
    const before = names.map((name) => Object.getOwnPropertyDescriptor(globalThis, name));
    await import('arkws/global');
    try {
      assert.equal(globalThis.WebSocket, WebSocket);
      assert.equal(globalThis.CloseEvent, CloseEvent);
      assert.ok(new MessageEvent('message') instanceof globalThis.MessageEvent);
      const { enumerable } = Object.getOwnPropertyDescriptor(globalThis, 'WebSocket');
      assert.equal(enumerable, false);
    } finally {
      for (const [index, name] of names.entries()) {
        if (before[index] === undefined) delete globalThis[name];
        else Object.defineProperty(globalThis, name, before[index]);
      }
    }
  });

  it('is nobody’s of the platform: it knows no API levels', async (t) => {
    const { setApiVersion } = await import('arkws');
    setApiVersion(9);
    t.after(() => setApiVersion());
    const url = await serve(t, (socket) => socket.send('x'.repeat(10_000)));
    const [{ data }] = await once(open(t, url), 'message');
    assert.equal(data.length, 10_000);
  });
});

describe('MessageEvent and CloseEvent', () => {
  it('are made with dictionaries', () => {
    const message = new MessageEvent('message', { data: 1, origin: 'o\ud800', lastEventId: 2 });
    assert.ok(message instanceof Event);
    assert.equal(message.type, 'message');
    assert.equal(message.data, 1);
    assert.equal(message.origin, 'o\ufffd');
    assert.equal(message.lastEventId, '2');
    assert.equal(message.source, null);
    assert.deepEqual(message.ports, []);
    assert.ok(Object.isFrozen(message.ports));
    assert.equal(new MessageEvent('message').data, null);

    const close = new CloseEvent('close', { wasClean: 1, code: 65537, reason: 'r', bubbles: true });
    assert.deepEqual(
      [close.wasClean, close.code, close.reason, close.bubbles, close.cancelable],
      [true, 1, 'r', true, false],
    );
    const empty = new CloseEvent('close');
    assert.deepEqual([empty.wasClean, empty.code, empty.reason], [false, 0, '']);
  });

  it('need a type, and take no other dictionary', () => {
    assert.throws(() => new MessageEvent('message', { source: 1 }), TypeError);
    for (const Made of [MessageEvent, CloseEvent]) {
      assert.throws(() => new Made(), TypeError);
      assert.throws(() => new Made('x', 1), TypeError);
      assert.equal(new Made('x', null).type, 'x');
    }
  });

  it('can be copied, and dispatched again', async (t) => {
    const url = await serve(t, (socket) => socket.send('hello'));
    const ws = open(t, url);
    const [event] = await once(ws, 'message');
    const target = new EventTarget();
    const seen = [];
    target.addEventListener('message', ({ data, origin }) => seen.push([data, origin]));
    target.dispatchEvent(event);
    target.dispatchEvent(new MessageEvent(event.type, event));
    assert.deepEqual(seen, [
      ['hello', new URL(url).origin],
      ['hello', new URL(url).origin],
    ]);
  });
});

describe('a handshake that is refused', () => {
  const endOf = (ws) =>
    new Promise((resolve) => {
      const seen = [];
      ws.onopen = () => seen.push('open');
      ws.onerror = (event) => {
        assert.equal(event.constructor, Event);
        assert.deepEqual(Object.keys(event), Object.keys(new Event('error')));
        seen.push(`error ${ws.readyState}`);
      };
      ws.onclose = ({ code, reason, wasClean }) => {
        seen.push(`close ${code} ${JSON.stringify(reason)} ${wasClean} ${ws.readyState}`);
        setImmediate(() => resolve(seen));
      };
    });
  const FAILED = ['error 3', 'close 1006 "" false 3'];

  it('is an error and a close with 1006', async (t) => {
    const url = await serve(t, () => {}, { verifyClient: () => false });
    const ws = new WebSocket(url);
    assert.deepEqual(await endOf(ws), FAILED);
  });

  it('so is a server that is not there, and a port that fetch blocks', async (t) => {
    const gone = await listen(t, (socket) => socket.destroy());
    assert.deepEqual(await endOf(new WebSocket(`ws://${gone.address}`)), FAILED);
    assert.deepEqual(await endOf(new WebSocket('ws://127.0.0.1:6667/')), FAILED);
  });

  it('tells the program why, which no browser does', async () => {
    const [event] = await once(new WebSocket('ws://127.0.0.1:6667/'), 'error').catch((e) => [e]);
    assert.match(event.message ?? event.error.message, /6667/);
  });

  const answer = (fields) => (socket) =>
    socket.once('data', async (head) => {
      const { createHash } = await import('node:crypto');
      const [, key] = /sec-websocket-key: (\S+)/i.exec(head);
      const accept = createHash('sha1')
        .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
        .digest('base64');
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
          `Sec-WebSocket-Accept: ${accept}\r\n${fields}\r\n`,
      );
    });

  it('so is a sub-protocol that was not asked for, and none where one was', async (t) => {
    const other = await listen(t, answer('Sec-WebSocket-Protocol: other\r\n'));
    assert.deepEqual(await endOf(new WebSocket(`ws://${other.address}`)), FAILED);
    assert.deepEqual(await endOf(new WebSocket(`ws://${other.address}`, 'chat')), FAILED);
    const none = await listen(t, answer(''));
    assert.deepEqual(await endOf(new WebSocket(`ws://${none.address}`, 'chat')), FAILED);
  });

  it('so is a redirect', async (t) => {
    const { address } = await listen(t, (socket) =>
      socket.once('data', () =>
        socket.end('HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n'),
      ),
    );
    assert.deepEqual(await endOf(new WebSocket(`ws://${address}`)), FAILED);
  });
});
