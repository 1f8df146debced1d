// ARKWS_LOG, and a standard error that cannot be written: full, closed, or a pipe nobody reads.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { folder } from './support.mjs';

/** A server and a client, a message each way, and the end. */
const ECHO = `
  import webSocket from 'arkws';
  const server = webSocket.createWebSocketServer();
  server.on('messageReceive', ({ data, clientConnection }) =>
    server.send(data, clientConnection),
  );
  await server.start({ serverIP: '127.0.0.1', serverPort: 0 });
  const { port } = server.listAddress();
  const ws = webSocket.createWebSocket();
  ws.on('open', () => ws.send('there and back'));
  ws.on('error', (error) => console.log('error', error.message));
  ws.on('message', (_, data) => {
    console.log(data);
    ws.close();
  });
  ws.on('close', async (_, { code }) => {
    console.log('close', code);
    await server.stop();
    console.log('stopped');
  });
  await ws.connect('ws://127.0.0.1:' + port, { proxy: 'no-proxy' });
`;

/** Runs the echo behind a line of the shell's, which says where standard error goes. */
async function echoes(cwd, level, shell) {
  const child = spawn('sh', ['-c', shell, process.execPath, 'main.mjs'], {
    cwd,
    env: { ...process.env, ARKWS_LOG: level },
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: 30_000,
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
  const [code, signal] = await once(child, 'close');
  const ended = { code, signal, stdout };
  const wanted = { code: 0, signal: null, stdout: 'there and back\nclose 1000\nstopped\n' };
  assert.deepEqual(ended, wanted, `${shell} at ${level}`);
}

describe('a log that cannot be written', { skip: process.platform !== 'linux' }, () => {
  for (const [where, shell] of [
    ['on a device that is full', 'exec "$0" "$1" 2>/dev/full'],
    ['on a descriptor that is closed', 'exec "$0" "$1" 2>&-'],
    [
      'on a pipe that nobody reads',
      'mkfifo p && exec 3<>p 4>p 3>&- && rm p && exec "$0" "$1" 2>&4 4>&-',
    ],
  ]) {
    it(`${where} hurts no connection, at any level`, async () => {
      const cwd = await folder({ 'main.mjs': ECHO });
      for (const level of ['error', 'debug', 'trace', 'lots']) await echoes(cwd, level, shell);
    });
  }
});
