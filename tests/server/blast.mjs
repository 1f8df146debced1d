// A client that sends `count` numbered messages of `size` bytes as fast as the socket takes them,
// then closes.
import WebSocket from 'ws';

const [url, size, count] = process.argv.slice(2);
const socket = new WebSocket(url);
process.on('message', () =>
  process.send({ written: socket._socket.bytesWritten - socket._socket.writableLength }),
);
socket.on('open', () => {
  const message = Buffer.alloc(Number(size));
  let number = 0;
  const next = () => {
    if (number === Number(count)) return socket.close(1000);
    message.writeUInt32BE(number++);
    socket.send(message, next);
  };
  next();
});
socket.on('close', () => process.disconnect());
