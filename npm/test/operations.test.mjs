// What the native half says by numbers: each has one name, and an unknown one is an error.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { folder, nativeModule, node } from './support.mjs';

/** Runs a program with a native module whose functions are what `change` makes of the real ones. */
async function run(change, app) {
  const cwd = await folder({
    'native.cjs': `
      const { start } = require(${JSON.stringify(nativeModule)});
      const before = [];
      exports.start = (wake, deliver, ...rest) => {
        const withMore = (...values) =>
          values.length === 0 ? deliver() : deliver(...before.splice(0), ...values);
        const functions = { ...start(wake, withMore, ...rest) };
        ${change}
        return functions;
      };
    `,
    'app.mjs': `import webSocket from 'arkws';\n${app}`,
  });
  return node(['app.mjs'], { cwd, env: { ARKWS_NATIVE: join(cwd, 'native.cjs'), no_proxy: '*' } });
}

describe('an operation', () => {
  it('that the native half does not have is an error when that is loaded', async () => {
    const { lines, stderr } = await run(
      `functions.operations = functions.operations.filter((name) => name !== 'sent');`,
      `try { webSocket.createWebSocket(); } catch ({ message }) { console.log(message); }`,
    );
    assert.equal(stderr, '');
    assert.deepEqual(lines, ["arkws: its native module has no operation 'sent'"]);
  });

  for (const create of ['createClient', 'createServer']) {
    it(`that the object of ${create} does not know is an exception, and loses no other`, async () => {
      const { lines, stderr } = await run(
        `
        const { operations, ${create}: create } = functions;
        functions.operations = [...operations, 'unheardOf'];
        functions.${create} = (...args) => {
          const object = create(...args);
          globalThis.addUnknown = () => before.push(object, operations.length, 'a value');
          return object;
        };`,
        `
        process.on('uncaughtException', ({ message }) => console.log(message));
        const server = webSocket.createWebSocketServer();
        const ws = webSocket.createWebSocket();
        server.on('messageReceive', ({ data, clientConnection }) => {
          globalThis.addUnknown();
          server.send(data, clientConnection);
        });
        ws.on('open', () => ws.send('echo'));
        ws.on('message', (_, text) => {
          console.log(text);
          ws.close();
        });
        ws.on('close', () => server.stop());
        await server.start({ serverIP: '127.0.0.1', serverPort: 0 });
        ws.connect('ws://127.0.0.1:' + server.listAddress().port);`,
      );
      assert.equal(stderr, '');
      assert.deepEqual(lines, [
        "arkws: its native module tells of 'unheardOf', which nobody knows",
        'echo',
      ]);
    });
  }
});
