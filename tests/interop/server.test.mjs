// Our server, with other people's clients.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { before, describe, it } from 'node:test';
import { certificates, fragments, python, run, rust, start, startProgram } from '../support.mjs';
import { binary, exchange, text, undici, ws } from './exchange.mjs';

const MODES = [
  { name: 'without compression', server: [], ws: {}, python: [] },
  {
    name: 'with permessage-deflate',
    server: ['--deflate'],
    ws: { perMessageDeflate: { threshold: 0 } },
    python: ['--deflate'],
  },
  {
    name: 'with permessage-deflate, without context takeover',
    server: ['--deflate', '--no-context-takeover'],
    ws: {
      perMessageDeflate: {
        threshold: 0,
        serverNoContextTakeover: true,
        clientNoContextTakeover: true,
      },
    },
    python: ['--deflate', '--no-context-takeover'],
  },
];

for (const mode of MODES) {
  describe(`our server, ${mode.name}`, { timeout: 300_000 }, () => {
    const compressed = mode.server.length > 0;

    it('echoes everything to npm ws', async (t) => {
      const client = await ws(await start(t, rust('serve', ...mode.server)), mode.ws);
      assert.equal(client.extensions !== '', compressed);
      await exchange(client);
    });

    it('puts together what npm ws sends in fragments', async (t) => {
      const client = await ws(await start(t, rust('serve', ...mode.server)), mode.ws);
      for (const size of [0, 1, 10, 1000, 100_000, 1 << 20]) {
        for (const pieces of [2, 3, 100]) {
          // A string is cut as bytes, so also inside of its characters.
          for (const [message, options] of [
            [Buffer.from(text(size)), { binary: false }],
            [binary(size), { binary: true }],
          ]) {
            for (const [piece, fin] of fragments(message, pieces))
              client.socket.send(piece, { ...options, fin });
            const answer = await client.take();
            assert.equal(typeof answer, options.binary ? 'object' : 'string');
            assert.ok(Buffer.from(answer).equals(message), `${size} bytes in ${pieces} pieces`);
          }
        }
      }
      assert.equal(await client.close(1000), 1000);
    });

    it('echoes everything to Python websockets', async (t) => {
      const url = await start(t, rust('serve', ...mode.server));
      await run(python('websockets_client.py', url, ...mode.python));
    });

    it('echoes everything to npm ws while it arrives', async (t) => {
      const url = await start(t, rust('serve', '--pieces', ...mode.server));
      await exchange(await ws(url, mode.ws));
    });

    // Without compression Python's many small messages take long, and show nothing more.
    if (compressed) {
      it('echoes everything to Python websockets while it arrives', async (t) => {
        const url = await start(t, rust('serve', '--pieces', ...mode.server));
        await run(python('websockets_client.py', url, ...mode.python));
      });
    }

    it('says goodbye to Python websockets when it stops', async (t) => {
      const { child, url } = await startProgram(t, rust('serve', ...mode.server));
      const ended = once(child, 'exit');
      await run(python('websockets_client.py', url, '--stop', child.pid, ...mode.python));
      assert.deepEqual(await ended, [0, null]);
    });

    it('echoes everything to undici', async (t) => {
      const client = await undici(await start(t, rust('serve', ...mode.server)));
      assert.equal(client.extensions !== '', compressed);
      await exchange(client);
    });
  });
}

describe('our server over TLS', { timeout: 300_000 }, () => {
  let tls;
  before(async () => (tls = await certificates()));
  const serve = (t) => start(t, rust('serve', '--tls', tls.server('valid')));

  it('echoes everything to npm ws', async (t) => {
    await exchange(await ws(await serve(t), { ca: await readFile(tls.ca) }));
  });

  it('echoes everything to Python websockets', async (t) => {
    await run(python('websockets_client.py', await serve(t), '--ca', tls.ca));
  });

  it('echoes everything to undici', async (t) => {
    await exchange(await undici(await serve(t), { ca: await readFile(tls.ca) }));
  });
});
