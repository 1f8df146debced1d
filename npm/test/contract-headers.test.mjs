// Header fields: in every form that programs write them, and as the response brings them.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, it } from 'node:test';
import arkws from 'arkws';
import { connected, next, rejection } from './events.mjs';
import { serve } from './support.mjs';

/** The header fields that a server sees of a connect with these options, without those that every request has. */
async function seen(t, options) {
  let request;
  const url = await serve(t, (_, incoming) => (request = incoming), { handleProtocols: (offered) => [...offered].at(-1) });
  await connected(t, url, options);
  const fields = [];
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    const [name, value] = request.rawHeaders.slice(i, i + 2);
    if (!/^(host|upgrade|connection|sec-websocket-(key|version)|user-agent|origin)$/i.test(name)) fields.push([name.toLowerCase(), value]);
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
    ['a Map', { header: new Map(Object.entries({ 'X-Text': 'hello', 'X-Number': 7, 'X-List': ['a', 'b'] })) }],
    ['pairs', { header: [['X-Text', 'hello'], ['X-Number', 7], ['X-List', 'a'], ['x-list', 'b']] }],
    ['a Map in the place of the options', new Map(Object.entries({ 'X-Text': 'hello', 'X-Number': 7, 'X-List': ['a', 'b'] }))],
  ]) {
    it(`can be ${form}`, async (t) => {
      assert.deepEqual((await seen(t, options)).fields, expected);
    });
  }

  it('counts the last of names that differ by case, and skips empty and strange values', async (t) => {
    const { fields } = await seen(t, { header: { A: '1', a: '2', b: '', c: null, d: {}, e: ['', 3, true] } });
    assert.deepEqual(fields, [
      ['a', '2'],
      ['e', '3'],
    ]);
  });

  it('is refused if it is an array of anything but pairs', async () => {
    for (const header of [[1, 2], ['ab'], [null], [['a']], [['a', 'b', 'c']], new String('ab')]) {
      const error = await rejection(arkws.createWebSocket().connect('ws://127.0.0.1:1', { header }));
      assert.deepEqual({ ...error }, { code: 401, message: 'Parameter error: each entry of header must be [name, value]' });
    }
  });

  it('replaces Host, Origin and User-Agent', async (t) => {
    const { headers } = await seen(t, { header: { Host: 'elsewhere', Origin: 'https://app', 'User-Agent': 'mine' } });
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
      const accept = createHash('sha1')
        .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
        .digest('base64');
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
