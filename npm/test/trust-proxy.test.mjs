// `trustProxy`: where clients behind proxies come from.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import arkws from 'arkws';
import { WebSocket } from 'ws';
import { next, rejection } from './events.mjs';
import { running } from './servers.mjs';

const FORGED = '198.51.100.66';

/** Joins as a proxy would pass a client on: what the server knows of it. */
async function forwarded(t, { server, url }, headers, localAddress = '127.0.0.1') {
  const joined = next(server, 'connect');
  const ws = new WebSocket(url, { headers, localAddress });
  t.after(() => ws.terminate());
  await once(ws, 'open');
  const [connection] = await joined;
  assert.equal(connection.clientIP, localAddress);
  assert.equal(connection.clientPort, ws._socket.localPort);
  return connection;
}

describe('trustProxy', { timeout: 60_000 }, () => {
  const cases = [
    [{}, '127.0.0.1'],
    [{ 'X-Forwarded-For': '203.0.113.7' }, '203.0.113.7'],
    [{ 'X-Forwarded-For': `${FORGED}, 203.0.113.7, 10.1.2.3` }, '203.0.113.7'],
    [{ 'X-Forwarded-For': [FORGED, '2001:db8::7'] }, '2001:db8::7'],
    [{ Forwarded: `for=${FORGED}, for="[2001:db8::7]:4711";proto=https` }, '2001:db8::7'],
    [{ Forwarded: `for="${FORGED}, for=203.0.113.7` }, '203.0.113.7'],
    [{ Forwarded: `for=${FORGED}, for=unknown` }, '127.0.0.1'],
    [{ Forwarded: 'for=203.0.113.7', 'X-Forwarded-For': '203.0.113.7' }, '203.0.113.7'],
    [{ Forwarded: `for=${FORGED}`, 'X-Forwarded-For': '203.0.113.7' }, '127.0.0.1'],
  ];

  for (const trustProxy of [true, ['127.0.0.1', '10.0.0.0/8']]) {
    it(`${JSON.stringify(trustProxy)} believes what a proxy has added, and nothing before it`, async (t) => {
      const started = await running(t, { trustProxy, limits: 'none' });
      for (const [headers, expected] of cases) {
        const { remoteAddress } = await forwarded(t, started, headers);
        assert.equal(remoteAddress, expected, JSON.stringify(headers));
      }
    });
  }

  for (const [trustProxy, from] of [
    [undefined, '127.0.0.1'],
    [false, '127.0.0.1'],
    [[], '127.0.0.1'],
    [['127.0.0.1'], '127.0.0.2'],
  ]) {
    it(`${JSON.stringify(trustProxy)} believes nothing that ${from} says`, async (t) => {
      const started = await running(t, { trustProxy, limits: 'none' });
      for (const [headers] of cases) {
        const { remoteAddress } = await forwarded(t, started, headers, from);
        assert.equal(remoteAddress, from);
      }
    });
  }

  it('shows the address to listeners of request, and only to who asks', async (t) => {
    const seen = [];
    const started = await running(t, { trustProxy: true }, (server) =>
      server.on('request', ({ connection }) => seen.push(connection.remoteAddress)),
    );
    const headers = { 'X-Forwarded-For': '203.0.113.7' };
    const connection = await forwarded(t, started, headers);
    assert.deepEqual(seen, ['203.0.113.7']);
    assert.deepEqual(Object.keys(connection), ['clientIP', 'clientPort']);
    assert.doesNotMatch(inspect(connection) + JSON.stringify(connection), /203/);
    assert.throws(() => {
      'use strict';
      connection.remoteAddress = FORGED;
    }, TypeError);
    const { get } = Object.getOwnPropertyDescriptor(
      Object.getPrototypeOf(connection),
      'remoteAddress',
    );
    assert.equal(get.call({ clientIP: '127.0.0.1' }), undefined);
  });

  it('is believed of requests that an HTTP server of the program has read', async (t) => {
    const http = createServer().listen(0, '127.0.0.1');
    t.after(() => http.close());
    await once(http, 'listening');
    const server = arkws.createWebSocketServer();
    t.after(() => server.stop().catch(() => {}));
    await server.start({ server: http, trustProxy: ['127.0.0.1', '10.0.0.0/8'], limits: 'none' });
    const started = { server, url: `ws://127.0.0.1:${http.address().port}` };
    for (const [headers, expected] of cases) {
      const { remoteAddress } = await forwarded(t, started, headers);
      assert.equal(remoteAddress, expected, JSON.stringify(headers));
    }
  });

  it('has limits count clients, not the proxy', async (t) => {
    const started = await running(t, { trustProxy: true, limits: { perAddress: 1 } });
    await forwarded(t, started, { 'X-Forwarded-For': '203.0.113.1' });
    await forwarded(t, started, { 'X-Forwarded-For': '203.0.113.2' });
    const reported = next(started.server, 'error');
    const headers = { 'X-Forwarded-For': `${FORGED}, 203.0.113.1` };
    const refused = new WebSocket(started.url, { headers });
    const [request, response] = await once(refused, 'unexpected-response');
    request.destroy();
    assert.equal(response.statusCode, 503);
    const [{ cause, message }] = await reported;
    assert.equal(cause, 'limit');
    assert.match(message, /client 203\.0\.113\.1 behind 127\.0\.0\.1:\d+ was not let in/);
  });

  it('names an entry that is none', async () => {
    const server = arkws.createWebSocketServer();
    const config = { serverPort: 0, trustProxy: ['10.0.0.0/8', '10.0.0.0/99'] };
    const error = await rejection(server.start(config));
    assert.equal(error.code, 401);
    assert.match(error.message, /trustProxy: "10\.0\.0\.0\/99": /);
  });
});
