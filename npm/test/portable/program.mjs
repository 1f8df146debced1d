// A program over the core, as one is on a device: it has the language, and `start`.
import { start } from '../../core/index.mjs';

let arkws;
let webSocket;

export function begin(host) {
  arkws = start(host);
  webSocket = arkws.makeModule('@ohos.net.webSocket');
}

const shownError = ({ name, code, message }) => ({ name, code, message });

/** An event of `object`, once. */
const next = (object, type) =>
  new Promise((resolve) => object.once(type, (...args) => resolve(args)));

/** What a message of bytes brings. */
const shownBytes = (value) => [
  Object.prototype.toString.call(value),
  ...Array.from(new Uint8Array(value)),
];

/** Calls with a callback, which gets an error or a value. */
const byCallback = (call) => new Promise((resolve) => call((...args) => resolve(args)));

export const functions = {
  /** Connects to a server that echoes; sends by promise and by callback, text and bytes; closes. */
  async echo(url, options) {
    const ws = webSocket.createWebSocket();
    const opened = next(ws, 'open');
    const connected = await ws.connect(url, options);
    await opened;
    const events = [];
    const echoed = new Promise((resolve) => {
      ws.on('message', (_, value) => {
        events.push(typeof value === 'string' ? value : shownBytes(value));
        if (events.length === 3) resolve();
      });
    });
    const sent = [await ws.send('by promise')];
    sent.push(await byCallback((callback) => ws.send('by callback: \u00e9', callback)));
    sent.push(await ws.send(Uint8Array.of(1, 2, 255).buffer));
    await echoed;
    const over = next(ws, 'close');
    const closed = await ws.close({ code: 4001, reason: 'done' });
    const [, close] = await over;
    return { connected, sent, events, closed, close: { ...close } };
  },

  /** Connects where nobody listens, and makes mistakes. */
  async mistakes(url) {
    const ws = webSocket.createWebSocket();
    const failed = next(ws, 'error');
    await ws.connect(url).catch(() => {});
    const [error] = await failed;
    const promise = await ws.connect(17).catch((error) => error);
    let listener;
    try {
      ws.on('open');
    } catch (error) {
      listener = error;
    }
    ws.on('opne', () => {});
    return {
      isError: error instanceof arkws.BusinessError && error instanceof Error,
      failure: shownError(error),
      promise: shownError(promise),
      listener: shownError(listener),
    };
  },

  /**
   * Sends more than may wait to a server that does not read: the cause of the error, and what
   * `Error` has then that it had not.
   */
  async full(url) {
    const before = Reflect.ownKeys(Error);
    const ws = webSocket.createWebSocket();
    const opened = next(ws, 'open');
    await ws.connect(url, { maxQueuedBytes: 1 });
    await opened;
    const { cause } = await new Promise((_, reject) => {
      for (let i = 0; i < 64; i++) ws.send('x'.repeat(1 << 20)).catch(reject);
    }).catch((error) => error);
    ws.terminate();
    return { cause, added: Reflect.ownKeys(Error).filter((key) => !before.includes(key)) };
  },

  /** A listener that throws, and one behind it. */
  async thrower(url) {
    const ws = webSocket.createWebSocket();
    const heard = new Promise((resolve) => {
      ws.on('open', () => {
        throw new Error('thrown by a listener');
      });
      ws.on('open', resolve);
    });
    await ws.connect(url);
    await heard;
    const over = next(ws, 'close');
    await ws.close();
    await over;
  },

  /** What `import 'arkws'` has beyond the platform: here, too, but for what needs a host. */
  async extras(url) {
    const ours = arkws.makeModule('arkws');
    const ws = ours.createWebSocket();
    const opened = next(ws, 'open');
    await ws.connect(url, { binaryType: 'uint8array' });
    await opened;
    const roundTrip = await ws.ping('are you there');
    const messages = ws[Symbol.asyncIterator]();
    await ws.send(Uint8Array.of(7).buffer);
    const { value } = await messages.next();
    await messages.return();
    const over = next(ws, 'close');
    await ws.close();
    await over;
    const server = ours.createWebSocketServer();
    const refused = await server.start({ noServer: true }).catch((error) => error);
    let upgrade;
    try {
      server.handleUpgrade({}, {});
    } catch (error) {
      upgrade = error;
    }
    return {
      roundTrip,
      message: shownBytes(value),
      refused: shownError(refused),
      upgrade: shownError(upgrade),
    };
  },

  /** Starts a server that echoes what its clients send, and returns its port. */
  async serve() {
    const server = webSocket.createWebSocketServer();
    functions.server = server;
    functions.heard = [];
    server.on('request', (request) => {
      functions.heard.push(['request', request.path, request.headers['x-who'], request.signal]);
    });
    server.on('connect', () => functions.heard.push(['connect']));
    server.on('messageReceive', ({ data, clientConnection }) => {
      server.send(typeof data === 'string' ? `echo of ${data}` : data, clientConnection);
    });
    server.on('close', (_, reason) => functions.heard.push(['close', reason.code, reason.reason]));
    const started = await server.start({ serverIP: '127.0.0.1', serverPort: 0 });
    return { started, port: server.listAddress().port };
  },

  async closeClients() {
    const { server } = functions;
    const connections = await server.listAllConnections();
    const over = next(server, 'close');
    const closed = [];
    for (const connection of connections) {
      closed.push(await server.close(connection, { code: 4002, reason: 'enough' }));
    }
    await over;
    return closed;
  },

  async stop() {
    const { server, heard } = functions;
    return { stopped: await server.stop(), heard };
  },
};
