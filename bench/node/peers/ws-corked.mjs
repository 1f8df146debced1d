// npm `ws` by a program that knows its insides: what one turn of the event loop sends leaves in one write.
import * as ws from './ws.mjs';

export async function connect(url, message) {
  return new Corked(await ws.connect(url, message));
}

class Corked {
  #corked = false;

  constructor(connection) {
    this.connection = connection;
    this.stream = connection.socket._socket;
  }

  #cork() {
    if (this.#corked) return;
    this.#corked = true;
    this.stream.cork();
    process.nextTick(() => {
      this.#corked = false;
      this.stream.uncork();
    });
  }

  send(data) {
    this.#cork();
    this.connection.send(data);
  }

  sendLast(data) {
    this.#cork();
    return this.connection.sendLast(data);
  }

  close() {
    return this.connection.close();
  }
}
