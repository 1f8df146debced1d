// Our module for JavaScript as a client, with other people's servers, and with ours.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { echo, serve } from '../../npm/test/servers.mjs';
import { certificates, echoInFragments, python, rust, start } from '../support.mjs';
import { arkws, binary, exchange, text } from './exchange.mjs';
import { MODES } from './modes.mjs';

for (const { name, flags, ws } of MODES) {
  describe(`our module, ${name}`, { timeout: 300_000 }, () => {
    const perMessageDeflate = flags.length > 0;
    const connect = async (url) => {
      const client = await arkws(url, { perMessageDeflate });
      assert.equal(client.extensions !== '', perMessageDeflate);
      return client;
    };

    it('exchanges everything with npm ws', async (t) => {
      await exchange(await connect(await serve(t, echo, ws)));
    });

    it('puts together what npm ws sends in fragments', async (t) => {
      await exchange(await connect(await serve(t, echoInFragments(5), ws)));
    });

    it('exchanges everything with Python websockets', async (t) => {
      await exchange(await connect(await start(t, python('websockets_server.py', ...flags))));
    });

    it('puts together what Python websockets sends in fragments', async (t) => {
      await exchange(
        await connect(await start(t, python('websockets_server.py', '--fragments', '5', ...flags))),
      );
    });

    it('takes 16 MiB, which is more than it sends', async (t) => {
      const messages = [text(16 << 20), binary(16 << 20)];
      const url = await serve(
        t,
        (socket) => messages.forEach((message) => socket.send(message)),
        ws,
      );
      const client = await connect(url);
      assert.ok((await client.take()) === messages[0]);
      assert.ok(messages[1].equals(await client.take()));
      assert.equal(await client.close(1000), 1000);
    });

    it('exchanges everything with our Rust server', async (t) => {
      await exchange(await connect(await start(t, rust('serve', ...flags))));
    });
  });
}

describe('our module over TLS', { timeout: 300_000 }, () => {
  let tls;
  before(async () => (tls = await certificates()));
  const connect = (url) => arkws(url, { caPath: tls.ca });

  it('exchanges everything with npm ws', async (t) => {
    await exchange(await connect(await serve(t, echo, { tls: await tls.read('valid') })));
  });

  it('exchanges everything with Python websockets', async (t) => {
    await exchange(
      await connect(await start(t, python('websockets_server.py', '--tls', tls.server('valid')))),
    );
  });

  it('exchanges everything with our Rust server', async (t) => {
    await exchange(await connect(await start(t, rust('serve', '--tls', tls.server('valid')))));
  });
});
