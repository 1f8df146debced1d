// arkws.
import { createWebSocket, createWebSocketServer } from 'arkws';

export function connect(url, message, wire, options) {
  return new Promise((resolve, reject) => {
    const socket = createWebSocket();
    socket.on('message', (_, data) =>
      message(data instanceof ArrayBuffer ? new Uint8Array(data) : data),
    );
    socket.on('open', () => resolve(new Connection(socket)));
    socket.on('error', reject);
    socket.connect(url, {
      perMessageDeflate: wire === 'deflate',
      skipServerCertVerification: wire === 'tls',
      ...options,
    });
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
    return this.socket.send(data);
  }

  close() {
    return new Promise((resolve) => {
      this.socket.on('close', resolve);
      this.socket.close();
    });
  }
}

export async function serve(task) {
  const server = createWebSocketServer();
  server.on(
    'messageReceive',
    {
      echo: ({ data, clientConnection }) => server.send(data, clientConnection),
      broadcast: ({ data }) => server.broadcast(data),
    }[task],
  );
  await server.start({ serverIP: '127.0.0.1', serverPort: 0 });
  return server.listAddress().port;
}
