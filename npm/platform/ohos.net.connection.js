// `@ohos.net.connection`: the state of the network. There is one, the default network; tests lose
// and restore it by `arkws/testing`.
'use strict';

const dns = require('node:dns');
const { isIP } = require('node:net');
const { networkInterfaces } = require('node:os');
const { BusinessError } = require('../lib');
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

/** An address in the platform's form. */
function netAddress(address) {
  return { address, family: isIP(address) === 6 ? 2 : 1, port: 0 };
}

function invalid(reason) {
  return new BusinessError(2100001, `Invalid parameter value: ${reason}`);
}

async function addresses(call, host) {
  if (typeof host !== 'string') throw wrong(call, 'a host name');
  if (host === '') throw invalid(`connection.${call} takes a host name, not an empty string`);
  try {
    if (current() === undefined) throw new Error('there is no network');
    const found = await dns.promises.lookup(host, { all: true });
    return found.map(({ address }) => netAddress(address));
  } catch (cause) {
    const reason = `no address of '${host}' is known: ${cause.message}`;
    throw new BusinessError(2100002, `Failed to connect to the service: ${reason}`);
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

/** The network of a handle; there is but one. */
function networkOf(call, handle) {
  if (typeof handle?.netId !== 'number') throw wrong(call, 'a NetHandle');
  const network = current();
  if (handle.netId === network?.netId) return network;
  throw invalid(`there is no network ${handle.netId} now`);
}

function getNetCapabilitiesSync(handle) {
  return capabilities(networkOf('getNetCapabilities', handle));
}

/** Of this machine's first interface to the outside, as far as Node.js tells. */
function getConnectionPropertiesSync(handle) {
  networkOf('getConnectionProperties', handle);
  const outside = ([, list]) => list.some(({ internal }) => !internal);
  const [interfaceName, list] = Object.entries(networkInterfaces()).find(outside) ?? ['', []];
  return {
    interfaceName,
    domains: '',
    linkAddresses: list.map(({ address, cidr }) => ({
      address: netAddress(address),
      prefixLength: Number(cidr?.split('/')[1] ?? 0),
    })),
    dnses: dns.getServers().map((server) => netAddress(isIP(server) ? server : hostOf(server))),
    routes: [],
    mtu: 1500,
  };
}

/** Of `192.0.2.1:5353` and `[2001:db8::1]:5353`. */
function hostOf(server) {
  return server.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
}

/** The network to which the program binds itself: it is the only one. */
let appNet = 0;

function setAppNet(handle) {
  if (handle?.netId !== 0) networkOf('setAppNet', handle);
  appNet = handle.netId;
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
  getAppNet: asynchronous(() => new NetHandle(appNet), 0),
  getAppNetSync: () => new NetHandle(appNet),
  getConnectionProperties: asynchronous(getConnectionPropertiesSync, 1),
  getConnectionPropertiesSync,
  getDefaultNet: asynchronous(getDefaultNetSync, 0),
  getDefaultNetSync,
  getNetCapabilities: asynchronous(getNetCapabilitiesSync, 1),
  getNetCapabilitiesSync,
  hasDefaultNet: asynchronous(hasDefaultNetSync, 0),
  hasDefaultNetSync,
  isDefaultNetMetered: asynchronous(isDefaultNetMeteredSync, 0),
  isDefaultNetMeteredSync,
  // The system tests the network then: nothing to do here.
  reportNetConnected: asynchronous((handle) => void networkOf('reportNetConnected', handle), 1),
  reportNetDisconnected: asynchronous(
    (handle) => void networkOf('reportNetDisconnected', handle),
    1,
  ),
  setAppNet: asynchronous(setAppNet, 1),
};

module.exports = connection;
// The platform exports a default only.
module.exports.default = connection;
