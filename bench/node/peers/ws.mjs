// npm `ws`, with `bufferutil`, as its documentation has it.
import { once } from 'node:events';
import { WebSocket, WebSocketServer } from 'ws';

export function connect(url, message, wire) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, {
      perMessageDeflate: wire === 'deflate',
      rejectUnauthorized: false,
    });
    socket.on('message', (data, isBinary) => message(isBinary ? data : data.toString()));
    socket.on('open', () => resolve(new Connection(socket)));
    socket.on('error', reject);
  });
}

class Connection {
  constructor(socket) {
    this.socket = socket;
  }

  send(data) {
    this.socket.send(data);
  }

  sendLast(data) {
    return new Promise((resolve, reject) => {
      this.socket.send(data, (error) => (error ? reject(error) : resolve()));
    });
  }

  close() {
    return new Promise((resolve) => {
      this.socket.on('close', resolve);
      this.socket.close();
    });
  }
}

export function serve(task) {
  return serveWith(task, (socket, data, binary) => socket.send(data, { binary }));
}

/** `send` is how a message goes to a client. */
export async function serveWith(task, send) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
  const receive = {
    echo: (socket, data, binary) => send(socket, data, binary),
    broadcast(_, data, binary) {
      for (const client of server.clients) send(client, data, binary);
    },
  }[task];
  server.on('connection', (socket) =>
    socket.on('message', (data, binary) => receive(socket, data, binary)),
  );
  await once(server, 'listening');
  return server.address().port;
}
