// ARKWS_LOG=debug: every line says which connection it is about.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { listen } from './servers.mjs';
import { folder, node } from './support.mjs';

/** The port of a server made by hand that answers what is asked, and ends. */
async function answering(t, answer) {
  const { port } = await listen(t, (socket) =>
    socket.once('data', (request) => socket.end(answer(String(request)))),
  );
  return port;
}

/** The log of a program at a level, line by line, without the times. */
async function logged(body, level = 'debug') {
  const cwd = await folder({ 'main.mjs': `import webSocket from 'arkws';\n${body}` });
  const { code, stderr, stdout } = await node(['main.mjs'], {
    cwd,
    env: { ARKWS_LOG: level, no_proxy: '*' },
  });
  assert.equal(code, 0, stderr);
  const lines = stderr.split('\n').slice(0, -1);
  return { lines: lines.map((line) => line.replace(/^\S+Z\s+/, '')), stdout };
}

/** A connection by number, and who is at its other end; of a server, also which. */
const CLIENT = /^DEBUG client\{number=(\d+) to="(wss?:\/\/[^"]+)"\}:/;
const PEER =
  /^DEBUG server\{address=127\.0\.0\.1:\d+\}:client\{number=(\d+) peer=127\.0\.0\.1:\d+\}: /;
/** Of a program, and not of a connection. */
const PROGRAM = /^DEBUG arkws: API level level=26 /;
const SERVER = /^DEBUG arkws: server (listening|stopped) address=127\.0\.0\.1:\d+/;

const ATTEMPTS = `
  /** One connect to its end. */
  async function attempt(url, options = {}, opened = (ws) => ws.close()) {
    const ws = webSocket.createWebSocket();
    await new Promise((over) => {
      ws.on('open', () => opened(ws));
      ws.on('message', () => ws.close());
      ws.on('reconnecting', ({ attempt }) => attempt === 2 && ws.close());
      ws.on('error', over);
      ws.on('close', over);
      ws.connect(url, options);
    });
  }`;

describe('ARKWS_LOG=debug', () => {
  it('names the connection in every line, of clients', async (t) => {
    const ports = {
      refuses: await answering(t, () => 'HTTP/1.1 403 No\r\n\r\n'),
      redirects: await answering(
        t,
        () => 'HTTP/1.1 302 F\r\nLocation: ws://127.0.0.1:9/?token=s3cret\r\n\r\n',
      ),
      babbles: await answering(t, () => 'what?\r\n\r\n'),
      vanishes: await answering(t, () => ''),
    };
    const { lines } = await logged(`${ATTEMPTS}
      const server = webSocket.createWebSocketServer();
      await server.start({ serverIP: '127.0.0.1', serverPort: 0 });
      const { port } = server.listAddress();
      const url = (port) => 'ws://127.0.0.1:' + port + '/?token=s3cret';
      await attempt(url(port));
      await attempt(url(port), {}, (ws) => ws.send('x').then(() => ws.close()));
      await server.stop();
      for (const port of [9, ${Object.values(ports)}]) await attempt(url(port));
      for (const port of [9, ${ports.babbles}]) await attempt(url(port).replace('ws:', 'wss:'));
      await attempt(url(${ports.vanishes}), { reconnect: { initialDelay: 1 } });
      const proxy = (port) => ({ proxy: { host: '127.0.0.1', port, exclusionList: [] } });
      await attempt(url(9), proxy(${ports.refuses}));
      await attempt(url(9), proxy(9));`);
    const ours = lines.filter((line) => ![SERVER, PEER, PROGRAM].some((other) => other.test(line)));
    for (const line of ours) assert.match(line, CLIENT);
    const numbers = new Map();
    for (const line of ours) {
      const [, number, to] = CLIENT.exec(line);
      numbers.set(number, (numbers.get(number) ?? new Set()).add(to));
    }
    // Each number is one connect, and has one name.
    assert.ok(numbers.size >= 9, `${numbers.size} connects have lines`);
    for (const names of numbers.values()) assert.equal(names.size, 1);
    for (const words of [
      'connection open',
      'connection ended',
      'TCP attempt failed',
      'redirected',
      'reconnecting',
    ]) {
      assert.ok(
        ours.some((line) => line.includes(words)),
        `${words} in\n${ours.join('\n')}`,
      );
    }
    assert.doesNotMatch(lines.join('\n'), /s3cret/);
  });

  it('names the client and the server in every line, of servers', async () => {
    const { lines } = await logged(`${ATTEMPTS}
      import { connect } from 'node:net';
      import { once } from 'node:events';
      const server = webSocket.createWebSocketServer();
      server.on('request', ({ path, refuse }) => path === '/no' && refuse(403, 'no'));
      server.on('messageReceive', ({ data, clientConnection: c }) => server.send(data, c));
      server.on('error', () => {});
      await server.start({ serverIP: '127.0.0.1', serverPort: 0, maxMessageSize: 10 });
      const url = 'ws://127.0.0.1:' + server.listAddress().port;
      await attempt(url);
      await attempt(url, {}, (ws) => ws.send('x'));
      await attempt(url, {}, (ws) => ws.send('x'.repeat(11)));
      await attempt(url + '/no');
      for (const bytes of ['what?\\r\\n\\r\\n', 'GET / HTTP/1.1\\r\\n\\r\\n', '']) {
        const socket = connect(server.listAddress().port, '127.0.0.1');
        socket.on('error', () => {});
        socket.resume().end(bytes);
        await once(socket, 'close');
      }
      await server.stop();`);
    const ours = lines.filter((line) => !CLIENT.test(line) && !PROGRAM.test(line));
    for (const line of ours) assert.ok(SERVER.test(line) || PEER.test(line), line);
    const numbers = new Set(ours.map((line) => PEER.exec(line)?.[1]).filter(Boolean));
    assert.ok(numbers.size >= 6, `${numbers.size} clients have lines`);
    for (const words of [
      'connection open',
      'connection ended',
      'connection failed',
      'handshake failed',
      'handshake refused',
    ]) {
      assert.ok(
        ours.some((line) => line.includes(words)),
        `${words} in\n${ours.join('\n')}`,
      );
    }
    const all = [...numbers, ...lines.map((line) => CLIENT.exec(line)?.[1]).filter(Boolean)];
    assert.ok(new Set(all).size > numbers.size, 'clients and peers share no number');
  });
});
