// Our module for JavaScript as a server, with other people's clients, and with ours.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { before, describe, it } from 'node:test';
import { running } from '../../npm/test/servers.mjs';
import { certificates, fragments, python, run, rust } from '../support.mjs';
import { arkws, binary, exchange, text, undici, ws } from './exchange.mjs';
import { MODES } from './modes.mjs';

/** The most that our module sends in one message: OpenHarmony's limit. */
const LARGEST = 5 * 1024 * 1024 - 16;

/**
 * An echo server; a message that is larger than it may send is answered with nothing. Stopped after
 * the test.
 */
async function serve(t, config = {}) {
  const { port } = await running(t, config, (server) => {
    server.on('messageReceive', ({ data, clientConnection }) => {
      server.send(data, clientConnection).catch(() => {});
    });
  });
  return `${config.serverCert ? 'wss' : 'ws'}://127.0.0.1:${port}`;
}

// npm `ws` as a client offers compression unless it is told otherwise: our server declines it.
const modes = MODES.map((mode) => (mode.flags.length > 0 ? mode : { ...mode, ws: {} }));

for (const mode of modes) {
  describe(`our module as a server, ${mode.name}`, { timeout: 300_000 }, () => {
    const perMessageDeflate = mode.flags.length > 0;

    it('echoes everything to npm ws', async (t) => {
      const client = await ws(await serve(t, { perMessageDeflate }), mode.ws);
      assert.equal(client.extensions !== '', perMessageDeflate);
      await exchange({ ...client, largest: LARGEST });
    });

    it('puts together what npm ws sends in fragments', async (t) => {
      const client = await ws(await serve(t, { perMessageDeflate }), mode.ws);
      for (const [message, options] of [
        [Buffer.from(text(100_000)), { binary: false }],
        [binary(100_000), { binary: true }],
      ]) {
        for (const [piece, fin] of fragments(message, 7))
          client.socket.send(piece, { ...options, fin });
        assert.ok(Buffer.from(await client.take()).equals(message));
      }
      assert.equal(await client.close(1000), 1000);
    });

    it('echoes everything to Python websockets', async (t) => {
      const url = await serve(t, { perMessageDeflate });
      await run(python('websockets_client.py', url, '--largest', String(LARGEST), ...mode.flags));
    });

    it('echoes everything to our Rust client', async (t) => {
      const url = await serve(t, { perMessageDeflate });
      await run(rust('connect', url, '--largest', String(LARGEST), ...mode.flags));
    });

    it('echoes everything to undici', async (t) => {
      const client = await undici(await serve(t, { perMessageDeflate }));
      assert.equal(client.extensions !== '', perMessageDeflate);
      await exchange({ ...client, largest: LARGEST });
    });

    it('echoes everything to our module as a client', async (t) => {
      await exchange(await arkws(await serve(t, { perMessageDeflate }), { perMessageDeflate }));
    });
  });
}

describe('our module as a server over TLS', { timeout: 300_000 }, () => {
  let tls;
  before(async () => (tls = await certificates()));
  const serverCert = () => ({
    certPath: `${tls.server('valid')}.pem`,
    keyPath: `${tls.server('valid')}.key`,
  });

  it('echoes everything to npm ws', async (t) => {
    const client = await ws(await serve(t, { serverCert: serverCert() }), {
      ca: await readFile(tls.ca),
    });
    await exchange({ ...client, largest: LARGEST });
  });

  it('echoes everything to Python websockets', async (t) => {
    const url = await serve(t, { serverCert: serverCert() });
    await run(python('websockets_client.py', url, '--largest', String(LARGEST), '--ca', tls.ca));
  });

  it('echoes everything to our Rust client', async (t) => {
    const url = await serve(t, { serverCert: serverCert() });
    await run(rust('connect', url, '--largest', String(LARGEST), '--ca', tls.ca));
  });
});
