// Servers whose certificate must not be trusted.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { connected, next } from '../events.mjs';
import { certificates, echo, serve } from '../support.mjs';
import { assertUsable, failure } from './support.mjs';

let tls;
before(async () => (tls = await certificates()));

const server = async (t, name) => serve(t, echo, { tls: await tls.read(name) });

describe('a certificate', { timeout: 60_000 }, () => {
  it('of a trusted authority is accepted by name and by address', async (t) => {
    const url = await server(t, 'valid');
    for (const address of [url, url.replace('localhost', '127.0.0.1')]) {
      const ws = await connected(address, { caPath: tls.ca });
      const closed = next(ws, 'close');
      await ws.close();
      await closed;
    }
  });

  for (const [what, name, message] of [
    ['that has expired', 'expired', /expired/],
    ['that is not yet valid', 'not-yet-valid', /not (yet )?valid/],
    ['for another name', 'wrong-name', /localhost.*somewhere-else\.example|somewhere-else\.example.*localhost|not valid for/],
    ['of an authority that is not trusted', 'unknown-authority', /authority|issuer|signed/],
    ['that is self-signed', 'self-signed', /self-signed/],
  ]) {
    it(`${what} is refused, and the error says so`, async (t) => {
      const url = await server(t, name);
      const { ws, error } = await failure(url, { caPath: tls.ca });
      assert.equal(error.cause, 'tls', error.message);
      assert.match(error.message, /^Websocket connect failed: TLS with localhost failed: /);
      assert.match(error.message, message);
      assert.equal(error.data, '0');
      await assertUsable(t, ws);
    });

    it(`${what} is accepted if the program asks for no verification`, async (t) => {
      const ws = await connected(await server(t, name), { skipServerCertVerification: true });
      const closed = next(ws, 'close');
      await ws.close();
      await closed;
    });
  }

  it("is checked against the system's authorities without caPath", async (t) => {
    const { ws, error } = await failure(await server(t, 'valid'));
    assert.equal(error.cause, 'tls', error.message);
    await assertUsable(t, ws);
  });

  it('is no use for a server that speaks no TLS', async (t) => {
    const url = await serve(t, echo);
    const { ws, error } = await failure(url.replace('ws:', 'wss:'), { caPath: tls.ca });
    assert.equal(error.cause, 'tls', error.message);
    await assertUsable(t, ws);
  });
});
