// The module as the client and as the server of sessions over a link, with npm `ws` at the other
// end. Both functions resolve to `run(fault, patient)`, which resolves to a session that has begun,
// and `stop()`, after which nothing more is told.
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import webSocket from 'arkws';
import WebSocket, { WebSocketServer } from 'ws';
import { nameOf } from './certificate.mjs';
import { Link } from './link.mjs';
import { MESSAGES, Session } from './session.mjs';

/** Time-outs that no end meets that lives, however busy the machine is. */
const PATIENT = {
  client: { connectTimeout: 60_000, handshakeTimeout: 60_000 },
  server: { handshakeTimeout: 60_000 },
};
/** Those for ends that hear nothing any more. */
const IMPATIENT = {
  client: {
    connectTimeout: 1000,
    handshakeTimeout: 1000,
    messageTimeout: 1000,
    pingInterval: 1,
    pongTimeout: 1,
  },
  server: { handshakeTimeout: 1000, messageTimeout: 1000, pingInterval: 1 },
};

/** After so many milliseconds the program gives up an end that lives and says nothing of use. */
const PATIENCE = 2000;

/** No session takes as long, however busy the machine is. */
const BOUND = 120_000;

/**
 * Sees to the end of a session: `giveUp` is the program's, where both ends may live; `end` takes
 * what is left.
 */
function bound(session, giveUp, end = () => {}) {
  const timers = [
    setTimeout(() => {
      session.hangs = true;
      session.end();
    }, BOUND),
  ];
  if (session.link.corrupts) timers.push(setTimeout(giveUp, PATIENCE));
  session.finished = session.over.then(() => {
    for (const timer of timers) clearTimeout(timer);
    end();
    session.link.close();
  });
  return session;
}

export async function asClient({ tls, compressed }) {
  const http = tls ? createHttpsServer(tls) : createHttpServer();
  const server = new WebSocketServer({ server: http, perMessageDeflate: compressed });
  /** The sessions by the address from which the server is reached. */
  const sessions = new Map();
  server.on('connection', (socket) => {
    const session = sessions.get(socket._socket.remoteAddress);
    socket.on('error', () => {});
    socket.on('message', (data, binary) => {
      session.take('other', binary ? data : data.toString());
      socket.send(data, { binary });
    });
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const stop = () => {
    http.close();
    http.closeAllConnections();
  };

  let number = 0;
  const run = async (fault, patient) => {
    const link = await new Link(fault).open(http.address().port);
    const session = new Session(link);
    sessions.set(link.address, session);
    const ws = webSocket.createWebSocket();
    const next = () => {
      const message = MESSAGES[session.received.module.length];
      if (message === undefined) session.call(ws.close({ code: 1000, reason: 'enough' }));
      else session.call(ws.send(message));
    };
    ws.on('headerReceive', () => session.events.push('header'));
    ws.on('open', () => {
      session.events.push('open');
      next();
    });
    ws.on('message', (_, data) => {
      session.take('module', data);
      next();
    });
    ws.on('error', (error) => {
      session.error(error);
      if (!session.has('open')) session.end();
    });
    ws.on('close', (_, result) => {
      session.close(result);
      session.end();
    });
    const options = {
      ...(patient ? PATIENT : IMPATIENT).client,
      ...(tls && { ca: tls.cert, servername: nameOf(++number) }),
      perMessageDeflate: compressed,
      proxy: 'no-proxy',
    };
    session.call(ws.connect(`${tls ? 'wss' : 'ws'}://127.0.0.1:${link.port}`, options));
    return bound(session, () => session.call(ws.close()));
  };
  return { run, stop };
}

export async function asServer({ tls, compressed }) {
  const start = async (timeouts) => {
    const server = webSocket.createWebSocketServer();
    await server.start({
      serverIP: '127.0.0.1',
      serverPort: 0,
      ...timeouts,
      ...(tls && { serverCert: tls }),
      perMessageDeflate: compressed,
      limits: 'none',
    });
    return server;
  };
  const [patientServer, impatientServer] = [
    await start(PATIENT.server),
    await start(IMPATIENT.server),
  ];
  /** The sessions by the address from which the server is reached. */
  const sessions = new Map();
  for (const server of [patientServer, impatientServer]) {
    const of = (connection) => sessions.get(connection?.clientIP);
    server.on('connect', (connection) => of(connection).events.push('open'));
    server.on('messageReceive', ({ data, clientConnection }) => {
      of(clientConnection).take('module', data);
      of(clientConnection).call(server.send(data, clientConnection));
    });
    server.on('error', (error) => of(error.connection)?.error(error));
    server.on('close', (connection, result) => {
      of(connection).close(result);
      of(connection).end();
    });
  }

  // It is answered when the end of each connection has been told.
  const stop = () =>
    Promise.all([patientServer, impatientServer].map((server) => server.stop({ timeout: 60_000 })));

  const run = async (fault, patient) => {
    const { port } = (patient ? patientServer : impatientServer).listAddress();
    const link = await new Link(fault).open(port);
    const session = new Session(link);
    sessions.set(link.address, session);
    // Of a client that never came in, there is nothing to tell.
    link.serverGone.then(() => session.has('open') || session.end());
    const ws = new WebSocket(`${tls ? 'wss' : 'ws'}://127.0.0.1:${link.port}`, {
      perMessageDeflate: compressed,
      ca: tls?.cert,
    });
    const next = () => {
      const message = MESSAGES[session.received.other.length];
      if (message === undefined) ws.close(1000, 'enough');
      else ws.send(message);
    };
    ws.on('open', next);
    ws.on('message', (data, binary) => {
      session.take('other', binary ? data : data.toString());
      next();
    });
    ws.on('error', () => {});
    const end = () => ws.terminate();
    return bound(session, end, end);
  };
  return { run, stop };
}
