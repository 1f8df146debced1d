// A server of WebSockets over HTTP/2 (RFC 8441): `http2` of Node.js, and npm `ws` for the frames.
// npm `ws` itself answers requests of HTTP/1.1 only.
import { once } from 'node:events';
import http2 from 'node:http2';
import WebSocket, { extension, PerMessageDeflate } from 'ws';

const DEFLATE = PerMessageDeflate.extensionName;

/**
 * A server on a free port: its URL, and the `requests` that it has got. `connected` gets each
 * socket; `tls` is a certificate and its key; `perMessageDeflate` is as in npm `ws`. Ended after
 * the test.
 */
export async function serveHttp2(t, connected, { tls, perMessageDeflate = false } = {}) {
  const settings = { enableConnectProtocol: true };
  const server = tls
    ? http2.createSecureServer({ ...tls, settings })
    : http2.createServer({ settings });
  const sessions = new Set();
  const requests = [];
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream, headers) => {
    requests.push(headers);
    const answer = { ':status': 200, 'sec-websocket-protocol': 'echo' };
    const extensions = {};
    if (perMessageDeflate) {
      const deflate = new PerMessageDeflate({ ...perMessageDeflate, isServer: true });
      deflate.accept(extension.parse(headers['sec-websocket-extensions'])[DEFLATE]);
      extensions[DEFLATE] = deflate;
      answer['sec-websocket-extensions'] = extension.format({ [DEFLATE]: [deflate.params] });
    }
    stream.respond(answer);
    const socket = new WebSocket(null, undefined, { autoPong: true });
    socket._extensions = extensions;
    socket.setSocket(stream, Buffer.alloc(0), { allowSynchronousEvents: true, maxPayload: 0 });
    connected(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  const { port } = server.address();
  return { url: tls ? `wss://localhost:${port}` : `ws://127.0.0.1:${port}`, requests };
}
