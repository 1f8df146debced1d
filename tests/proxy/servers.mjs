// Proxies that people run, and one that refuses everything; on a free port of 127.0.0.1, ended
// after the test.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startOnFreePort } from '../programs.mjs';

/** An HTTP proxy; `directives` are lines of its configuration. Returns its port. */
export async function startTinyproxy(t, ...directives) {
  const folder = await mkdtemp(join(tmpdir(), 'arkws-tinyproxy-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'tinyproxy.conf');
  return startOnFreePort(t, async (port) => {
    await writeFile(
      file,
      [`Port ${port}`, 'Listen 127.0.0.1', 'Timeout 30', ...directives, ''].join('\n'),
    );
    return ['tinyproxy', '-d', '-c', file];
  });
}

/** A SOCKS 5 proxy, for everybody or for those who know the password. Returns its port. */
export function startMicrosocks(t, { user, password } = {}) {
  const credentials = user ? ['-u', user, '-P', password] : [];
  return startOnFreePort(t, (port) => [
    'microsocks',
    '-i',
    '127.0.0.1',
    '-p',
    port,
    ...credentials,
  ]);
}

/**
 * An HTTP proxy that opens no tunnel: whoever connects has not gone through it. Returns its port.
 */
export async function startRefusing(t) {
  const server = createServer();
  server.on('connect', (_request, socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return server.address().port;
}
