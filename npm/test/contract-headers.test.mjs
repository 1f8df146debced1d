// Header fields: in every form that programs write them, and as the response brings them.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import arkws from 'arkws';
import { flatten } from '../core/headers.mjs';
import { next, openClient, rejection } from './events.mjs';
import { acceptOf } from './handshake.mjs';
import { serve } from './servers.mjs';

/**
 * The header fields that a server sees of a connect with these options, without those that every
 * request has.
 */
async function seen(t, options) {
  let request;
  const url = await serve(t, (_, incoming) => (request = incoming), {
    handleProtocols: (offered) => [...offered].at(-1),
  });
  await openClient(t, url, options);
  const fields = [];
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    const [name, value] = request.rawHeaders.slice(i, i + 2);
    if (!/^(host|upgrade|connection|sec-websocket-(key|version)|user-agent|origin)$/i.test(name))
      fields.push([name.toLowerCase(), value]);
  }
  return { fields: fields.sort(), headers: request.headers };
}

describe('header', () => {
  const expected = [
    ['x-list', 'a'],
    ['x-list', 'b'],
    ['x-number', '7'],
    ['x-text', 'hello'],
  ];
  class Inherited {
    'X-Text' = 'hello';
    'X-Number' = 7;
  }
  Inherited.prototype['X-List'] = ['a', 'b'];

  for (const [form, options] of [
    ['an object', { header: { 'X-Text': 'hello', 'X-Number': 7, 'X-List': ['a', 'b'] } }],
    ['an object of a class', { header: new Inherited() }],
    [
      'a Map',
      {
        header: new Map(Object.entries({ 'X-Text': 'hello', 'X-Number': 7, 'X-List': ['a', 'b'] })),
      },
    ],
    [
      'pairs',
      {
        header: [
          ['X-Text', 'hello'],
          ['X-Number', 7],
          ['X-List', 'a'],
          ['x-list', 'b'],
        ],
      },
    ],
    [
      'a Map in the place of the options',
      new Map(Object.entries({ 'X-Text': 'hello', 'X-Number': 7, 'X-List': ['a', 'b'] })),
    ],
  ]) {
    it(`can be ${form}`, async (t) => {
      assert.deepEqual((await seen(t, options)).fields, expected);
    });
  }

  it('counts the last of names that differ by case, and skips empty and strange values', async (t) => {
    const { fields } = await seen(t, {
      header: { A: '1', a: '2', b: '', c: null, d: {}, e: ['', 3, true] },
    });
    assert.deepEqual(fields, [
      ['a', '2'],
      ['e', '3'],
    ]);
  });

  it('is refused if it is an array of anything but pairs', async () => {
    for (const header of [[1, 2], ['ab'], [null], [['a']], [['a', 'b', 'c']], new String('ab')]) {
      const error = await rejection(
        arkws.createWebSocket().connect('ws://127.0.0.1:1', { header }),
      );
      assert.deepEqual(
        { ...error },
        { code: 401, message: 'Parameter error: each entry of header must be [name, value]' },
      );
    }
  });

  it('replaces Host, Origin and User-Agent', async (t) => {
    const { headers } = await seen(t, {
      header: { Host: 'elsewhere', Origin: 'https://app', 'User-Agent': 'mine' },
    });
    assert.equal(headers.host, 'elsewhere');
    assert.equal(headers.origin, 'https://app');
    assert.equal(headers['user-agent'], 'mine');
  });

  it('joins its Sec-WebSocket-Protocol to protocol', async (t) => {
    const { headers } = await seen(t, { protocol: 'a', header: { 'Sec-WebSocket-Protocol': 'b' } });
    assert.deepEqual(headers['sec-websocket-protocol'].split(/, */), ['a', 'b']);
  });
});

describe('headerReceive', () => {
  it('brings lower-case names, arrays for what came several times, and nothing by inheritance', async (t) => {
    const server = createServer();
    server.on('upgrade', (request, socket) => {
      const accept = acceptOf(request.headers['sec-websocket-key']);
      socket.end(
        [
          'HTTP/1.1 101 Switching Protocols',
          'Upgrade: websocket',
          'Connection: Upgrade',
          `Sec-WebSocket-Accept: ${accept}`,
          'Set-Cookie: a=1',
          'X-Latin: caf\u00e9',
          'set-cookie: b=2',
          'SET-COOKIE: c=3',
          '__proto__: x',
          `X-Long: ${'y'.repeat(2000)}`,
          '\r\n',
        ].join('\r\n'),
        'latin1',
      );
    });
    server.listen(0, '127.0.0.1');
    t.after(() => server.close());
    await once(server, 'listening');
    const ws = arkws.createWebSocket();
    const headers = next(ws, 'headerReceive');
    await ws.connect(`ws://127.0.0.1:${server.address().port}`);
    const [received] = await headers;
    assert.deepEqual(received['set-cookie'], ['a=1', 'b=2', 'c=3']);
    assert.equal(received['x-latin'], 'caf\u00e9');
    assert.equal(received['x-long'].length, 2000);
    assert.equal(received.upgrade, 'websocket');
    assert.ok(Object.hasOwn(received, '__proto__'));
    assert.equal(Object.getPrototypeOf(received), null);
  });
});

describe('a value that is not ASCII', () => {
  const WORDS = 'caf\u00e9 \u65e5\u672c \u{1f600}';

  /** A server that answers with these bytes as the value of `X-Words` and as reason; its port. */
  async function answering(t, bytes, status = 101) {
    const server = createServer();
    server.on('upgrade', (request, socket) => {
      const accept = acceptOf(request.headers['sec-websocket-key']);
      const fields = [
        'Upgrade: websocket',
        'Connection: Upgrade',
        `Sec-WebSocket-Accept: ${accept}`,
      ].join('\r\n');
      socket.end(
        Buffer.concat([
          Buffer.from(`HTTP/1.1 ${status} `),
          bytes,
          Buffer.from(`\r\n${fields}\r\nX-Words: `),
          bytes,
          Buffer.from('\r\n\r\n'),
        ]),
      );
    });
    server.listen(0, '127.0.0.1');
    t.after(() => server.close());
    await once(server, 'listening');
    return server.address().port;
  }

  it('goes out as UTF-8, in every form', async (t) => {
    const nothing = Object.assign(Object.create(null), { 'X-Words': WORDS });
    for (const header of [
      { 'X-Words': WORDS },
      nothing,
      new Map([['X-Words', WORDS]]),
      [['X-Words', WORDS]],
    ]) {
      const { headers } = await seen(t, { header });
      assert.equal(Buffer.from(headers['x-words'], 'latin1').toString(), WORDS);
    }
    const { headers } = await seen(t, {
      header: { 'User-Agent': WORDS, Origin: 'https://\u00e9' },
    });
    assert.equal(Buffer.from(headers['user-agent'], 'latin1').toString(), WORDS);
    assert.equal(Buffer.from(headers.origin, 'latin1').toString(), 'https://\u00e9');
  });

  it('is refused in a name, which is a token', async () => {
    const error = await rejection(
      arkws.createWebSocket().connect('ws://127.0.0.1:1', { header: { 'X-\u00e9': 'a' } }),
    );
    assert.equal(error.code, 401);
    assert.match(error.message, /not a token/);
  });

  for (const [what, bytes, read] of [
    ['UTF-8', Buffer.from(WORDS), WORDS],
    ['Latin-1', Buffer.from('caf\u00e9', 'latin1'), 'caf\u00e9'],
    ['cut UTF-8', Buffer.from([0xe6, 0x97]), '\u00e6\u0097'],
  ]) {
    it(`of a server is read: ${what}`, async (t) => {
      const ws = arkws.createWebSocket();
      const [headers, open] = [next(ws, 'headerReceive'), next(ws, 'open')];
      await ws.connect(`ws://127.0.0.1:${await answering(t, bytes)}`);
      assert.equal((await headers)[0]['x-words'], read);
      assert.equal((await open)[1].message, read);
    });

    it(`of a server that refuses harms nobody: ${what}`, async (t) => {
      const ws = arkws.createWebSocket();
      const failed = next(ws, 'error');
      await ws.connect(`ws://127.0.0.1:${await answering(t, bytes, 403)}`);
      const [error] = await failed;
      assert.equal(error.data, '403');
      assert.match(error.message, /answered 403 Forbidden instead/);
    });

    it(`of a client is read: ${what}`, async (t) => {
      const server = arkws.createWebSocketServer();
      const asked = next(server, 'request');
      await server.start({ serverIP: '127.0.0.1', serverPort: 0 });
      t.after(() => server.stop());
      const socket = connect(server.listAddress().port, '127.0.0.1');
      t.after(() => socket.destroy());
      const head =
        'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nX-Words: ';
      socket.write(Buffer.concat([Buffer.from(head), bytes, Buffer.from('\r\n\r\n')]));
      const [{ headers }] = await asked;
      assert.equal(headers['x-words'], read);
    });
  }

  it('comes back from our own server', async (t) => {
    const server = arkws.createWebSocketServer();
    const asked = next(server, 'request');
    await server.start({ serverIP: '127.0.0.1', serverPort: 0 });
    t.after(() => server.stop());
    await openClient(t, `ws://127.0.0.1:${server.listAddress().port}`, {
      header: { 'X-Words': WORDS },
    });
    assert.equal((await asked)[0].headers['x-words'], WORDS);
  });
});

describe('many header fields', () => {
  const [FEW, FACTOR] = [500, 32];
  const shapes = {
    'of one name': (count) => Array.from({ length: count }, () => ['X-A', 'b']),
    'of many names': (count) => Array.from({ length: count }, (_, n) => [`X-${n}`, 'b']),
    'of one name, in one array': (count) => ({ 'X-A': Array.from({ length: count }, () => 'b') }),
  };

  /** Microseconds that this process has worked, in the shortest of some runs. */
  const shortest = (work) => {
    const run = () => {
      const start = process.cpuUsage();
      work();
      const { user, system } = process.cpuUsage(start);
      return user + system;
    };
    return Math.min(...Array.from({ length: 5 }, run));
  };

  for (const [what, fields] of Object.entries(shapes)) {
    it(`take time in proportion to their number: ${what}`, () => {
      const [few, many] = [FEW, FEW * FACTOR].map(fields);
      assert.equal(flatten(many).length, 2 * FEW * FACTOR);
      const [ofFew, ofMany] = [few, many].map((header) => shortest(() => flatten(header)));
      // Halfway, in orders of magnitude, to what is quadratic.
      const bound = Math.max(ofFew, 500) * 6 * FACTOR;
      assert.ok(ofMany < bound, `${ofFew} µs, then ${ofMany} µs`);
    });
  }
});

describe('a header object without a prototype', () => {
  it('is one like others, whatever its names are', async (t) => {
    const header = Object.create(null);
    Object.defineProperty(header, '__proto__', { value: 'a', enumerable: true });
    Object.assign(header, { constructor: ['b', 'c'], hasOwnProperty: 'd', toString: 'e' });
    const { fields } = await seen(t, { header });
    assert.deepEqual(fields, [
      ['__proto__', 'a'],
      ['constructor', 'b'],
      ['constructor', 'c'],
      ['hasownproperty', 'd'],
      ['tostring', 'e'],
    ]);
  });

  it('may also be the options', async (t) => {
    const { headers } = await seen(
      t,
      Object.assign(Object.create(null), { header: { 'X-A': 'b' } }),
    );
    assert.equal(headers['x-a'], 'b');
  });
});
