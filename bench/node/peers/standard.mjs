// The interface of browsers, which undici, Node.js and bun have in common.

/** `optionsOf(wire)` is what the constructor takes besides the URL. */
export function connectBy(WebSocket, optionsOf = () => undefined) {
  return (url, message, wire) =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(url, optionsOf(wire));
      socket.binaryType = 'arraybuffer';
      socket.onmessage = ({ data }) =>
        message(typeof data === 'string' ? data : new Uint8Array(data));
      socket.onopen = () => resolve(new Connection(socket));
      socket.onerror = ({ error, message }) => reject(error ?? new Error(message));
    });
}

class Connection {
  constructor(socket) {
    this.socket = socket;
  }

  send(data) {
    this.socket.send(data);
  }

  /** There is no event for it: programs look at `bufferedAmount` now and then. */
  async sendLast(data) {
    this.socket.send(data);
    while (this.socket.bufferedAmount > 0) await new Promise(setImmediate);
  }

  close() {
    return new Promise((resolve) => {
      this.socket.onclose = resolve;
      this.socket.close();
    });
  }
}
