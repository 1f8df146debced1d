// Names that nobody resolves: the name server never answers.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import webSocket from 'arkws';
import { next } from '../../npm/test/events.mjs';
import { assertUsable, failure } from '../client.mjs';

describe('a name server that never answers', { timeout: 60_000 }, () => {
  const lookup = () => {};

  it('ends an attempt after connectTimeout, and the error says that it was the name', async (t) => {
    for (const [proxy, name] of [
      ['no-proxy', 'name.test:80'],
      [{ host: 'proxy.test', port: 3128, exclusionList: [] }, 'proxy.test:3128'],
    ]) {
      const { ws, error } = await failure('ws://name.test', { lookup, proxy, connectTimeout: 100 });
      assert.equal(error.cause, 'timeout');
      assert.match(
        error.message,
        new RegExp(`${name}: looking the name up took longer than 100ms`),
      );
      assert.match(error.message, /connectTimeout/);
      await assertUsable(t, ws);
    }
  });

  it('holds no close up', async () => {
    const ws = webSocket.createWebSocket();
    ws.on('error', () => assert.fail());
    const closed = next(ws, 'close');
    await ws.connect('ws://name.test', { lookup, proxy: 'no-proxy' });
    assert.equal(await ws.close(), true);
    assert.equal((await closed)[1].code, 1000);
  });
});
