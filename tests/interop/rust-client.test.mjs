// Our Rust client, with other people's servers.
import { before, describe, it } from 'node:test';
import { echo, serve } from '../../npm/test/servers.mjs';
import { certificates, echoInFragments, python, run, rust, start } from '../support.mjs';
import { MODES } from './modes.mjs';

for (const { name, flags, ws } of MODES) {
  describe(`our Rust client, ${name}`, { timeout: 300_000 }, () => {
    it('exchanges everything with npm ws', async (t) => {
      const url = await serve(t, echo, ws);
      await run(rust('connect', url, ...flags));
    });

    it('puts together what npm ws sends in fragments', async (t) => {
      const url = await serve(t, echoInFragments(5), ws);
      await run(rust('connect', url, ...flags));
    });

    it('exchanges everything with Python websockets', async (t) => {
      const url = await start(t, python('websockets_server.py', ...flags));
      await run(rust('connect', url, ...flags));
    });

    it('puts together what Python websockets sends in fragments', async (t) => {
      const url = await start(t, python('websockets_server.py', '--fragments', '5', ...flags));
      await run(rust('connect', url, ...flags));
    });

    it('exchanges everything with our server', async (t) => {
      const url = await start(t, rust('serve', ...flags));
      await run(rust('connect', url, ...flags));
    });
  });
}

describe('our Rust client over TLS', { timeout: 300_000 }, () => {
  let tls;
  before(async () => (tls = await certificates()));

  it('exchanges everything with npm ws', async (t) => {
    const url = await serve(t, echo, { tls: await tls.read('valid') });
    await run(rust('connect', url, '--ca', tls.ca));
  });

  it('exchanges everything with Python websockets', async (t) => {
    const url = await start(t, python('websockets_server.py', '--tls', tls.server('valid')));
    await run(rust('connect', url, '--ca', tls.ca));
  });

  it('exchanges everything with our server', async (t) => {
    const url = await start(t, rust('serve', '--tls', tls.server('valid')));
    await run(rust('connect', url, '--ca', tls.ca));
  });
});
