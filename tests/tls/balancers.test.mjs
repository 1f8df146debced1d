// What stands before servers in the world: HAProxy, which may route by the protocol that a client
// offers in TLS (ALPN), and nginx, which speaks TLS and HTTP in the server's place. Ours behind
// them is the client, or the server, or both.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { before, describe, it } from 'node:test';
import { connect } from 'node:tls';
import webSocket from 'arkws';
import { next } from '../../npm/test/events.mjs';
import { echo, echoMessages, running, serve } from '../../npm/test/servers.mjs';
import { exchange } from '../client.mjs';
import { configuration, needsNginx, startNginx } from '../nginx.mjs';
import { needs, startOnFreePort } from '../programs.mjs';
import { Certificates } from './certificates.mjs';

/** An echo server of npm `ws`: its port. */
const ofWs = async (t) => new URL(await serve(t, echo)).port;

/** An echo server of ours: its port. */
const ofOurs = async (t) => (await running(t, {}, echoMessages)).port;

const BACKENDS = [
  ['npm ws', ofWs],
  ['our server', ofOurs],
];

let made;
before(async () => {
  made = await Certificates.make();
  await made.authority('root');
  await made.issue('server', { names: ['DNS:localhost', 'IP:127.0.0.1'] });
  // HAProxy wants both in one file.
  await made.write('both.pem', (await made.read('server.pem')) + (await made.read('server.key')));
});

/** Connects through what listens at `port`, and has a message back, a large one too. */
async function assertExchanges(port) {
  const ws = webSocket.createWebSocket();
  const open = next(ws, 'open');
  await ws.connect(`wss://localhost:${port}/`, {
    caPath: made.path('root.pem'),
    proxy: 'no-proxy',
  });
  await open;
  const large = 'a'.repeat(200_000);
  const message = next(ws, 'message');
  await ws.send(large);
  assert.equal((await message)[1], large);
  await exchange(ws);
}

/** A client that offers no protocol gets nowhere: it is by that that we are routed. */
async function assertTurnedAway(port) {
  const socket = connect({ port, host: 'localhost', ca: await made.read('root.pem') });
  const data = [];
  socket.on('data', (part) => data.push(part)).on('error', () => {});
  socket.end('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await once(socket, 'close');
  assert.deepEqual(data, []);
}

describe('behind HAProxy', { timeout: 60_000, ...needs('haproxy', 'haproxy') }, () => {
  for (const [name, backend] of BACKENDS) {
    it(`which routes by ALPN, we reach ${name}`, async (t) => {
      const server = await backend(t);
      const port = await startOnFreePort(t, async (port) => [
        'haproxy',
        '-db',
        '-f',
        await configuration(
          t,
          'haproxy',
          () => `
defaults
  mode tcp
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend tls
  bind 127.0.0.1:${port} ssl crt ${made.path('both.pem')} alpn h2,http/1.1
  use_backend websocket if { ssl_fc_alpn -i http/1.1 }
  default_backend nobody
backend websocket
  server server 127.0.0.1:${server}
backend nobody
  tcp-request content reject
`,
        ),
      ]);
      await assertTurnedAway(port);
      await assertExchanges(port);
    });
  }
});

describe('behind nginx', { timeout: 60_000, ...needsNginx() }, () => {
  for (const [name, backend] of BACKENDS) {
    it(`which speaks TLS and HTTP in its place, we reach ${name}`, async (t) => {
      const port = await startNginx(t, `http://127.0.0.1:${await backend(t)}`, {
        listen: 'ssl http2',
        server: `
          ssl_certificate ${made.path('server.pem')};
          ssl_certificate_key ${made.path('server.key')};`,
      });
      await assertExchanges(port);
    });
  }
});
