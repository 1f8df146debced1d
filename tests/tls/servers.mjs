// WebSocket servers over the two implementations of TLS that most servers have: Node's, and
// OpenSSL's own test server.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { Duplex, Transform } from 'node:stream';
import { WebSocketServer } from 'ws';
import { echo } from '../../npm/test/servers.mjs';

/**
 * Both start an echo server, ended after the test, and return its port: `cert` and `key` are files,
 * `chain` one with what leads to the root; clients must be of `clientAuthority`; `version` is the
 * only one spoken; `weak` allows small keys.
 */
export const SERVERS = [
  { name: "Node's server", start: startNode },
  { name: "OpenSSL's s_server", start: startOpenssl },
];

/** Old versions need old algorithms, which OpenSSL no longer has on by default. */
const OLD = 'ALL:@SECLEVEL=0';

async function startNode(
  t,
  { cert, key, chain, clientAuthority, version, weak, host = '127.0.0.1' },
) {
  const https = createHttpsServer({
    cert: [cert, chain]
      .filter(Boolean)
      .map((file) => readFileSync(file, 'utf8'))
      .join(''),
    key: readFileSync(key),
    ...(clientAuthority && {
      ca: readFileSync(clientAuthority),
      requestCert: true,
      rejectUnauthorized: true,
    }),
    ...(version && { minVersion: `TLSv${version}`, maxVersion: `TLSv${version}` }),
    ...((version === '1.1' || weak) && { ciphers: OLD }),
  });
  const server = new WebSocketServer({ server: https });
  server.on('connection', echo);
  https.listen(0, host);
  await once(https, 'listening');
  t.after(() => {
    for (const client of server.clients) client.terminate();
    https.close();
  });
  return https.address().port;
}

async function startOpenssl(
  t,
  { cert, key, chain, clientAuthority, version, weak, host = '127.0.0.1' },
) {
  const child = spawn(
    'openssl',
    [
      ...[
        's_server',
        '-accept',
        `${host.includes(':') ? `[${host}]` : host}:0`,
        '-cert',
        cert,
        '-key',
        key,
      ],
      ...(chain ? ['-cert_chain', chain] : []),
      ...(clientAuthority
        ? ['-Verify', '3', '-verify_return_error', '-CAfile', clientAuthority]
        : []),
      ...(version ? [`-tls${version.replace('.', '_')}`] : []),
      ...(version === '1.1' || weak ? ['-cipher', OLD] : []),
    ],
    { stdio: ['pipe', 'pipe', 'ignore'] },
  );
  t.after(() => child.kill());
  const port = new Promise((resolve) => serveStandardStreams(t, child, resolve));
  const ended = once(child, 'exit').then(([code]) =>
    assert.fail(`openssl s_server ended with ${code}`),
  );
  return Promise.race([port, ended]);
}

/**
 * `s_server` passes between its client and its standard streams, after it has told about itself and
 * each connection.
 */
function serveStandardStreams(t, child, listening) {
  let said = '';
  let serving = false;
  const onlyTheRequest = new Transform({
    transform(bytes, _, done) {
      if (serving) return done(null, bytes);
      said += bytes.toString('latin1');
      const [, port] = /^ACCEPT .*:(\d+)\n/m.exec(said) ?? [];
      if (port) listening(Number(port));
      const start = said.search(/^GET /m);
      serving = start >= 0;
      return serving ? done(null, Buffer.from(said.slice(start), 'latin1')) : done();
    },
  });
  const connection = Duplex.from({
    readable: child.stdout.pipe(onlyTheRequest),
    writable: child.stdin,
  });
  connection.on('error', () => {});
  const http = createHttpServer();
  const server = new WebSocketServer({ server: http });
  server.on('connection', echo);
  http.emit('connection', connection);
  t.after(() => {
    for (const client of server.clients) client.terminate();
  });
}
