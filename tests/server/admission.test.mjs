// Who may come in: the limits, the flood rule, and what the program says.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, it } from 'node:test';
import WebSocket from 'ws';
import webSocket from 'arkws';
import { connected, next } from '../../npm/test/events.mjs';
import { running } from '../../npm/test/servers.mjs';
import { join, refusal } from './support.mjs';

describe('the limits', { timeout: 60_000 }, () => {
  for (const [config, most] of [
    [{}, 10],
    [{ maxConnectionsForOneClient: 3 }, 3],
    [{ maxConnectionsForOneClient: 1 }, 1],
  ]) {
    it(`let one address have ${most} connections with ${JSON.stringify(config)}, and refuse the next with 503`, async (t) => {
      const { server, url } = await running(t, config);
      const clients = [];
      for (let i = 0; i < most; i++) clients.push(await join(t, url));
      const reported = next(server, 'error');
      const { status, body } = await refusal(url);
      assert.equal(status, 503);
      assert.match(
        body,
        new RegExp(`too many connections: .* ${most} at a time \\(maxConnectionsForOneClient\\)`),
      );
      const [error] = await reported;
      assert.equal(error.code, 200);
      assert.equal(error.cause, 'limit');
      assert.match(error.message, /127\.0\.0\.1:\d+ was not let in: .*maxConnectionsForOneClient/);
      assert.equal(server.listAllConnections().length, most);

      // When one goes, another may come.
      const closed = next(server, 'close');
      clients[0].close();
      await closed;
      await join(t, url);
    });
  }

  it('hold for the number of addresses, each of which may have several connections', async (t) => {
    const { server, url } = await running(t, { maxConcurrentClientsNumber: 2 });
    const from = (localAddress) => join(t, url, { localAddress });
    const first = await from('127.0.0.1');
    await from('127.0.0.2');
    await from('127.0.0.2');
    const { status, body } = await refusal(url, { localAddress: '127.0.0.3' });
    assert.equal(status, 503);
    assert.match(body, /2 client address\(es\) at a time \(maxConcurrentClientsNumber\)/);
    const closed = next(server, 'close');
    first.close();
    await closed;
    await from('127.0.0.3');
    const addresses = server.listAllConnections().map(({ clientIP }) => clientIP);
    assert.deepEqual(addresses, ['127.0.0.2', '127.0.0.2', '127.0.0.3']);
  });

  it('hold for opening handshakes that wait for the program: the next is told so', async (t) => {
    const { server, url } = await running(t, { limits: { handshakes: 1 } }, (server) =>
      server.on('request', () => new Promise(() => {})),
    );
    const asked = next(server, 'request');
    const first = new WebSocket(url);
    t.after(() => first.terminate());
    first.on('error', () => {});
    await asked;
    const reported = next(server, 'error');
    const { status, body } = await refusal(url);
    assert.equal(status, 503);
    assert.match(body, /\(limits\.handshakes\)$/);
    const [error] = await reported;
    assert.equal(error.cause, 'limit');
    assert.equal(first.readyState, first.CONNECTING);
  });

  it('of 0 let nobody in', async (t) => {
    for (const config of [{ maxConcurrentClientsNumber: 0 }, { maxConnectionsForOneClient: 0 }]) {
      const { url } = await running(t, config);
      assert.equal((await refusal(url)).status, 503);
    }
  });

  it('reach our own client as an error with the status', async (t) => {
    const { url } = await running(t, { maxConnectionsForOneClient: 1 });
    await connected(url);
    const outside = webSocket.createWebSocket();
    const failed = next(outside, 'error');
    await outside.connect(url);
    const [{ code, data, cause }] = await failed;
    assert.deepEqual({ code, data, cause }, { code: 200, data: '503', cause: 'handshake' });
  });
});

describe('limits of the program', { timeout: 60_000 }, () => {
  it("are none with 'none': 1,000 clients of one address that come at once are served", async (t) => {
    const { server, url } = await running(t, { limits: 'none' }, (server) =>
      server.on('messageReceive', ({ data, clientConnection }) =>
        server.send(data, clientConnection),
      ),
    );
    const clients = await Promise.all(Array.from({ length: 1000 }, () => join(t, url)));
    assert.equal(server.listAllConnections().length, 1000);
    clients.forEach((client, k) => client.send(String(k)));
    const echoes = await Promise.all(clients.map((client) => client.take()));
    assert.deepEqual(
      echoes,
      clients.map((_, k) => String(k)),
    );
  });

  for (const [limits, others, words] of [
    [{ connections: 3 }, '127.0.0.2', /serves 3 connection\(s\) at a time \(limits\.connections\)/],
    [{ perAddress: 3 }, '127.0.0.1', /address may have 3 at a time \(limits\.perAddress\)/],
  ]) {
    it(`are ${JSON.stringify(limits)}: 503 for the next, which is told why`, async (t) => {
      const { server, url } = await running(t, { limits });
      const clients = [];
      for (let k = 0; k < 3; k++) clients.push(await join(t, url));
      const reported = next(server, 'error');
      const { status, body } = await refusal(url, { localAddress: others });
      assert.equal(status, 503);
      assert.match(body, words);
      const [error] = await reported;
      assert.equal(error.cause, 'limit');
      assert.match(error.message, words);
      const closed = next(server, 'close');
      clients[0].close();
      await closed;
      await join(t, url, { localAddress: others });
    });
  }

  it('count attempts as the program says, more than the platform or fewer', async (t) => {
    const come = async ({ server, url }) => {
      const left = next(server, 'close');
      (await join(t, url)).terminate();
      await left;
    };
    const few = await running(t, { limits: { attemptsPerMinute: 2 } });
    await come(few);
    await come(few);
    const reported = next(few.server, 'error');
    const { status, headers, body } = await refusal(few.url);
    assert.equal(status, 503);
    assert.match(body, /attempts: 2 are allowed within 60 s \(limits\.attemptsPerMinute\)/);
    assert.ok(Number(headers['retry-after']) > 0);
    assert.equal((await reported)[0].cause, 'flood');
    await join(t, few.url, { localAddress: '127.0.0.2' });

    for (const limits of ['none', {}, { attemptsPerMinute: 60 }]) {
      const many = await running(t, { limits });
      for (let k = 0; k < 55; k++) await come(many);
    }
  });

  it('bound the opening handshakes: the oldest makes room, and is named', async (t) => {
    const { server, url, port } = await running(t, { limits: { handshakes: 2 } });
    const reported = next(server, 'error');
    let ended;
    for (let k = 0; k < 3; k++) {
      const socket = connect(port, '127.0.0.1');
      t.after(() => socket.destroy());
      ended ??= once(socket.resume(), 'end');
      await once(socket, 'connect');
    }
    await ended;
    const [error] = await reported;
    assert.equal(error.cause, 'limit');
    assert.match(error.message, /this was the oldest \(limits\.handshakes\)/);
    await join(t, url);
  });
});

describe('the flood rule', { timeout: 60_000 }, () => {
  it('lets 51 attempts of one address pass and refuses the 52nd, on this server only', async (t) => {
    const { server, url } = await running(t);
    const other = await running(t);
    for (let attempt = 1; attempt <= 51; attempt++) {
      const left = next(server, 'close');
      (await join(t, url)).terminate();
      await left;
    }
    const reported = next(server, 'error');
    const { status, headers, body } = await refusal(url);
    assert.equal(status, 503);
    assert.match(body, /too many attempts: 51 are allowed within 60 s/);
    assert.ok(Number(headers['retry-after']) > 0 && Number(headers['retry-after']) <= 60);
    assert.equal((await reported)[0].cause, 'flood');
    // Another address, another server: not concerned.
    await join(t, url, { localAddress: '127.0.0.2' });
    await join(t, other.url);
  });
});

describe('a request', { timeout: 60_000 }, () => {
  it('is seen with its path, its header fields and its address', async (t) => {
    const { server, url } = await running(t, {}, (server) =>
      server.on('request', (request) => asked.push(request)),
    );
    const asked = [];
    const client = await join(t, `${url}/chat/%C3%A4?room=1&x=%20`, {
      headers: { 'X-Token': 'secret', 'X-Many': ['a', 'b'] },
      origin: 'https://example.org',
    });
    const [{ path, headers, connection }] = asked;
    assert.equal(path, '/chat/%C3%A4?room=1&x=%20');
    assert.equal(headers['x-token'], 'secret');
    assert.deepEqual(headers['x-many'], ['a', 'b']);
    assert.equal(headers.origin, 'https://example.org');
    assert.equal(headers.upgrade, 'websocket');
    assert.deepEqual({ ...connection }, client.connection);
    assert.deepEqual(server.listAllConnections().length, 1);
  });

  it('is refused with a status and a reason, and does not become a connection', async (t) => {
    const { server, url } = await running(t, {}, (server) => {
      server.on('connect', () => assert.fail());
      server.on('request', (request) => {
        if (request.headers.origin === 'https://example.org') request.refuse(401);
        else request.refuse(403, 'not from there');
      });
    });
    const forbidden = await refusal(url, { origin: 'https://example.com' });
    assert.equal(forbidden.status, 403);
    assert.match(forbidden.body, /not from there/);
    assert.equal((await refusal(url, { origin: 'https://example.org' })).status, 401);
    assert.deepEqual([...server.listAllConnections()], []);
  });

  it('waits for a decision that takes its time, and others do not wait for it', async (t) => {
    let decide;
    const decision = new Promise((resolve) => (decide = resolve));
    const { server, url } = await running(t, {}, (server) =>
      server.on('request', async (request) => {
        if (request.path === '/now') return;
        if (!(await decision).includes(request.path)) request.refuse(404);
      }),
    );
    const [good, bad] = [join(t, `${url}/good`), refusal(`${url}/bad`)];
    await join(t, `${url}/now`);
    assert.equal(server.listAllConnections().length, 1);
    decide(['/good']);
    await good;
    assert.equal((await bad).status, 404);
    assert.equal(server.listAllConnections().length, 2);
  });

  it('comes in only if every listener agrees', async (t) => {
    const { url } = await running(t, {}, (server) => {
      server.on('request', async (request) => {
        await sleep(10);
        if (request.path === '/first') request.refuse(410);
      });
      server.on('request', (request) => request.path === '/second' && request.refuse(411));
    });
    assert.equal((await refusal(`${url}/first`)).status, 410);
    assert.equal((await refusal(`${url}/second`)).status, 411);
    await join(t, url);
  });

  it('is seen by a listener that was added after the start, and by none after the last was removed', async (t) => {
    const { server, url } = await running(t);
    const refuse = (request) => request.refuse(403);
    server.on('request', refuse);
    assert.equal((await refusal(url)).status, 403);
    server.off('request', refuse);
    await join(t, url);
  });

  it('of a page whose origin is not allowed is refused with 403 before a listener sees it', async (t) => {
    const asked = [];
    const config = { allowedOrigins: ['https://example.org', 'http://*.local:3000', 'null'] };
    const { server, url } = await running(t, config, (server) =>
      server.on('request', ({ headers }) => asked.push(headers.origin)),
    );
    for (const origin of [
      'https://example.org:8443',
      'http://a.local',
      'https://example.org.evil.net',
      'file://',
    ]) {
      const reported = next(server, 'error');
      const { status, body } = await refusal(url, { origin });
      assert.equal(status, 403);
      assert.match(body, /this origin is not allowed/);
      assert.match((await reported)[0].message, /was not let in: this origin is not allowed/);
    }
    const allowed = ['HTTPS://Example.org:443', 'http://a.local:3000', 'null', undefined];
    for (const origin of allowed) await join(t, url, { origin });
    assert.deepEqual(asked, allowed);
  });

  it('that is not answered in time is refused with 503', async (t) => {
    const { server, url } = await running(t, { requestTimeout: 100 }, (server) =>
      server.on('request', () => new Promise(() => {})),
    );
    const reported = next(server, 'error');
    assert.equal((await refusal(url)).status, 503);
    assert.match(
      (await reported)[0].message,
      /not answered by the program within 100ms \(the option requestTimeout/,
    );
  });

  it('of a listener that throws, at once or later, gets 500, and the exception is not lost', async (t) => {
    const thrown = [];
    const { url } = await running(t, {}, (server) =>
      server.on('request', (request) => {
        if (request.path === '/now') throw new Error('/now');
        return Promise.reject(new Error('/later'));
      }),
    );
    // The test runner listens as well, and would take the exceptions for failures of the test.
    const others = process.listeners('uncaughtException');
    process
      .removeAllListeners('uncaughtException')
      .on('uncaughtException', ({ message }) => thrown.push(message));
    try {
      assert.equal((await refusal(`${url}/now`)).status, 500);
      assert.equal((await refusal(`${url}/later`)).status, 500);
    } finally {
      process.removeAllListeners('uncaughtException');
      for (const listener of others) process.on('uncaughtException', listener);
    }
    assert.deepEqual(thrown, ['/now', '/later']);
  });

  it('cannot be refused with what is not an error status', async (t) => {
    const { url } = await running(t, {}, (server) =>
      server.on('request', (request) => {
        for (const args of [[200], [302], [399], [600], ['403'], [], [403.5], [403, 1]]) {
          assert.throws(() => request.refuse(...args), { code: 401 });
        }
        request.refuse(418, 'a reason\r\nx-injected: yes');
      }),
    );
    const { status, headers } = await refusal(url);
    assert.equal(status, 418);
    assert.equal(headers['x-injected'], undefined);
  });
});
