// npm `ws` by a program that knows its insides: what one turn of the event loop sends leaves in one
// write per connection.
import * as ws from './ws.mjs';

export async function connect(url, message, wire) {
  return new Corked(await ws.connect(url, message, wire));
}

class Corked {
  constructor(connection) {
    this.connection = connection;
  }

  send(data) {
    cork(this.connection.socket);
    this.connection.send(data);
  }

  sendLast(data) {
    cork(this.connection.socket);
    return this.connection.sendLast(data);
  }

  close() {
    return this.connection.close();
  }
}

export function serve(task) {
  return ws.serveWith(task, (socket, data, binary) => {
    cork(socket);
    socket.send(data, { binary });
  });
}

/** Until the end of this turn. */
function cork({ _socket: stream }) {
  if (stream.writableCorked > 0) return;
  stream.cork();
  process.nextTick(uncork, stream);
}

function uncork(stream) {
  stream.uncork();
}
