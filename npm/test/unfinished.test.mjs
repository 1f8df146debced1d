// Incomplete messages: the memory that they may take together is one thread's, not the process's.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { request } from './handshake.mjs';
import { frame } from './one-packet.mjs';
import { running } from './servers.mjs';

const MIB = 1 << 20;
/** More than half of what a thread's incomplete messages may take. */
const FRAGMENT = 140 * MIB;
const LIMIT = { maxMessageSize: 256 * MIB };

/** A frame of a client, masked with 0. */
const masked = (bytes) => Buffer.concat([Buffer.from(bytes), Buffer.alloc(4)]);
const PING = masked([0x89, 0x80]);
const PONG = frame(10, '');
const [PONG_HEADER] = PONG;

/** A client that speaks for itself. */
async function rawClient(t, port) {
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  const chunks = socket.iterator({ destroyOnReturn: false });
  let bytes = Buffer.alloc(0);
  /** The next bytes, up to and with `end`; what came, if the connection ended. */
  const until = async (end) => {
    for (;;) {
      const found = bytes.indexOf(end);
      if (found >= 0) break;
      const { value, done } = await chunks.next();
      if (done) return bytes;
      bytes = Buffer.concat([bytes, value]);
    }
    const length = bytes.indexOf(end) + end.length;
    const taken = bytes.subarray(0, length);
    bytes = bytes.subarray(length);
    return taken;
  };
  socket.write(request('Host: localhost'));
  await until('\r\n\r\n');
  return {
    /** Begins a long message. */
    begin() {
      const header = masked([0x02, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]);
      header.writeBigUInt64BE(BigInt(FRAGMENT), 2);
      socket.write(header);
      const zeros = Buffer.alloc(MIB);
      for (let sent = 0; sent < FRAGMENT; sent += MIB) socket.write(zeros);
    },
    /** Whether it is still served, once all was read that it has sent. */
    async isServed() {
      socket.write(PING);
      const [header] = await until(PONG);
      return header === PONG_HEADER;
    },
  };
}

/** Two clients begin long messages, one behind the other; which of them are still served. */
async function bothBegin(t, ports) {
  const clients = await Promise.all(ports.map((port) => rawClient(t, port)));
  for (const client of clients) {
    client.begin();
    await client.isServed();
  }
  return Promise.all(clients.map((client) => client.isServed()));
}

describe('incomplete messages', { timeout: 60_000 }, () => {
  it('of all objects of a thread share 256 MiB', async (t) => {
    const [first, second] = [await running(t, LIMIT), await running(t, LIMIT)];
    const errors = [];
    for (const { server } of [first, second]) server.on('error', ({ cause }) => errors.push(cause));
    const served = await bothBegin(t, [first.port, second.port]);
    assert.equal(served.filter(Boolean).length, 1);
    assert.deepEqual(errors, ['too-big']);
  });

  it('of one thread do not close a connection of another', async (t) => {
    const { port } = await running(t, LIMIT);
    const worker = new Worker(
      `const { createRequire } = require('node:module');
       const { parentPort, workerData } = require('node:worker_threads');
       const server = createRequire(workerData.here)('arkws').createWebSocketServer();
       server
         .start({ ...workerData.limit, serverIP: '127.0.0.1', serverPort: 0 })
         .then(() => parentPort.postMessage(server.listAddress().port));`,
      { eval: true, workerData: { here: import.meta.url, limit: LIMIT } },
    );
    t.after(() => worker.terminate());
    const [other] = await once(worker, 'message');
    assert.deepEqual(await bothBegin(t, [port, other]), [true, true]);
  });
});
