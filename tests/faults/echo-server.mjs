// A server of npm `ws` on a port that is given, 0 for any: it prints which. It sends back what it
// gets, and to `/much` what never ends.
import { WebSocketServer } from 'ws';

const server = new WebSocketServer({ host: '127.0.0.1', port: Number(process.argv[2]) });
server.on('connection', (socket, { url }) => {
  socket.on('error', () => {});
  socket.on('message', (data, binary) => socket.send(data, { binary }));
  if (url !== '/much') return;
  const piece = Buffer.alloc(1 << 20);
  const more = () => socket.send(piece, { fin: false }, more);
  more();
});
server.on('listening', () => console.log(server.address().port));
