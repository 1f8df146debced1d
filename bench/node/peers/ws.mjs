// npm `ws`, with `bufferutil`, as its documentation has it.
import { WebSocket } from 'ws';

export function connect(url, message) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { perMessageDeflate: false });
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
