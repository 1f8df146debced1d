// What has been done to others with the opening handshake: requests that mean two things, or cost
// more than they are long, and a refusal that looks like an answer.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import arkws from 'arkws';
import { next } from './events.mjs';
import { acceptance, request } from './handshake.mjs';
import { listen, running } from './servers.mjs';

const head = request('Host: a');

/** What a server answers to this, up to its end of the connection. */
async function answerTo(t, pieces) {
  const { server, port } = await running(t);
  server.on('error', () => {});
  const socket = connect(port, '127.0.0.1');
  socket.setNoDelay(true);
  socket.on('error', () => {});
  t.after(() => socket.destroy());
  const sending = (async () => {
    for (const piece of pieces) {
      if (!socket.writable) return;
      await new Promise((resolve) => socket.write(piece, resolve));
    }
  })();
  let answer = '';
  for await (const bytes of socket) answer += bytes.toString('latin1');
  await sending;
  return answer;
}

describe('a request of an attacker', () => {
  const REQUESTS = {
    'has a target of another host than its field': head.replace(' / ', ' http://b/ '),
    'has two hosts': request('Host: a', 'Host: b'),
    'has a sub-protocol of bytes beyond ASCII': request(
      'Host: a',
      'Sec-WebSocket-Protocol: gr\u00fc\u00df',
    ),
    'has spaces without end in its sub-protocols': request(
      'Host: a',
      `Sec-WebSocket-Protocol: a${' '.repeat(8000)}b`,
    ),
    'has a length and chunks': request(
      'Host: a',
      'Content-Length: 5',
      'Transfer-Encoding: chunked',
    ),
    'has its upgrade behind more fields than the limit': request(
      'Host: a',
      ...Array(200).fill('X: y'),
    ),
  };
  for (const [what, sent] of Object.entries(REQUESTS)) {
    it(`is refused if it ${what}`, async (t) => {
      assert.match(await answerTo(t, [Buffer.from(sent, 'latin1')]), /^HTTP\/1\.1 4\d\d /);
    });
  }

  it('is refused if its head has no end, in the smallest of pieces', async (t) => {
    const pieces = [head.slice(0, -2), 'X: ', ...Array(20_000).fill('y')];
    assert.match(await answerTo(t, pieces), /^HTTP\/1\.1 431 /);
  });
});

describe('an answer of an attacker', () => {
  for (const status of ['403 Forbidden', '200 OK', '100 Continue']) {
    it(`is none if it is a ${status} with the fields of an upgrade`, async (t) => {
      const { port } = await listen(t, (socket) => {
        socket.on('error', () => {});
        socket.once('data', (asked) => {
          const answer = acceptance(asked).replace('101 Switching Protocols', status);
          socket.end(answer);
        });
      });
      const ws = arkws.createWebSocket();
      ws.on('open', () => assert.fail('it is open'));
      const failed = next(ws, 'error');
      await ws.connect(`ws://127.0.0.1:${port}`);
      const [error] = await failed;
      assert.equal(error.code, 200);
    });
  }
});
