// OpenHarmony's module `@ohos.net.webSocket` as a module of its system: the portable half
// (`npm/core`) over the native one, in one library. `cargo xtask ohos` has it compiled and put into
// that; apps have a package of their own instead.
import { start } from '../../../npm/core/index.mjs';

// The functions by which modules of the system find others: the native half of a library that has
// both, and whole modules.
/* global requireInternal, requireNapi */
const util = requireNapi('util');

const { listenToNetworks, makeModule } = start({
  loadNative: () => requireInternal('net.webSocket'),
  warn(message, code) {
    requireNapi('hilog').warn(0, 'arkws', '%{public}s: %{public}s', code, message);
  },
  // The app's level and permission are the system's to know.
  mainModule: () => undefined,
  // A copy: what it makes may be a part of larger memory.
  encodeText: (text) => new util.TextEncoder().encodeInto(text).slice(),
  decodeText(bytes) {
    const { buffer, byteOffset, byteLength } = ArrayBuffer.isView(bytes)
      ? bytes
      : { buffer: bytes };
    const view = new Uint8Array(buffer, byteOffset, byteLength);
    return util.TextDecoder.create('utf-8').decodeToString(view);
  },
});

listenToNetworks(
  () => requireNapi('net.connection'),
  (message) => requireNapi('hilog').debug(0, 'arkws', '%{public}s', message),
);

export default makeModule('@ohos.net.webSocket');
