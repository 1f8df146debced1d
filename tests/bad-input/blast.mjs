// A server that sends `count` numbered messages of `size` bytes as fast as the socket takes them,
// then closes.
import { createServer } from 'node:net';
import { acceptance, onRequest } from '../../npm/test/handshake.mjs';

const [size, count] = process.argv.slice(2).map(Number);

let connection;
const server = createServer((socket) => {
  connection = socket;
  socket.on('error', () => {});
  onRequest(socket, (request) => {
    socket.write(acceptance(request));
    let number = 0;
    const more = () => {
      while (number < count) {
        if (!socket.write(message(number++))) return;
      }
      if (number++ === count) socket.end(Buffer.from([0x88, 2, 1000 >> 8, 1000 & 255]));
    };
    socket.on('drain', more);
    more();
  });
});

function message(number) {
  const frame = Buffer.alloc(10 + size, number);
  frame[0] = 0x82;
  frame[1] = 127;
  frame.writeBigUInt64BE(BigInt(size), 2);
  frame.writeUInt32BE(number, 10);
  return frame;
}

server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('message', () =>
  process.send({ written: connection.bytesWritten - connection.writableLength }),
);
