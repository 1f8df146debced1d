// Node.js as the host of the portable core: `core/host.mjs` says what each of these is. Runtimes
// like it lack some of them, and `process` even, in what bundlers make.
'use strict';

const { Upgrades } = require('./upgrades.js');

function asyncContext() {
  try {
    const builtin = globalThis.process?.getBuiltinModule;
    const hooks = builtin?.('node:async_hooks') ?? require('node:async_hooks');
    return hooks.AsyncResource;
  } catch {
    return undefined;
  }
}

/** The largest strings and buffers, where the runtime tells them. */
function largest() {
  try {
    // The former also in a bundle that is an ES module.
    const { constants } =
      globalThis.process?.getBuiltinModule?.('node:buffer') ?? require('node:buffer');
    return constants ?? {};
  } catch {
    return {};
  }
}

/** The one kind of memory that is not filled with zeros first, which takes as long as a copy. */
function bufferToFill(length) {
  if (typeof Buffer !== 'function') return undefined;
  const { buffer } = Buffer.allocUnsafeSlow(length);
  return buffer.byteLength === length ? buffer : undefined;
}

/**
 * Whether the process is one of several that serve the same ports, as `node:cluster` has them, and
 * the cluster mode of pm2. Only Linux and FreeBSD know ports that several processes share evenly.
 */
function isClusterWorker() {
  if (typeof process !== 'object' || !['linux', 'freebsd'].includes(process.platform)) return false;
  try {
    const cluster = process.getBuiltinModule?.('node:cluster') ?? require('node:cluster');
    return cluster.isWorker === true;
  } catch {
    // A runtime that has none.
    return false;
  }
}

const host = {
  loadNative: () => require('./native.js'),
  warn(message, code) {
    if (typeof process === 'object') process.emitWarning(message, { code });
  },
  mainModule: () => (typeof process === 'object' ? process.argv[1] : undefined),
  // A copy: what it makes may be a part of larger memory.
  encodeText: (text) => new TextEncoder().encode(text).slice(),
  decodeText: (bytes) => new TextDecoder().decode(bytes),
  // Of a `Buffer`, made without its checks of arguments.
  Bytes: typeof Buffer === 'function' ? Buffer[Symbol.species] : Uint8Array,
  AsyncContext: asyncContext(),
  AbortController: globalThis.AbortController,
  maxStringLength: largest().MAX_STRING_LENGTH,
  maxBufferLength: largest().MAX_LENGTH,
  bufferToFill,
  isClusterWorker,
  Upgrades,
};

module.exports = { host };
