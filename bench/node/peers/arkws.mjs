// arkws.
import { createWebSocket } from 'arkws';

export function connect(url, message) {
  return new Promise((resolve, reject) => {
    const socket = createWebSocket();
    socket.on('message', (_, data) => message(typeof data === 'string' ? data : new Uint8Array(data)));
    socket.on('open', () => resolve(new Connection(socket)));
    socket.on('error', reject);
    socket.connect(url);
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
