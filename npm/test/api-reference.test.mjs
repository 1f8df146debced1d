// Every example of the API reference, run as it stands and, since it leaves the address out,
// against a server too.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { serve } from './servers.mjs';
import { arkwsRun, examples, folder } from './support.mjs';

/** The rest of the one line that begins with `prefix`, as JSON. */
function json(lines, prefix) {
  const line = lines.find((line) => line.startsWith(prefix));
  assert.ok(line, `no line begins with '${prefix}' in:\n${lines.join('\n')}`);
  return JSON.parse(line.slice(prefix.length));
}

// `"ws://"`, the examples' address, is no address: the call fails and the `error` event says so
// too.
const noAddress = (prefix) => (lines) => {
  const error = json(lines, prefix);
  assert.equal(error.code, -1);
  assert.match(error.message, /^Websocket connect failed: /);
  assert.equal(lines.length, 1);
};
const notConnected = (prefix, code) => (lines) => {
  const error = json(lines, prefix);
  assert.equal(error.code, code);
  assert.match(error.message, /^Websocket Unknown Other Error/);
  assert.equal(lines.length, 1);
};
const prints =
  (...expected) =>
  (lines) =>
    assert.deepEqual(lines, expected);

/** Puts a real address where the example has none. */
const addressed = (text, url) => text.replace('"ws://"', JSON.stringify(url));
/** Connects at the end of an example that only listens. */
const connected = (text, url) => `${text}ws.connect(${JSON.stringify(url)});\n`;
/** Is connected when the example closes. */
const open = (text, url) => {
  const opening = `ws.connect(${JSON.stringify(url)});\nawait new Promise((opened) => ws.on('open', opened));\n`;
  return text.replace(/^.*ws\.close\(/m, `${opening}$&`);
};

/** What the server does with a connection. */
const hangUp = (socket) => socket.close(1000);
const hangUpAfterMessage = (socket) =>
  socket.on('message', (data) => {
    assert.equal(String(data), 'Hello, server!');
    socket.close(1000);
  });
const answer = (socket) =>
  socket.on('message', (data) => {
    socket.send(`you said: ${data}`);
    socket.send('bye');
  });
const speak = (socket) => {
  socket.send('Hello, client!');
  socket.close(4001, 'that was all');
};

const EXAMPLES = {
  '01-import': { alone: prints() },
  '02-complete': {
    alone(lines) {
      assert.equal(json(lines, 'connect fail, err:').code, -1);
      const error = json(lines, 'on error, error:');
      assert.equal(error.code, 200);
      assert.equal(error.data, '0');
      assert.equal(lines.length, 2);
    },
    edit: addressed,
    server: answer,
    then: prints(
      'connect success',
      'send success',
      'on message, message:you said: Hello, server!',
      'on message, message:bye',
      'close success',
      'on close, code is 1000, reason is ',
    ),
  },
  '03-create-web-socket': { alone: prints() },
  '04-connect-callback': {
    alone: noAddress('connect fail, err:'),
    edit: addressed,
    server: hangUp,
    then: prints('connect success'),
  },
  '05-connect-options-callback': {
    alone: noAddress('connect fail, err:'),
    edit: addressed,
    server(socket, request) {
      assert.equal(request.headers.key, 'value');
      assert.equal(request.headers.key2, 'value2');
      socket.close(1000);
    },
    then: prints('connect success'),
  },
  '06-connect-promise': {
    alone: noAddress('connect fail, error:'),
    edit: addressed,
    server: hangUp,
    then: prints('connect success'),
  },
  '07-send-callback': {
    alone: notConnected('send fail, err:', -1),
    edit: addressed,
    server: hangUpAfterMessage,
    then: prints('send success'),
  },
  '08-send-promise': {
    alone: notConnected('send fail, error:', -1),
    edit: addressed,
    server: hangUpAfterMessage,
    then: prints('send success'),
  },
  '09-close-callback': {
    alone: notConnected('close fail, err is ', 2302999),
    edit: open,
    server: expectClose(1000, ''),
    then: prints('close success'),
  },
  '10-close-options-callback': {
    alone: notConnected('close fail, err is ', 2302999),
    edit: open,
    server: expectClose(1000, 'your reason'),
    then: prints('close success'),
  },
  '11-close-promise': {
    alone: notConnected('close fail, err is ', 2302999),
    edit: open,
    server: expectClose(1000, ''),
    then: prints('close success'),
  },
  '12-on-open': {
    alone: prints(),
    edit: connected,
    server: speak,
    then: prints('on open, status:101, message:Switching Protocols'),
  },
  '13-off-open': { alone: prints(), edit: connected, server: speak, then: prints() },
  '14-on-message': {
    alone: prints(),
    edit: connected,
    server: speak,
    then: prints('on message, message:Hello, client!'),
  },
  '15-off-message': { alone: prints(), edit: connected, server: speak, then: prints() },
  '16-on-close': {
    alone: prints(),
    edit: connected,
    server: speak,
    then: prints('on close, code is 4001, reason is that was all'),
  },
  '17-off-close': { alone: prints(), edit: connected, server: speak, then: prints() },
  '18-on-error': {
    alone: prints(),
    edit: connected,
    refused: true,
    then(lines) {
      const error = json(lines, 'on error, error:');
      assert.equal(error.code, 200);
      assert.equal(error.data, '404');
      assert.equal(error.cause, 'handshake');
      assert.equal(lines.length, 1);
    },
  },
  '19-off-error': { alone: prints(), edit: connected, refused: true, then: prints() },
};

function expectClose(code, reason) {
  return (socket) =>
    socket.on('close', (actualCode, actualReason) =>
      assert.deepEqual([actualCode, String(actualReason)], [code, reason]),
    );
}

/** A server that knows nothing of WebSockets. */
async function refuse(t) {
  const server = createServer((_request, response) => response.writeHead(404).end());
  server.on('upgrade', (_request, socket) =>
    socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return `ws://127.0.0.1:${server.address().port}`;
}

// Nearly all that takes time is the start of a process for each example.
describe('the API reference', { concurrency: 4 }, () => {
  const source = join(examples, 'api-reference');
  let cwd;
  before(async () => (cwd = await folder()));

  async function run(name, text) {
    await writeFile(join(cwd, `${name}.ets`), text);
    const { code, signal, lines, stderr } = await arkwsRun(`${name}.ets`, [], { cwd });
    assert.deepEqual({ code, signal, stderr }, { code: 0, signal: null, stderr: '' });
    return lines;
  }

  for (const [name, { alone, edit, server, refused, then }] of Object.entries(EXAMPLES)) {
    it(`${name} does what it says as it stands`, async () => {
      alone(await run(name, await readFile(join(source, `${name}.ets`), 'utf8')));
    });
    if (then) {
      it(`${name} does what it says with a server`, async (t) => {
        const failures = [];
        const url = refused
          ? await refuse(t)
          : await serve(t, (socket, request) => {
              socket.on('error', (error) => failures.push(error));
              server(socket, request);
            });
        const text = await readFile(join(source, `${name}.ets`), 'utf8');
        const edited = edit(text, url);
        assert.notEqual(edited, text);
        then(await run(`${name}-with-server`, edited));
        assert.deepEqual(failures, []);
      });
    }
  }

  it('is tested whole', async () => {
    assert.deepEqual(
      (await readdir(source)).sort(),
      Object.keys(EXAMPLES).map((name) => `${name}.ets`),
    );
  });
});

describe("the documentation's complete example", () => {
  it('talks to a server until the server says bye', async (t) => {
    const url = await serve(t, answer);
    const { lines, stderr, code } = await arkwsRun(join(examples, 'documentation.ets'), [url]);
    assert.deepEqual(
      lines,
      [
        'connect success',
        'on open, value:{"status":101,"message":"Switching Protocols"}',
        'send success',
        'on message, message:you said: Hello, server!',
        'on message, message:bye',
        'close success',
        'on close, code is 1000, reason is ',
      ],
      stderr,
    );
    assert.equal(code, 0);
  });
});
