// `minSupportTlsProtocol`, with servers that speak one version of TLS.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import webSocket from 'arkws';
import { connected } from '../../npm/test/events.mjs';
import { assertUsable, exchange, failure } from '../client.mjs';
import { needs } from '../programs.mjs';
import { Certificates } from './certificates.mjs';
import { SERVERS } from './servers.mjs';

const { TlsProtocol } = webSocket;

describe('minSupportTlsProtocol', { timeout: 60_000, ...needs('openssl', 'openssl') }, () => {
  let made;

  before(async () => {
    made = await Certificates.make();
    await made.authority('root');
    await made.issue('server', { names: ['DNS:localhost'] });
  });

  const serve = async (t, { start }, version) =>
    `wss://localhost:${await start(t, { cert: made.path('server.pem'), key: made.path('server.key'), version })}`;
  const atLeast = (minSupportTlsProtocol) => ({
    caPath: made.path('root.pem'),
    minSupportTlsProtocol,
  });

  it('has the numbers of the platform', () => {
    assert.deepEqual(
      [TlsProtocol.TLS_V_1_0, TlsProtocol.TLS_V_1_1, TlsProtocol.TLS_V_1_2, TlsProtocol.TLS_V_1_3],
      [0, 1, 2, 3],
    );
  });

  for (const counterpart of SERVERS) {
    describe(`with ${counterpart.name}`, () => {
      for (const [version, lowest] of [
        ['1.2', ['TLS_V_1_0', 'TLS_V_1_1', 'TLS_V_1_2']],
        ['1.3', ['TLS_V_1_0', 'TLS_V_1_1', 'TLS_V_1_2', 'TLS_V_1_3']],
      ]) {
        for (const name of lowest) {
          it(`${name} lets TLS ${version} pass`, async (t) => {
            const ws = await connected(
              await serve(t, counterpart, version),
              atLeast(TlsProtocol[name]),
            );
            assert.equal(ws.stats().tlsVersion, `TLSv${version}`);
            await exchange(ws);
          });
        }
      }

      it('TLS_V_1_3 lets no TLS 1.2 pass, and the error says so', async (t) => {
        const url = await serve(t, counterpart, '1.2');
        const { ws, error } = await failure(url, atLeast(TlsProtocol.TLS_V_1_3));
        assert.equal(error.cause, 'tls', error.message);
        assert.match(error.message, /versions? of TLS/);
        await assertUsable(t, ws);
        await exchange(await connected(url, atLeast(TlsProtocol.TLS_V_1_2), ws));
      });

      it('is 1.2 if it is none of the four numbers', async (t) => {
        const url = await serve(t, counterpart, '1.2');
        await exchange(await connected(url, atLeast(TlsProtocol.TLS_V_1_2)));
        for (const other of counterpart === SERVERS[0]
          ? [undefined, null, 4, -1, 2.5, NaN, '3', {}]
          : []) {
          const ws = await connected(url, atLeast(other));
          assert.equal(ws.stats().tlsVersion, 'TLSv1.2');
          await exchange(ws);
        }
      });

      it('lets no TLS 1.1 pass, whatever it is', async (t) => {
        for (const lowest of [undefined, TlsProtocol.TLS_V_1_0, TlsProtocol.TLS_V_1_1]) {
          const { ws, error } = await failure(await serve(t, counterpart, '1.1'), {
            ...atLeast(lowest),
            skipServerCertVerification: true,
          });
          assert.equal(error.cause, 'tls', error.message);
          assert.match(error.message, /versions? of TLS/);
          await assertUsable(t, ws);
        }
      });
    });
  }
});
