// Calls that cannot be carried out, with what they are told. `connect`'s argument types are in
// npm/test.
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import webSocket, { setApiVersion } from 'arkws';
import { next } from '../../npm/test/events.mjs';
import { assertEvent, assertUsable } from '../client.mjs';

afterEach(() => setApiVersion(26));

const long = (length) => `ws://127.0.0.1/${'a'.repeat(length - 'ws://127.0.0.1/'.length)}`;

// A URL that is none: 401 up to level 11, 2302001 from 12; the `error` event comes with the second
// only (A3).
const NOT_URLS = [
  ['', /""/],
  ['hello', /"hello"/],
  ['http://127.0.0.1/', /scheme is http/],
  ['ws://127.0.0.1:99999/', /port/],
  ['ws://127.0.0.1:abc/', /port/],
  ['ws://[::1/', /IPv6|URL/],
  ['ws://exa mple/', /URL|host/],
];

describe('a URL that is none', () => {
  for (const [url, why] of NOT_URLS) {
    for (const [level, code, text] of [
      [10, 401, 'Parameter error'],
      [11, 401, 'Parameter error'],
      [12, 2302001, 'Websocket url error'],
      [26, 2302001, 'Websocket url error'],
    ]) {
      it(`${JSON.stringify(url)} is refused with ${code} at level ${level}`, async (t) => {
        setApiVersion(level);
        const ws = webSocket.createWebSocket();
        await assertRefused(ws, url, {}, code, new RegExp(`^${text}: .*(?:${why.source})`));
        await assertUsable(t, ws);
      });
    }
  }
});

describe('a URL that is too long', () => {
  for (const [level, limit, code] of [
    [10, 1024, 401],
    [12, 1024, 2302001],
    [15, 2048, 2302001],
    [26, 8196, 2302001],
  ]) {
    it(`is refused with ${code} at level ${level}, one character over ${limit}`, async (t) => {
      setApiVersion(level);
      const ws = webSocket.createWebSocket();
      await assertRefused(ws, long(limit + 1), {}, code, new RegExp(`${limit}`));
      await assertUsable(t, ws);
    });
  }
});

describe('a URL without a host', () => {
  for (const url of ['ws://', 'wss://', 'ws:', 'ws:///']) {
    for (const level of [10, 26]) {
      it(`${url} is refused with -1, and the event says so too, at level ${level}`, async (t) => {
        setApiVersion(level);
        const ws = webSocket.createWebSocket();
        const failed = next(ws, 'error');
        await assertRefused(ws, url, {}, -1, /^Websocket connect failed: .*no host/);
        const [error] = await failed;
        assertEvent(error);
        assert.equal(error.data, '0');
        await assertUsable(t, ws);
      });
    }
  }
});

describe('a header that would change the request', () => {
  const nobody = 'ws://127.0.0.1:1/';
  for (const [what, header] of [
    ['CR and LF in a value', { token: 'a\r\nx-injected: yes' }],
    ['a lone LF in a value', { token: 'a\nx-injected: yes' }],
    ['NUL in a value', { token: 'a\0b' }],
    ['CR and LF in a name', { 'x\r\ny': 'a' }],
    ['a space in a name', { 'x y': 'a' }],
    ['a colon in a name', { 'x:': 'a' }],
    ['an empty name', { '': 'a' }],
    ['CR and LF in one of several values', { token: ['good', 'a\r\nb: c'] }],
    ["the handshake's own key", { 'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==' }],
  ]) {
    it(`is refused with 401: ${what}`, async (t) => {
      const ws = webSocket.createWebSocket();
      await assertRefused(ws, nobody, { header }, 401, /^Parameter error: .*header/i);
      await assertUsable(t, ws);
    });
  }
});

/** The promise and the callback say the same. */
async function assertRefused(ws, url, options, code, message) {
  const byPromise = await ws.connect(url, options).then(
    () => assert.fail('connect succeeded'),
    (error) => error,
  );
  const byCallback = await new Promise((resolve) => {
    ws.connect(url, options, (error, value) => {
      assert.equal(value, undefined);
      resolve(error);
    });
  });
  for (const error of [byPromise, byCallback]) {
    assert.ok(error instanceof Error);
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
  }
}
