// bun's WebSocket and its server, run by bun.
import { connectBy } from './standard.mjs';

export const connect = connectBy(globalThis.WebSocket, (wire) => ({
  perMessageDeflate: wire === 'deflate',
  tls: { rejectUnauthorized: false },
}));

const ROOM = 'all';

export function serve(task) {
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: (request, server) =>
      server.upgrade(request) ? undefined : new Response(null, { status: 400 }),
    websocket: {
      open: (socket) => socket.subscribe(ROOM),
      message: {
        echo: (socket, data) => socket.send(data),
        broadcast: (_, data) => server.publish(ROOM, data),
      }[task],
    },
  });
  return server.port;
}
