// `@ohos.net.connection`: the state of the network. There is one, the default network; tests lose
// and restore it by `arkws/testing`.
'use strict';

const dns = require('node:dns');
const { BusinessError } = require('../lib/errors.js');
const { current, watchers } = require('./network.js');

const NetCap = Object.freeze({
  NET_CAPABILITY_MMS: 0,
  NET_CAPABILITY_NOT_METERED: 11,
  NET_CAPABILITY_INTERNET: 12,
  NET_CAPABILITY_NOT_VPN: 15,
  NET_CAPABILITY_VALIDATED: 16,
  NET_CAPABILITY_PORTAL: 17,
  NET_CAPABILITY_CHECKING_CONNECTIVITY: 31,
});
const NetBearType = Object.freeze({
  BEARER_CELLULAR: 0,
  BEARER_WIFI: 1,
  BEARER_BLUETOOTH: 2,
  BEARER_ETHERNET: 3,
  BEARER_VPN: 4,
});

const EVENTS = [
  'netAvailable',
  'netBlockStatusChange',
  'netCapabilitiesChange',
  'netConnectionPropertiesChange',
  'netLost',
  'netUnavailable',
];

function wrong(call, wants) {
  return new BusinessError(401, `Parameter error: connection.${call} takes ${wants}`);
}

/** Answers by the callback if there is one, else by the promise. */
function answer(promise, callback) {
  if (callback === undefined) return promise;
  promise.then(
    (value) => setImmediate(callback, undefined, value),
    (error) => setImmediate(callback, error),
  );
}

/** The asynchronous form of `call`, which takes `count` arguments. */
function asynchronous(call, count) {
  return (...args) => {
    const callback = args[count];
    // `new Promise` runs it now: it tells the state at the call.
    return answer(new Promise((resolve) => resolve(call(...args.slice(0, count)))), callback);
  };
}

class NetHandle {
  constructor(netId) {
    this.netId = netId;
  }

  getAddressesByName(host, callback) {
    return answer(addresses('NetHandle.getAddressesByName', host), callback);
  }

  getAddressByName(host, callback) {
    const first = addresses('NetHandle.getAddressByName', host).then(([address]) => address);
    return answer(first, callback);
  }
}

async function addresses(call, host) {
  if (typeof host !== 'string' || host === '') throw wrong(call, 'a host name');
  try {
    if (current() === undefined) throw new Error('there is no network');
    const found = await dns.promises.lookup(host, { all: true });
    return found.map(({ address, family }) => ({ address, family: family === 6 ? 2 : 1, port: 0 }));
  } catch (cause) {
    const reason = `no address of '${host}' is known: ${cause.message}`;
    throw new BusinessError(2100003, `System internal error: ${reason}`);
  }
}

/** Number 0 says that there is none. */
function getDefaultNetSync() {
  return new NetHandle(current()?.netId ?? 0);
}

function hasDefaultNetSync() {
  return current() !== undefined;
}

function getAllNetsSync() {
  return hasDefaultNetSync() ? [getDefaultNetSync()] : [];
}

function getNetCapabilitiesSync(handle) {
  if (typeof handle?.netId !== 'number') throw wrong('getNetCapabilities', 'a NetHandle');
  const network = current();
  if (network === undefined || handle.netId !== network.netId) {
    const reason = `there is no network ${handle.netId} now`;
    throw new BusinessError(2100001, `Invalid parameter value: ${reason}`);
  }
  return capabilities(network);
}

function capabilities({ capabilities }) {
  const { bearerTypes, networkCap } = capabilities;
  return { ...capabilities, bearerTypes: [...bearerTypes], networkCap: [...networkCap] };
}

function isDefaultNetMeteredSync() {
  const { networkCap } = current()?.capabilities ?? {};
  return networkCap !== undefined && !networkCap.includes(NetCap.NET_CAPABILITY_NOT_METERED);
}

/** Whether `network` is one that a program has asked for. */
function matches(network, specifier) {
  const wanted = specifier?.netCapabilities ?? {};
  const { bearerTypes, networkCap } = network.capabilities;
  return (
    (wanted.bearerTypes ?? bearerTypes).some((type) => bearerTypes.includes(type)) &&
    (wanted.networkCap ?? []).every((capability) => networkCap.includes(capability))
  );
}

class NetConnection {
  #listeners = new Map(EVENTS.map((event) => [event, new Set()]));
  #specifier;
  #timeout;
  #timer;
  #watcher;

  constructor(specifier, timeout) {
    this.#specifier = specifier;
    this.#timeout = timeout;
  }

  on(type, callback) {
    if (!this.#listeners.has(type)) throw wrong('NetConnection.on', `one of ${EVENTS.join(', ')}`);
    if (typeof callback !== 'function') throw wrong('NetConnection.on', 'a callback');
    this.#listeners.get(type).add(callback);
  }

  register(callback) {
    if (typeof callback !== 'function') throw wrong('NetConnection.register', 'a callback');
    if (this.#watcher !== undefined) {
      setImmediate(callback, new BusinessError(2101008, 'The callback already exists.'));
      return;
    }
    this.#watcher = (event, network) => this.#tell(event, network);
    watchers.add(this.#watcher);
    setImmediate(callback, undefined);
    const network = current();
    if (network !== undefined && matches(network, this.#specifier)) {
      this.#tell('available', network);
    } else if (this.#specifier !== undefined && this.#timeout > 0) {
      this.#timer = setTimeout(() => this.#emit('netUnavailable'), this.#timeout);
    }
  }

  unregister(callback) {
    if (typeof callback !== 'function') throw wrong('NetConnection.unregister', 'a callback');
    if (this.#watcher === undefined) {
      setImmediate(callback, new BusinessError(2101007, 'The callback does not exist.'));
      return;
    }
    watchers.delete(this.#watcher);
    this.#watcher = undefined;
    clearTimeout(this.#timer);
    setImmediate(callback, undefined);
  }

  /** In the platform's order: after `netAvailable` come the network's capabilities. */
  #tell(event, network) {
    if (!matches(network, this.#specifier)) return;
    const netHandle = new NetHandle(network.netId);
    if (event === 'lost') {
      this.#emit('netLost', netHandle);
      return;
    }
    clearTimeout(this.#timer);
    this.#emit('netAvailable', netHandle);
    this.#emit('netCapabilitiesChange', { netHandle, netCap: capabilities(network) });
  }

  /** Events come after the code that runs now, while the program still listens. */
  #emit(type, value) {
    const watcher = this.#watcher;
    setImmediate(() => {
      for (const callback of this.#listeners.get(type)) {
        if (this.#watcher === watcher) callback(value);
      }
    });
  }
}

const connection = {
  NetBearType,
  NetCap,
  createNetConnection: (specifier, timeout = 0) => new NetConnection(specifier, timeout),
  getAddressesByName: (host, callback) => answer(addresses('getAddressesByName', host), callback),
  getAllNets: asynchronous(getAllNetsSync, 0),
  getAllNetsSync,
  getDefaultNet: asynchronous(getDefaultNetSync, 0),
  getDefaultNetSync,
  getNetCapabilities: asynchronous(getNetCapabilitiesSync, 1),
  getNetCapabilitiesSync,
  hasDefaultNet: asynchronous(hasDefaultNetSync, 0),
  hasDefaultNetSync,
  isDefaultNetMetered: asynchronous(isDefaultNetMeteredSync, 0),
  isDefaultNetMeteredSync,
};

module.exports = connection;
// The platform exports a default only.
module.exports.default = connection;
