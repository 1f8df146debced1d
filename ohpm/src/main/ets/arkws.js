// The module on OpenHarmony: its portable half, which `core/` is, over the native one. Its types
// are in `arkws.d.ts`.
import hilog from '@ohos.hilog';
import connection from '@ohos.net.connection';
import util from '@ohos.util';
import native from 'libarkws.so';
import { start } from './core/index.mjs';

const arkws = start({
  loadNative: () => native,
  warn(message, code) {
    hilog.warn(0, 'arkws', '%{public}s: %{public}s', code, message);
  },
  // The app's level and permission are the system's to know.
  mainModule: () => undefined,
  // A copy: what it makes may be a part of larger memory.
  encodeText: (text) => new util.TextEncoder().encodeInto(text).slice(),
  decodeText(bytes) {
    const view = ArrayBuffer.isView(bytes)
      ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      : new Uint8Array(bytes);
    return util.TextDecoder.create('utf-8').decodeToString(view);
  },
});

export const { BusinessError, getApiVersion, networkChanged, setApiVersion, setPolicy } = arkws;
export const webSocket = arkws.makeModule('arkws');
export const { TlsProtocol, createWebSocket, createWebSocketServer } = webSocket;
export default webSocket;

arkws.listenToNetworks(
  () => connection,
  (message) => hilog.debug(0, 'arkws', '%{public}s', message),
);
