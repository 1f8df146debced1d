// A program that ends while connections are open, right after it has sent on them:
// `leaving.mjs WHO HOW URL OPTIONS`.
import { once } from 'node:events';
import { readFileSync, writeSync } from 'node:fs';
import { createServer } from 'node:https';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import webSocket from 'arkws';

const [who, how, url, options] = isMainThread ? process.argv.slice(2) : workerData;
const { handedOver, carried, ...given } = JSON.parse(options);
const { connections = 5, size = 3, ca, perMessageDeflate = false, also } = given;
const bye = size === 3 ? 'bye' : 'x'.repeat(size);

const WAYS = {
  exit(send) {
    send();
    process.exit();
  },
  hook(send) {
    process.on('exit', send);
    process.exit();
  },
  /** Says when. */
  timed(send) {
    send();
    process.on('exit', () => writeSync(1, `${Date.now()}`));
    process.exit();
  },
  throw(send) {
    send();
    throw new Error('on purpose');
  },
  reject(send) {
    send();
    Promise.reject(new Error('on purpose'));
  },
  uncaught(send) {
    process.on('uncaughtException', () => {
      send();
      process.exit(1);
    });
    throw new Error('on purpose');
  },
  signal(send) {
    process.on('SIGTERM', () => {
      send();
      process.exit();
    });
    process.kill(process.pid, 'SIGTERM');
  },
  // Of a worker: its main thread does the rest.
  worker(send) {
    send();
    parentPort.postMessage('sent');
  },
};

/** A server beside one of node:https. `certificate`: where its files are, but for their ends. */
async function serveBesideHttps(certificate, config) {
  const [cert, key] = ['pem', 'key'].map((end) => readFileSync(`${certificate}.${end}`));
  const https = createServer({ cert, key }).listen(0, '127.0.0.1');
  await once(https, 'listening');
  const server = webSocket.createWebSocketServer();
  return { server, start: () => server.start({ ...config, server: https }) };
}

const WHO = {
  /** A client with several connections; `carried`, beside one whose bytes Node.js carries. */
  async clients(leave) {
    if (carried) {
      const { server, start } = await serveBesideHttps(carried);
      await start();
      const inside = webSocket.createWebSocket();
      const open = new Promise((resolve) => inside.on('open', resolve));
      const { port } = server.listAddress();
      const options = { proxy: 'no-proxy', skipServerCertVerification: true };
      await inside.connect(`wss://localhost:${port}`, options);
      await open;
    }
    const urls = also === undefined ? [url] : [url, also];
    const clients = urls.flatMap((url) =>
      Array.from({ length: connections }, () => [webSocket.createWebSocket(), url]),
    );
    const send = () => {
      for (const [client] of clients) {
        client.send(bye);
        client.send(bye);
      }
    };
    let open = 0;
    for (const [client, url] of clients) {
      client.on('open', () => {
        if (++open === clients.length) leave(send);
      });
      client.on('error', (error) => console.log(error.message));
      client.connect(url, { proxy: 'no-proxy', caPath: ca, perMessageDeflate });
    }
  },
  /** A client whose server does not answer. */
  async connecting(leave) {
    const client = webSocket.createWebSocket();
    await client.connect(url, { proxy: 'no-proxy' });
    leave(() => client.send(bye));
  },
  /** A server, once so many clients have come. */
  async server(leave) {
    const config = {
      maxConcurrentClientsNumber: 10,
      maxConnectionsForOneClient: 10,
      perMessageDeflate,
    };
    const beside = handedOver && (await serveBesideHttps(url, config));
    const server = beside?.server ?? webSocket.createWebSocketServer();
    const clients = [];
    server.on('connect', (client) => {
      clients.push(client);
      if (clients.length < connections) return;
      leave(() => {
        for (const to of clients) server.send(bye, to);
        server.broadcast(bye);
      });
    });
    const certificate = url && { serverCert: { certPath: `${url}.pem`, keyPath: `${url}.key` } };
    if (beside) await beside.start();
    else await server.start({ ...config, ...certificate, serverIP: '127.0.0.1', serverPort: 0 });
    console.log(server.listAddress().port);
  },
  /** A worker that has clients, and is ended, or ends, or whose process does. */
  worker() {
    const inWorker = how === 'exit of its own' ? 'exit' : 'worker';
    const worker = new Worker(fileURLToPath(import.meta.url), {
      workerData: ['clients', inWorker, url, options],
    });
    worker.on('error', () => {});
    worker.on('message', () => {
      if (how === 'terminate') worker.terminate();
      else if (how === 'exit of all') process.exit();
    });
  },
};

await WHO[who](WAYS[how]);
