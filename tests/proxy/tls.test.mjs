// Our Rust client through a proxy that is spoken to over TLS: HAProxy in front of tinyproxy.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { echo, serve } from '../../npm/test/servers.mjs';
import { configuration } from '../nginx.mjs';
import { needs, startOnFreePort } from '../programs.mjs';
import { run, rust } from '../support.mjs';
import { Certificates } from '../tls/certificates.mjs';
import { startTinyproxy } from './servers.mjs';

const NEEDS = { ...needs('tinyproxy', 'tinyproxy-bin'), ...needs('haproxy', 'haproxy') };

describe('through a proxy over TLS', { timeout: 120_000, ...NEEDS }, () => {
  let made;
  before(async () => {
    made = await Certificates.make();
    await made.authority('root');
    await made.issue('server', { names: ['DNS:localhost', 'IP:127.0.0.1'] });
    // HAProxy wants both in one file.
    const both = (await made.read('server.pem')) + (await made.read('server.key'));
    await made.write('both.pem', both);
  });

  /** HAProxy that speaks TLS in tinyproxy's place: the URL with which that is reached. */
  async function startProxy(t) {
    const tinyproxy = await startTinyproxy(t, 'BasicAuth ann secret');
    const text = (port) => `
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend tls
  bind 127.0.0.1:${port} ssl crt ${made.path('both.pem')} alpn http/1.1
  default_backend tinyproxy
backend tinyproxy
  server tinyproxy 127.0.0.1:${tinyproxy}
`;
    const port = await startOnFreePort(t, async (port) => [
      'haproxy',
      '-db',
      '-f',
      await configuration(t, 'haproxy', () => text(port)),
    ]);
    return `https://ann:secret@localhost:${port}`;
  }

  const connect = (proxy, url) =>
    run([
      'env',
      `http_proxy=${proxy}`,
      `https_proxy=${proxy}`,
      'no_proxy=',
      ...rust('connect', url, '--ca', made.path('root.pem'), '--largest', '65537'),
    ]);

  it('everything is exchanged by ws', async (t) => {
    await connect(await startProxy(t), await serve(t, echo));
  });

  it('everything is exchanged by wss, TLS within TLS', async (t) => {
    const tls = { cert: await made.read('server.pem'), key: await made.read('server.key') };
    await connect(await startProxy(t), await serve(t, echo, { tls }));
  });

  it('a proxy that wants another password says so', async (t) => {
    const proxy = (await startProxy(t)).replace('secret', 'wrong');
    const url = await serve(t, echo);
    await assert.rejects(connect(proxy, url), /does not accept the user name and password/);
  });
});
