// A server behind nginx: where it takes its clients to come from, and how many it lets in.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { describe, it } from 'node:test';
import webSocket from 'arkws';
import { next } from '../../npm/test/events.mjs';
import { running } from '../../npm/test/servers.mjs';
import { needsNginx, startNginx } from '../nginx.mjs';
import { join, refusal } from './support.mjs';

const CLIENT = '127.0.0.5';
const FORGED = '198.51.100.66';

/** What clients send that would like to be somebody else. */
const FORGERIES = [
  {},
  { 'X-Forwarded-For': FORGED },
  { 'X-Forwarded-For': [FORGED, `${FORGED}, 127.0.0.1`] },
  { Forwarded: `for=${FORGED}` },
  { Forwarded: `for="${FORGED}` },
  { Forwarded: `for=${FORGED};host="` },
  { Forwarded: [`for=${FORGED}, for="`, 'for="[2001:db8::66]"'] },
  { Forwarded: `for=${FORGED}`, 'X-Forwarded-For': FORGED },
];

/** How people have nginx tell who calls, and the field that it leaves as it came. */
const CONFIGURATIONS = {
  'X-Forwarded-For': ['proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;', 'Forwarded'],
  Forwarded: [
    'proxy_set_header Forwarded "$http_forwarded, for=$remote_addr;proto=http";',
    'X-Forwarded-For',
  ],
};

/** Joins by way of nginx: what the server knows of this client. */
async function joined(t, server, port, options) {
  const connected = next(server, 'connect');
  await join(t, `ws://127.0.0.1:${port}`, options);
  return (await connected)[0];
}

describe('behind nginx', { timeout: 60_000, ...needsNginx() }, () => {
  for (const [field, [location, other]] of Object.entries(CONFIGURATIONS)) {
    it(`which adds to ${field}, nobody passes for somebody else`, async (t) => {
      const config = { trustProxy: ['127.0.0.1'], limits: 'none' };
      const { server, port: upstream } = await running(t, config);
      const port = await startNginx(t, `http://127.0.0.1:${upstream}`, { location });
      for (const headers of FORGERIES) {
        const options = { headers, localAddress: CLIENT };
        const { clientIP, remoteAddress } = await joined(t, server, port, options);
        assert.equal(clientIP, '127.0.0.1');
        // What nginx passes on as it came can hide a client, and no more.
        const expected = other in headers ? '127.0.0.1' : CLIENT;
        assert.equal(remoteAddress, expected, JSON.stringify(headers));
      }
      // Who does not come by nginx is believed nothing.
      const options = { headers: { 'X-Forwarded-For': FORGED }, localAddress: CLIENT };
      const { remoteAddress } = await joined(t, server, upstream, options);
      assert.equal(remoteAddress, CLIENT);
    });
  }

  it('at a Unix socket, clients have their addresses as well', {
    skip: process.platform === 'win32',
  }, async (t) => {
    const folder = await mkdtemp(joinPath(tmpdir(), 'arkws-unix-'));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const path = joinPath(folder, 'socket');
    const server = webSocket.createWebSocketServer();
    t.after(() => server.stop().catch(() => {}));
    await server.start({ path, trustProxy: true });
    const [location] = CONFIGURATIONS['X-Forwarded-For'];
    const port = await startNginx(t, `http://unix:${path}:`, { location });
    const { remoteAddress } = await joined(t, server, port, { localAddress: CLIENT });
    assert.equal(remoteAddress, CLIENT);
  });

  it('1,000 clients of one address that come at once are served', async (t) => {
    // Opening handshakes that a trusted proxy passes on are not limited.
    const config = { trustProxy: ['127.0.0.1'], limits: { connections: 1000, handshakes: 10 } };
    const { server, port: upstream } = await running(t, config, (server) =>
      server.on('messageReceive', ({ data, clientConnection }) =>
        server.send(data, clientConnection),
      ),
    );
    const [location] = CONFIGURATIONS['X-Forwarded-For'];
    const port = await startNginx(t, `http://127.0.0.1:${upstream}`, { location });
    const url = `ws://127.0.0.1:${port}`;
    const clients = await Promise.all(Array.from({ length: 1000 }, () => join(t, url)));
    clients.forEach((client, k) => client.send(String(k)));
    const echoes = await Promise.all(clients.map((client) => client.take()));
    assert.deepEqual(
      echoes,
      clients.map((_, k) => String(k)),
    );
    const reported = next(server, 'error');
    const { status, body } = await refusal(url);
    assert.equal(status, 503);
    assert.equal((await reported)[0].cause, 'limit');
    assert.match(body, /serves 1000 connection\(s\) at a time \(limits\.connections\)/);
    assert.equal(await server.stop({ timeout: 30_000 }), true);
  });

  it('the default is the platform: ten connections of all clients of nginx, then 503', async (t) => {
    const { server, port: upstream } = await running(t);
    const [location] = CONFIGURATIONS['X-Forwarded-For'];
    const port = await startNginx(t, `http://127.0.0.1:${upstream}`, { location });
    const url = `ws://127.0.0.1:${port}`;
    for (let k = 0; k < 10; k++) await join(t, url, { localAddress: `127.0.0.${10 + k}` });
    const reported = next(server, 'error');
    const { status, body } = await refusal(url, { localAddress: CLIENT });
    assert.equal(status, 503);
    assert.equal((await reported)[0].cause, 'limit');
    assert.match(body, /10 at a time \(maxConnectionsForOneClient\)/);
  });
});
