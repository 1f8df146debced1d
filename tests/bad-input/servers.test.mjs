// Servers that are not there, do not answer, or answer something else.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { acceptance, onRequest } from '../../npm/test/handshake.mjs';
import { listen } from '../../npm/test/servers.mjs';
import { assertUsable, failure } from '../client.mjs';
import { answering } from './support.mjs';

/** The attempt fails with this cause and message, and the object stays usable. */
async function assertFails(t, url, options, { cause, message, data = '0' }) {
  const { ws, error } = await failure(url, options);
  assert.equal(error.cause, cause, error.message);
  assert.match(error.message, message);
  assert.match(error.message, /^Websocket connect failed: /);
  assert.equal(error.data, data);
  await assertUsable(t, ws);
}

describe('a server that is not there', { timeout: 60_000 }, () => {
  it('refuses the connection', async (t) => {
    // Given a port that was free a moment ago,
    const { address } = await listen({ after: (close) => close() }, () => {});
    await assertFails(
      t,
      `ws://${address}/`,
      {},
      { cause: 'refused', message: new RegExp(`${address}: .*refused`, 'i') },
    );
  });

  it('has a name that does not resolve', async (t) => {
    await assertFails(
      t,
      'ws://nowhere.invalid/',
      {},
      { cause: 'dns', message: /nowhere\.invalid does not resolve/ },
    );
  });
});

describe('a server that takes too long', { timeout: 60_000 }, () => {
  const tooLong = {
    cause: 'timeout',
    message: /WebSocket handshake took longer than 100ms.*handshakeTimeout/,
  };

  it('never answers', async (t) => {
    const { address } = await listen(t, () => {});
    await assertFails(t, `ws://${address}/`, { handshakeTimeout: 100 }, tooLong);
  });

  it('stops in the middle of its answer', async (t) => {
    const { address } = await listen(t, (socket) =>
      onRequest(socket, () => socket.write('HTTP/1.1 101 Swit')),
    );
    await assertFails(t, `ws://${address}/`, { handshakeTimeout: 100 }, tooLong);
  });

  it('never answers in TLS', async (t) => {
    const { address } = await listen(t, () => {});
    const message = /TLS handshake took longer than 100ms.*handshakeTimeout/;
    await assertFails(
      t,
      `wss://${address}/`,
      { handshakeTimeout: 100 },
      { cause: 'timeout', message },
    );
  });
});

describe('a server that answers something else', { timeout: 60_000 }, () => {
  const head = (status, ...fields) =>
    `HTTP/1.1 ${[status, ...fields].join('\r\n')}\r\nContent-Length: 0\r\n\r\n`;

  for (const [status, data] of [
    ['200 OK', '200'],
    ['204 No Content', '204'],
    ['403 Forbidden', '403'],
    ['404 Not Found', '404'],
    ['500 Internal Server Error', '500'],
  ]) {
    it(`answers ${status}`, async (t) => {
      const address = await answering(t, head(status));
      await assertFails(
        t,
        `ws://${address}/`,
        {},
        { cause: 'handshake', message: new RegExp(`answered ${data}`), data },
      );
    });
  }

  it('redirects without saying where to', async (t) => {
    const address = await answering(t, head('301 Moved Permanently'));
    await assertFails(
      t,
      `ws://${address}/`,
      {},
      { cause: 'handshake', message: /answered 301/, data: '301' },
    );
  });

  it('redirects in circles', async (t) => {
    const address = await answering(t, head('301 Moved Permanently', 'Location: /again'));
    await assertFails(
      t,
      `ws://${address}/`,
      {},
      { cause: 'redirect', message: /more than 4 redirects.*\(the option maxRedirects / },
    );
  });

  it('redirects somebody who follows none', async (t) => {
    const address = await answering(t, head('301 Moved Permanently', 'Location: /again'));
    const refused = { cause: 'handshake', message: /answered 301/, data: '301' };
    await assertFails(t, `ws://${address}/`, { maxRedirects: 0 }, refused);
  });

  it('redirects to a scheme that is none of ours', async (t) => {
    const address = await answering(t, head('302 Found', 'Location: ftp://127.0.0.1/'));
    await assertFails(
      t,
      `ws://${address}/`,
      {},
      { cause: 'redirect', message: /Location cannot be followed.*ftp/ },
    );
  });

  it('answers 101 with the wrong proof', async (t) => {
    const wrong = (request) =>
      acceptance(request).replace(/Accept: .*/, 'Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=');
    const address = await answering(t, wrong);
    await assertFails(
      t,
      `ws://${address}/`,
      {},
      { cause: 'handshake', message: /Sec-WebSocket-Accept does not match/ },
    );
  });

  it('answers 101 without a proof', async (t) => {
    const address = await answering(t, (request) =>
      acceptance(request).replace(/Sec-WebSocket-Accept: .*\r\n/, ''),
    );
    await assertFails(
      t,
      `ws://${address}/`,
      {},
      { cause: 'handshake', message: /Sec-WebSocket-Accept/ },
    );
  });

  it('answers 101 without an upgrade', async (t) => {
    const address = await answering(t, (request) =>
      acceptance(request).replace(/Upgrade: .*\r\n/, ''),
    );
    await assertFails(
      t,
      `ws://${address}/`,
      {},
      { cause: 'handshake', message: /Upgrade field must be "websocket"/ },
    );
  });

  it('chooses an extension that was not offered', async (t) => {
    const address = await answering(t, (request) =>
      acceptance(request).replace(
        /\r\n\r\n$/,
        '\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n',
      ),
    );
    await assertFails(
      t,
      `ws://${address}/`,
      {},
      { cause: 'handshake', message: /permessage-deflate.*not offered/ },
    );
  });

  it('chooses a sub-protocol that was not offered', async (t) => {
    const address = await answering(t, (request) =>
      acceptance(request).replace(/\r\n\r\n$/, '\r\nSec-WebSocket-Protocol: chat\r\n\r\n'),
    );
    await assertFails(
      t,
      `ws://${address}/`,
      {},
      { cause: 'handshake', message: /sub-protocol.*not offered/ },
    );
  });

  it('sends garbage', async (t) => {
    const { address } = await listen(t, (socket) =>
      socket.end(Buffer.from(Array.from({ length: 512 }, (_, i) => (i * 151) & 255))),
    );
    await assertFails(t, `ws://${address}/`, {}, { cause: 'handshake', message: /not HTTP/ });
  });

  it('sends a head without end', async (t) => {
    const { address } = await listen(t, (socket) =>
      onRequest(socket, () => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\n');
        const more = () => {
          while (!socket.destroyed && socket.write(`x-${'a'.repeat(100)}: b\r\n`));
        };
        socket.on('drain', more);
        more();
      }),
    );
    await assertFails(t, `ws://${address}/`, {}, { cause: 'handshake', message: /limit/ });
  });

  it('ends the connection instead', async (t) => {
    const { address } = await listen(t, (socket) => onRequest(socket, () => socket.destroy()));
    await assertFails(
      t,
      `ws://${address}/`,
      {},
      { cause: 'reset', message: /ended the connection before it answered/ },
    );
  });

  it('ends the connection in the middle of its answer', async (t) => {
    const address = await answering(t, 'HTTP/1.1 101 Switching Pro');
    await assertFails(
      t,
      `ws://${address}/`,
      {},
      { cause: 'reset', message: /ended the connection before it answered/ },
    );
  });
});
