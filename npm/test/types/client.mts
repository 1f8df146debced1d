// Every overload of the client, as TypeScript sees it. Checked, never run.
import { expectTypeOf } from 'expect-type';
import arkws, {
  type AsyncCallback,
  type Callback,
  type ErrorCallback,
  BusinessError,
  createWebSocket,
  webSocket,
} from 'arkws';
import platform from '@ohos.net.webSocket';
import { buffer, util } from '@kit.ArkTS';
import { emitter } from '@kit.BasicServicesKit';
import { connection, webSocket as kit } from '@kit.NetworkKit';
import { hilog } from '@kit.PerformanceAnalysisKit';
import { network } from 'arkws/testing';
import vitePlugin from 'arkws/vite';
import * as jest from 'arkws/jest';

const ws = webSocket.createWebSocket();
const done: AsyncCallback<boolean> = (err, value) => {
  expectTypeOf(err).toEqualTypeOf<BusinessError>();
  expectTypeOf(value).toEqualTypeOf<boolean>();
};
const data = new ArrayBuffer(1);
const options: webSocket.WebSocketRequestOptions = {};
const closing: webSocket.WebSocketCloseOptions = { code: 1000, reason: 'done' };

// One module under all its names.
expectTypeOf(arkws).toEqualTypeOf<typeof webSocket>();
expectTypeOf(platform).toEqualTypeOf<typeof webSocket>();
expectTypeOf(kit).toEqualTypeOf<typeof webSocket>();
expectTypeOf(createWebSocket).toEqualTypeOf<() => webSocket.WebSocket>();
expectTypeOf(ws).toEqualTypeOf<platform.WebSocket>();
expectTypeOf(ws).toEqualTypeOf<kit.WebSocket>();

// connect
expectTypeOf(ws.connect('ws://host', done)).toEqualTypeOf<void>();
expectTypeOf(ws.connect('ws://host', options, done)).toEqualTypeOf<void>();
expectTypeOf(ws.connect('ws://host')).toEqualTypeOf<Promise<boolean>>();
expectTypeOf(ws.connect('ws://host', options)).toEqualTypeOf<Promise<boolean>>();
// @ts-expect-error no URL
ws.connect();
const url = { href: 'ws://host', searchParams: {} };
expectTypeOf(ws.connect(url)).toEqualTypeOf<Promise<boolean>>();
// @ts-expect-error not a URL
ws.connect(1);
// @ts-expect-error null is not an option
ws.connect('ws://host', null);
// @ts-expect-error the callback comes last
ws.connect('ws://host', done, options);

// send
expectTypeOf(ws.send('text', done)).toEqualTypeOf<void>();
expectTypeOf(ws.send(data, done)).toEqualTypeOf<void>();
expectTypeOf(ws.send('text')).toEqualTypeOf<Promise<boolean>>();
expectTypeOf(ws.send(data)).toEqualTypeOf<Promise<boolean>>();
expectTypeOf(ws.send(new Uint8Array(1))).toEqualTypeOf<Promise<boolean>>();
expectTypeOf(ws.send(new DataView(data), done)).toEqualTypeOf<void>();
// @ts-expect-error no data
ws.send();
// @ts-expect-error a number
ws.send(1);

// close
expectTypeOf(ws.close(done)).toEqualTypeOf<void>();
expectTypeOf(ws.close(closing, done)).toEqualTypeOf<void>();
expectTypeOf(ws.close()).toEqualTypeOf<Promise<boolean>>();
expectTypeOf(ws.close(closing)).toEqualTypeOf<Promise<boolean>>();
// @ts-expect-error the code is a number
ws.close({ code: '1000' });
// @ts-expect-error the code alone is not an option
ws.close(1000);

// on, off: listeners without types get these
ws.on('open', (err, value) => {
  expectTypeOf(err).toEqualTypeOf<BusinessError>();
  expectTypeOf(value).toEqualTypeOf<webSocket.OpenResult>();
});
ws.on('openInfo', (_err, value) => expectTypeOf(value).toEqualTypeOf<webSocket.WebSocketOpenInfo>());
ws.on('message', (_err, value) => expectTypeOf(value).toEqualTypeOf<string | ArrayBuffer>());
ws.on('dataEnd', (value) => expectTypeOf(value).toEqualTypeOf<void>());
ws.on('headerReceive', (value) => expectTypeOf(value).toEqualTypeOf<webSocket.ResponseHeaders>());
ws.on('close', (_err, value) => expectTypeOf(value).toEqualTypeOf<webSocket.CloseResult>());
ws.on('error', (err) => expectTypeOf(err).toEqualTypeOf<webSocket.WebSocketError>());
ws.on('reconnecting', (value) => expectTypeOf(value).toEqualTypeOf<webSocket.ReconnectingInfo>());
ws.on('reconnected', (value) => expectTypeOf(value).toEqualTypeOf<webSocket.ReconnectedInfo>());

// on, off: listeners with the types that the documentation's examples give them
class OutValue {
  status: number = 0;
  message: string = '';
}
const onOpen = (_err: BusinessError, _value: Object) => {};
const onOpenValue = (_err: BusinessError, _value: OutValue) => {};
const onInfo = (_err: BusinessError, _value: webSocket.WebSocketOpenInfo) => {};
const onMessage = (_err: BusinessError, _value: string | ArrayBuffer) => {};
const onText = (_err: BusinessError, _value: string) => {};
const onBinary = (_err: BusinessError<void>, _value: ArrayBuffer) => {};
const onEnd: Callback<void> = () => {};
const onHeader = (_header: webSocket.ResponseHeaders) => {};
const onClose = (_err: BusinessError, _value: webSocket.CloseResult) => {};
const onError = (_err: BusinessError) => {};
const onVoidError: ErrorCallback<BusinessError<void>> = () => {};
const onReconnecting = (_value: webSocket.ReconnectingInfo) => {};
const onReconnected = (_value: webSocket.ReconnectedInfo) => {};

for (const f of [ws.on, ws.off].map((f) => f.bind(ws)) as [typeof ws.on, typeof ws.off]) {
  expectTypeOf(f('open', onOpen)).toEqualTypeOf<void>();
  expectTypeOf(f('open', onOpenValue)).toEqualTypeOf<void>();
  expectTypeOf(f('openInfo', onInfo)).toEqualTypeOf<void>();
  expectTypeOf(f('message', onMessage)).toEqualTypeOf<void>();
  expectTypeOf(f('message', onText)).toEqualTypeOf<void>();
  expectTypeOf(f('message', onBinary)).toEqualTypeOf<void>();
  expectTypeOf(f('dataEnd', onEnd)).toEqualTypeOf<void>();
  expectTypeOf(f('headerReceive', onHeader)).toEqualTypeOf<void>();
  expectTypeOf(f('close', onClose)).toEqualTypeOf<void>();
  expectTypeOf(f('error', onError)).toEqualTypeOf<void>();
  expectTypeOf(f('error', onVoidError)).toEqualTypeOf<void>();
  expectTypeOf(f('reconnecting', onReconnecting)).toEqualTypeOf<void>();
  expectTypeOf(f('reconnected', onReconnected)).toEqualTypeOf<void>();
  // @ts-expect-error no such event
  f('opened', onOpen);
  // @ts-expect-error a message is no number
  f('message', (_err: BusinessError, _value: number) => {});
}
expectTypeOf(ws.once('message', onText)).toEqualTypeOf<void>();
// @ts-expect-error no such event
ws.once('opened', onOpen);
ws.off('open');
ws.off('openInfo');
ws.off('message');
ws.off('dataEnd');
ws.off('headerReceive');
ws.off('close');
ws.off('error');
ws.off('reconnecting');
ws.off('reconnected');
// @ts-expect-error no listener
ws.on('open');
// @ts-expect-error which event?
ws.off();

// The names of static ArkTS
expectTypeOf(ws.onOpen(onOpen)).toEqualTypeOf<void>();
expectTypeOf(ws.offOpen(onOpen)).toEqualTypeOf<void>();
expectTypeOf(ws.offOpen()).toEqualTypeOf<void>();
expectTypeOf(ws.onMessage(onMessage)).toEqualTypeOf<void>();
expectTypeOf(ws.onMessage(onText)).toEqualTypeOf<void>();
expectTypeOf(ws.onMessage(onBinary)).toEqualTypeOf<void>();
expectTypeOf(ws.offMessage(onMessage)).toEqualTypeOf<void>();
expectTypeOf(ws.offMessage(onText)).toEqualTypeOf<void>();
expectTypeOf(ws.offMessage(onBinary)).toEqualTypeOf<void>();
expectTypeOf(ws.offMessage()).toEqualTypeOf<void>();
expectTypeOf(ws.onWebSocketClose(onClose)).toEqualTypeOf<void>();
expectTypeOf(ws.offWebSocketClose(onClose)).toEqualTypeOf<void>();
expectTypeOf(ws.offWebSocketClose()).toEqualTypeOf<void>();
expectTypeOf(ws.onWebSocketError(onError)).toEqualTypeOf<void>();
expectTypeOf(ws.offWebSocketError(onError)).toEqualTypeOf<void>();
expectTypeOf(ws.offWebSocketError()).toEqualTypeOf<void>();
expectTypeOf(ws.onDataEnd(onEnd)).toEqualTypeOf<void>();
expectTypeOf(ws.offDataEnd(onEnd)).toEqualTypeOf<void>();
expectTypeOf(ws.offDataEnd()).toEqualTypeOf<void>();
expectTypeOf(ws.onHeaderReceive(onHeader)).toEqualTypeOf<void>();
expectTypeOf(ws.offHeaderReceive(onHeader)).toEqualTypeOf<void>();
expectTypeOf(ws.offHeaderReceive()).toEqualTypeOf<void>();
expectTypeOf(ws.onOpenInfo(onInfo)).toEqualTypeOf<void>();
expectTypeOf(ws.offOpenInfo(onInfo)).toEqualTypeOf<void>();
expectTypeOf(ws.offOpenInfo()).toEqualTypeOf<void>();
expectTypeOf(ws.onReconnecting(onReconnecting)).toEqualTypeOf<void>();
expectTypeOf(ws.offReconnecting(onReconnecting)).toEqualTypeOf<void>();
expectTypeOf(ws.offReconnecting()).toEqualTypeOf<void>();
expectTypeOf(ws.onReconnected(onReconnected)).toEqualTypeOf<void>();
expectTypeOf(ws.offReconnected(onReconnected)).toEqualTypeOf<void>();
expectTypeOf(ws.offReconnected()).toEqualTypeOf<void>();

// Options
declare const signal: webSocket.AbortSignalObject;
const all: Required<webSocket.WebSocketRequestOptions> = {
  header: { name: 'value', number: 1, many: ['a', 'b'] },
  caPath: '/ca.pem',
  clientCert: { certPath: '/cert.pem', keyPath: '/key.pem', keyPassword: 'secret' },
  proxy: { host: 'proxy', port: 3128, exclusionList: ['*.local'], username: 'user', password: 'secret' },
  protocol: 'chat, echo',
  skipServerCertVerification: false,
  pingInterval: 30,
  pongTimeout: 30,
  minSupportTlsProtocol: webSocket.TlsProtocol.TLS_V_1_3,
  supportOriginPort: true,
  connectTimeout: 20_000,
  handshakeTimeout: 15_000,
  writeTimeout: 30_000,
  messageTimeout: 60_000,
  maxRedirects: 4,
  maxHeaderBytes: 16_384,
  maxHeaders: 128,
  maxMessageSize: 1 << 20,
  maxFragments: 1000,
  maxQueuedBytes: 1_000_000,
  perMessageDeflate: true,
  acceptViews: true,
  signal,
  ca: ['pem', new Uint8Array(1)],
  cert: 'pem',
  key: data,
  passphrase: 'secret',
  servername: 'name',
  localAddress: '127.0.0.1',
  lookup: (_name, _options, callback) => callback(null, '127.0.0.1', 4),
  binaryType: 'uint8array',
  reconnect: {
    initialDelay: 1000,
    maxDelay: 30_000,
    factor: 2,
    jitter: true,
    maxAttempts: 5,
    retryOn: ['refused', 'reset'],
    maxQueuedBytes: 1 << 20,
    header: async (attempt) => ({ Authorization: `token ${attempt}` }),
    url: () => 'wss://other',
  },
};
ws.connect('wss://host', all);
ws.connect('wss://host', { header: new Map([['name', 'value']]), proxy: 'system', reconnect: true });
ws.connect('wss://host', { header: [['name', 'value']], proxy: 'no-proxy' });
ws.connect('wss://host', { proxy: { host: 'proxy', port: 1080, exclusions: ['*.local'] } });
// @ts-expect-error neither an HTTP nor a SOCKS5 proxy
ws.connect('wss://host', { proxy: { host: 'proxy', port: 1080 } });
// @ts-expect-error neither 'system' nor 'no-proxy'
ws.connect('wss://host', { proxy: 'none' });
// @ts-expect-error no such option
ws.connect('wss://host', { headers: {} });
// @ts-expect-error neither 'arraybuffer' nor 'uint8array'
ws.connect('wss://host', { binaryType: 'blob' });
ws.on('message', (_err: BusinessError, _value: string | Uint8Array) => {});
// @ts-expect-error no such cause
ws.connect('wss://host', { reconnect: { retryOn: ['bad luck'] } });
expectTypeOf<webSocket.ProxyConfiguration>().toEqualTypeOf<
  'system' | 'no-proxy' | webSocket.HttpProxy | webSocket.Socks5Proxy
>();

// What arkws adds
expectTypeOf(ws.readyState).toEqualTypeOf<number>();
expectTypeOf(ws.bufferedAmount).toEqualTypeOf<number>();
expectTypeOf(ws.stats()).toEqualTypeOf<webSocket.WebSocketStats>();
// @ts-expect-error read-only
ws.readyState = 1;

expectTypeOf(ws.ping()).toEqualTypeOf<Promise<number>>();
expectTypeOf(ws.ping('data')).toEqualTypeOf<Promise<number>>();
expectTypeOf(ws.ping(data)).toEqualTypeOf<Promise<number>>();
// @ts-expect-error a number
ws.ping(1);
ws.on('ping', (value) => expectTypeOf(value).toEqualTypeOf<ArrayBuffer>());
ws.onPong((value) => expectTypeOf(value).toEqualTypeOf<ArrayBuffer>());
expectTypeOf(ws.pause().resume().unref().ref()).toEqualTypeOf<webSocket.WebSocket>();
expectTypeOf(ws.terminate()).toEqualTypeOf<void>();
(async () => {
  for await (const message of ws) expectTypeOf(message).toEqualTypeOf<string | ArrayBuffer>();
  expectTypeOf(await ws[Symbol.asyncDispose]()).toEqualTypeOf<void>();
});

// Errors
const error = new BusinessError(401, 'Parameter error');
expectTypeOf(error).toEqualTypeOf<BusinessError>();
expectTypeOf(error).toExtend<Error>();
expectTypeOf(error.code).toEqualTypeOf<number>();
type Response = webSocket.RefusalResponse | undefined;
expectTypeOf<webSocket.WebSocketError['response']>().toEqualTypeOf<Response>();
expectTypeOf<webSocket.WebSocketError['data']>().toEqualTypeOf<string>();
expectTypeOf<webSocket.WebSocketError['cause']>().toEqualTypeOf<webSocket.ErrorCause>();
const caught: unknown = error;
if (caught instanceof BusinessError) expectTypeOf(caught.code).toEqualTypeOf<number>();

// The platform's other modules.
hilog.info(0x0001, 'tag', '%{public}s', 1);
// @ts-expect-error: there is no tag.
hilog.warn(0x0001);
expectTypeOf(new util.Base64Helper().decodeSync('', util.Type.MIME)).toEqualTypeOf<Uint8Array>();
expectTypeOf(util.TextDecoder.create().decodeToString).returns.toEqualTypeOf<string>();
expectTypeOf(buffer.from('text').buffer).toEqualTypeOf<ArrayBuffer>();
emitter.on({ eventId: 1 }, ({ data }: emitter.EventData) => data?.name);
emitter.emit('event', { priority: emitter.EventPriority.HIGH }, { data: { name: 1 } });
expectTypeOf(connection.getDefaultNetSync()).toEqualTypeOf<connection.NetHandle>();
expectTypeOf(connection.hasDefaultNet()).toEqualTypeOf<Promise<boolean>>();
connection.createNetConnection().on('netLost', ({ netId }) => netId);
network.lose();
network.restore({ bearerTypes: [connection.NetBearType.BEARER_CELLULAR] });

// What the runners are told.
expectTypeOf(vitePlugin().name).toEqualTypeOf<string>();
expectTypeOf(vitePlugin()).toExtend<{ name: string; enforce?: 'pre' | 'post' }>();
expectTypeOf(jest.preset.transform).toEqualTypeOf<Record<string, string>>();
expectTypeOf(jest.process('let a: number;', '/app.ets').code).toEqualTypeOf<string>();
