// Every overload of the server, and arkws's own calls, as TypeScript sees them. Checked, never run.
import { expectTypeOf } from 'expect-type';
import {
  type BusinessError,
  createWebSocketServer,
  getApiVersion,
  networkChanged,
  setApiVersion,
  setPolicy,
  TlsProtocol,
  webSocket,
} from 'arkws';
import { stub } from 'arkws/register';

const server = webSocket.createWebSocketServer();
const connection: webSocket.WebSocketConnection = { clientIP: '127.0.0.1', clientPort: 1 };

expectTypeOf(getApiVersion()).toEqualTypeOf<number>();
expectTypeOf(getApiVersion(server)).toEqualTypeOf<number>();
// @ts-expect-error no object of ours
getApiVersion({});
expectTypeOf(createWebSocketServer).toEqualTypeOf<() => webSocket.WebSocketServer>();

const config: Required<webSocket.WebSocketServerConfig> = {
  serverPort: 0,
  serverIP: '::1',
  serverCert: { certPath: '/cert.pem', keyPath: '/key.pem' },
  protocol: 'chat',
  maxConcurrentClientsNumber: 10,
  maxConnectionsForOneClient: 10,
  limits: 'platform',
  trustProxy: ['192.0.2.1', '2001:db8::/32'],
  pingInterval: 30,
  maxMessageSize: 1 << 20,
  maxFragments: 1000,
  maxHeaderBytes: 16384,
  maxHeaders: 128,
  handshakeTimeout: 5000,
  requestTimeout: 15_000,
  writeTimeout: 30_000,
  messageTimeout: 60_000,
  maxUnfinishedBytes: 268_435_456,
  allowedOrigins: ['https://example.org'],
  maxQueuedBytes: 1024,
  perMessageDeflate: true,
  reusePort: true,
};
expectTypeOf(server.start(config)).toEqualTypeOf<Promise<boolean>>();
expectTypeOf(server.start({ serverPort: 8080 })).toEqualTypeOf<Promise<boolean>>();
server.start({ serverPort: 8080, limits: 'none' });
server.start({ serverPort: 8080, limits: { connections: 1000, perAddress: 100 } });
server.start({ serverPort: 8080, limits: { attemptsPerMinute: 100, handshakes: 1000 } });
// @ts-expect-error there is no such member
server.start({ serverPort: 8080, limits: { perAdress: 100 } });
// @ts-expect-error there are none of that name
server.start({ serverPort: 8080, limits: 'all' });
// @ts-expect-error a port is needed
server.start({});
expectTypeOf(server.start({ path: '/run/chat.sock' })).toEqualTypeOf<Promise<boolean>>();
server.start({ fd: 3, serverCert: { certPath: '/cert.pem', keyPath: '/key.pem' } });
server.start({ serverPort: 8080, serverCert: { cert: 'PEM', key: new Uint8Array(1) } });
expectTypeOf(
  server.setCertificate({ cert: 'PEM', key: 'PEM', clientCa: 'PEM', requireClientCert: false }),
).toEqualTypeOf<Promise<boolean>>();
server.setCertificate({ certPath: '/cert.pem', keyPath: '/key.pem' });
// @ts-expect-error a key is needed
server.setCertificate({ cert: 'PEM' });
declare const http: webSocket.HttpServer;
server.start({ server: http });
server.start({ server: http, path: '/chat', limits: 'none' });
server.start({ noServer: true });
// @ts-expect-error there is no such server
server.start({ server: {} });
declare const upgrade: [webSocket.UpgradeRequest, webSocket.UpgradeSocket, Uint8Array];
expectTypeOf(server.handleUpgrade(...upgrade)).toEqualTypeOf<void>();
// @ts-expect-error each says where
server.start({ path: '/run/chat.sock', serverPort: 8080 });
expectTypeOf(server.stop()).toEqualTypeOf<Promise<boolean>>();
expectTypeOf(server.stop({})).toEqualTypeOf<Promise<boolean>>();
expectTypeOf(server.stop({ code: 1012, reason: 'restart', timeout: 1000 })).toEqualTypeOf<
  Promise<boolean>
>();
// @ts-expect-error a code is a number
server.stop({ code: '1012' });

// As declared, and as the documentation uses it.
const connections: webSocket.WebSocketConnection[] = server.listAllConnections();
const awaited: webSocket.WebSocketConnection[] = await server.listAllConnections();
expectTypeOf(connections.length).toEqualTypeOf<number>();
expectTypeOf(awaited).toEqualTypeOf<webSocket.WebSocketConnection[]>();
expectTypeOf(server.listAllConnections()[0]).toEqualTypeOf<webSocket.WebSocketServerConnection>();
server
  .listAllConnections()
  .then((list) => expectTypeOf(list).toEqualTypeOf<webSocket.WebSocketServerConnection[]>());

expectTypeOf(server.send('text', connection)).toEqualTypeOf<Promise<boolean>>();
expectTypeOf(server.send(new ArrayBuffer(1), connection)).toEqualTypeOf<Promise<boolean>>();
// @ts-expect-error to whom?
server.send('text');
expectTypeOf(server.close(connection)).toEqualTypeOf<Promise<boolean>>();
expectTypeOf(server.close(connection, { code: 1000, reason: 'done' })).toEqualTypeOf<
  Promise<boolean>
>();
// @ts-expect-error whom?
server.close();

server.on('connect', (value) => {
  expectTypeOf(value).toEqualTypeOf<webSocket.WebSocketServerConnection>();
  expectTypeOf(value.path).toEqualTypeOf<string>();
  expectTypeOf(value.protocol).toEqualTypeOf<string>();
  expectTypeOf(value.headers.cookie).toEqualTypeOf<string | string[] | undefined>();
  value.data = { user: 1 };
  // @ts-expect-error it stays the same client
  value.clientPort = 1;
});
server.on('messageReceive', (value) => expectTypeOf(value).toEqualTypeOf<webSocket.WebSocketMessage>());
server.on('close', (client, reason) => {
  expectTypeOf(client).toEqualTypeOf<webSocket.WebSocketServerConnection>();
  expectTypeOf(reason).toEqualTypeOf<webSocket.ServerCloseResult>();
});
server.on('error', (err) => {
  expectTypeOf(err).toEqualTypeOf<webSocket.WebSocketServerError>();
  expectTypeOf(err.connection).toEqualTypeOf<webSocket.WebSocketServerConnection | undefined>();
});
server.on('request', async (request) => {
  expectTypeOf(request).toEqualTypeOf<webSocket.WebSocketServerRequest>();
  expectTypeOf(request.connection).toEqualTypeOf<webSocket.WebSocketServerConnection>();
  expectTypeOf(request.refuse(403, 'Forbidden')).toEqualTypeOf<void>();
  request.refuse({ status: 401, headers: { 'WWW-Authenticate': 'Basic' }, body: 'who?' });
  // @ts-expect-error with which status?
  request.refuse({ body: 'who?' });
  request.accept();
  request.accept({ protocol: 'v1', headers: [['Set-Cookie', 'a=b']], data: { user: 1 } });
  expectTypeOf(request.signal.aborted).toEqualTypeOf<boolean>();
});
server.on('httpRequest', async (request) => {
  expectTypeOf(request).toEqualTypeOf<webSocket.WebSocketServerHttpRequest>();
  expectTypeOf(request.method).toEqualTypeOf<string>();
  request.respond({});
  request.respond({ status: 200, headers: new Map([['X-A', 1]]), body: new Uint8Array(1) });
});

const onConnect = (_value: webSocket.WebSocketConnection) => {};
const onMessage = (_value: webSocket.WebSocketMessage) => {};
const onClose = (_client: webSocket.WebSocketConnection, _reason: webSocket.CloseResult) => {};
const onError = (_err: BusinessError) => {};
const onRequest = (_request: webSocket.WebSocketServerRequest) => {};
const onHttpRequest = (_request: webSocket.WebSocketServerHttpRequest) => {};
for (const f of [server.on, server.off].map((f) => f.bind(server)) as [
  typeof server.on,
  typeof server.off,
]) {
  expectTypeOf(f('connect', onConnect)).toEqualTypeOf<void>();
  expectTypeOf(f('messageReceive', onMessage)).toEqualTypeOf<void>();
  expectTypeOf(f('close', onClose)).toEqualTypeOf<void>();
  expectTypeOf(f('error', onError)).toEqualTypeOf<void>();
  expectTypeOf(f('request', onRequest)).toEqualTypeOf<void>();
  expectTypeOf(f('httpRequest', onHttpRequest)).toEqualTypeOf<void>();
  // @ts-expect-error no such event
  f('message', onMessage);
}
server.off('connect');
server.off('messageReceive');
server.off('close');
server.off('error');
server.off('request');
server.off('httpRequest');

expectTypeOf(server.onConnect(onConnect)).toEqualTypeOf<void>();
expectTypeOf(server.offConnect(onConnect)).toEqualTypeOf<void>();
expectTypeOf(server.offConnect()).toEqualTypeOf<void>();
expectTypeOf(server.onMessageReceive(onMessage)).toEqualTypeOf<void>();
expectTypeOf(server.offMessageReceive(onMessage)).toEqualTypeOf<void>();
expectTypeOf(server.offMessageReceive()).toEqualTypeOf<void>();
expectTypeOf(server.onWebSocketServerClose(onClose)).toEqualTypeOf<void>();
expectTypeOf(server.offWebSocketServerClose(onClose)).toEqualTypeOf<void>();
expectTypeOf(server.offWebSocketServerClose()).toEqualTypeOf<void>();
expectTypeOf(server.onWebSocketServerError(onError)).toEqualTypeOf<void>();
expectTypeOf(server.offWebSocketServerError(onError)).toEqualTypeOf<void>();
expectTypeOf(server.offWebSocketServerError()).toEqualTypeOf<void>();
expectTypeOf(server.onRequest(onRequest)).toEqualTypeOf<void>();
expectTypeOf(server.offRequest(onRequest)).toEqualTypeOf<void>();
expectTypeOf(server.offRequest()).toEqualTypeOf<void>();
expectTypeOf(server.onHttpRequest(onHttpRequest)).toEqualTypeOf<void>();
expectTypeOf(server.offHttpRequest(onHttpRequest)).toEqualTypeOf<void>();
expectTypeOf(server.offHttpRequest()).toEqualTypeOf<void>();

// What arkws adds
expectTypeOf(server.listAddress()).toEqualTypeOf<webSocket.ListenAddress | undefined>();
expectTypeOf(server.broadcast('text')).toEqualTypeOf<Promise<number>>();
expectTypeOf(server.broadcast(new ArrayBuffer(1), connection)).toEqualTypeOf<Promise<number>>();
expectTypeOf(server.broadcast('text', [connection])).toEqualTypeOf<Promise<number>>();
expectTypeOf(server.join(connection, 'room')).toEqualTypeOf<Promise<boolean>>();
expectTypeOf(server.leave(connection, 'room')).toEqualTypeOf<Promise<boolean>>();
expectTypeOf(server.leave(connection)).toEqualTypeOf<Promise<boolean>>();
expectTypeOf(server.broadcastTo('room', 'text', connection)).toEqualTypeOf<Promise<number>>();

expectTypeOf(setApiVersion(12)).toEqualTypeOf<void>();
expectTypeOf(setApiVersion(undefined)).toEqualTypeOf<void>();
expectTypeOf(setPolicy({ internet: false })).toEqualTypeOf<void>();
expectTypeOf(setPolicy({ allowedHosts: ['wss://*.example.com:8443'] })).toEqualTypeOf<void>();
expectTypeOf(setPolicy(undefined)).toEqualTypeOf<void>();
expectTypeOf(networkChanged()).toEqualTypeOf<void>();
// @ts-expect-error a list
setPolicy({ allowedHosts: '*' });

expectTypeOf(TlsProtocol).toEqualTypeOf<typeof webSocket.TlsProtocol>();
expectTypeOf<`${webSocket.TlsProtocol}`>().toEqualTypeOf<'0' | '1' | '2' | '3'>();

stub({ '@ohos.sensor': './sensor.ets', '@ohos.a': { href: 'file:///a.ets' }, '@ohos.b': undefined });
// @ts-expect-error no file
stub({ '@ohos.sensor': 1 });
