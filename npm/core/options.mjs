// Options as programs write them, made what the native half takes. Of the platform's own ones,
// those of a wrong type are ignored, as the platform does, but for `proxy` and `protocol`; of ours
// they are mistakes (401).
import { signalOption } from './abort.mjs';
import { parameterError } from './errors.mjs';
import { certificateAtStart } from './certificate.mjs';
import { flatten, leavesOut } from './headers.mjs';
import { listening } from './listening.mjs';
import { authorities, identity } from './pem.mjs';
import { functionOption } from './questions.mjs';
import { warnOfOptions } from './warnings.mjs';

/** Options of `connect` that all objects have. */
const COMMON = [
  'header',
  'caPath',
  'clientCert',
  'proxy',
  'protocol',
  'skipServerCertVerification',
  'pingInterval',
  'pongTimeout',
  'minSupportTlsProtocol',
  'supportOriginPort',
  'connectTimeout',
  'handshakeTimeout',
  'writeTimeout',
  'messageTimeout',
  'maxRedirects',
  'maxHeaderBytes',
  'maxHeaders',
  'maxMessageSize',
  'maxFragments',
  'maxQueuedBytes',
  'perMessageDeflate',
  'reconnect',
  'binaryType',
];

/**
 * Options of `connect` that the platform would refuse, or ignore: for objects that were made
 * through `import 'arkws'`.
 */
const OURS = [
  'acceptViews',
  'signal',
  'ca',
  'cert',
  'key',
  'passphrase',
  'servername',
  'localAddress',
  'lookup',
];

/**
 * Options of `connect`; a `Map` in their place is the headers, as one of the documentation's
 * examples has it. `isOurs`: the object was made through `import 'arkws'`.
 */
export function connectOptions(options, isOurs) {
  if (options instanceof Map) return { headers: flatten(options) };
  const { header } = options;
  const read = commonOptions(options, header);
  if (isOurs) Object.assign(read, ourOptions(options, header));
  warnOfOptions('connect', options, isOurs ? [...COMMON, ...OURS] : COMMON, OURS);
  return read;
}

function ourOptions(options, header) {
  return {
    omitOrigin: leavesOut(header, 'origin'),
    acceptViews: flag(options, 'acceptViews'),
    signal: signalOption(options),
    ca: authorities(options),
    identity: identity(options),
    servername: name(options, 'servername'),
    localAddress: name(options, 'localAddress'),
    lookup: functionOption(options, 'lookup'),
  };
}

function commonOptions(options, header) {
  return {
    headers: flatten(header),
    caPath: only('string', options.caPath),
    clientCert: certificate(options.clientCert),
    skipServerCertVerification: only('boolean', options.skipServerCertVerification),
    minSupportTlsProtocol: only('number', options.minSupportTlsProtocol),
    ...proxy(options),
    protocol: protocol(options),
    pingInterval: only('number', options.pingInterval),
    pongTimeout: only('number', options.pongTimeout),
    supportOriginPort: only('boolean', options.supportOriginPort),
    connectTimeout: number(options, 'connectTimeout'),
    handshakeTimeout: number(options, 'handshakeTimeout'),
    writeTimeout: amount(options, 'writeTimeout'),
    messageTimeout: amount(options, 'messageTimeout'),
    maxRedirects: amount(options, 'maxRedirects'),
    maxHeaderBytes: number(options, 'maxHeaderBytes'),
    maxHeaders: number(options, 'maxHeaders'),
    maxMessageSize: number(options, 'maxMessageSize'),
    maxFragments: number(options, 'maxFragments'),
    maxQueuedBytes: amount(options, 'maxQueuedBytes'),
    perMessageDeflate: flag(options, 'perMessageDeflate'),
    reconnect: reconnect(options.reconnect),
    binaryType: binaryType(options),
  };
}

/** Code and reason of a `close`. */
export function closeOptions(options) {
  if (isObject(options)) warnOfOptions('close', options, ['code', 'reason']);
  return { code: only('number', options?.code), reason: only('string', options?.reason) };
}

/** Options of a server's `stop`. */
export function stopOptions(options) {
  if (!isObject(options)) throw parameterError('stop takes an object, or nothing');
  const { reason } = options;
  if (reason !== undefined && typeof reason !== 'string')
    throw parameterError('reason is not a string');
  const read = { code: number(options, 'code'), reason, timeout: amount(options, 'timeout') };
  warnOfOptions('stop', options, Object.keys(read));
  return read;
}

/** Options of a server's `start`. */
export function serverOptions(config) {
  const read = readServerOptions(config);
  warnOfOptions('start', config, Object.keys(read));
  return read;
}

function readServerOptions(config) {
  return {
    ...listening(config),
    serverCert: certificateAtStart(config.serverCert),
    maxConcurrentClientsNumber: only('number', config.maxConcurrentClientsNumber),
    maxConnectionsForOneClient: only('number', config.maxConnectionsForOneClient),
    limits: limits(config.limits),
    trustProxy: trustProxy(config),
    protocol: only('string', config.protocol),
    pingInterval: amount(config, 'pingInterval'),
    maxMessageSize: number(config, 'maxMessageSize'),
    maxFragments: number(config, 'maxFragments'),
    maxHeaderBytes: number(config, 'maxHeaderBytes'),
    maxHeaders: number(config, 'maxHeaders'),
    perMessageDeflate: flag(config, 'perMessageDeflate'),
    handshakeTimeout: number(config, 'handshakeTimeout'),
    requestTimeout: number(config, 'requestTimeout'),
    writeTimeout: amount(config, 'writeTimeout'),
    messageTimeout: amount(config, 'messageTimeout'),
    maxUnfinishedBytes: number(config, 'maxUnfinishedBytes'),
    maxQueuedBytes: amount(config, 'maxQueuedBytes'),
    allowedOrigins: list(config, 'allowedOrigins'),
  };
}

function only(type, value) {
  return typeof value === type ? value : undefined;
}

function text(value) {
  return only('string', value) ?? '';
}

export function isObject(value) {
  return typeof value === 'object' && value !== null;
}

/** The certificate and key of a client. */
function certificate(value) {
  if (!isObject(value)) return undefined;
  return {
    certPath: text(value.certPath),
    keyPath: text(value.keyPath),
    keyPassword: text(value.keyPassword),
  };
}

function proxy(options) {
  if (!('proxy' in options) || options.proxy === 'system') return {};
  const { proxy } = options;
  if (proxy === 'no-proxy') return { noProxy: true };
  if (!isObject(proxy))
    throw parameterError("proxy is neither 'system' nor 'no-proxy' nor an object");
  const { exclusionList, exclusions } = proxy;
  const isSocks5 = exclusions !== undefined && exclusionList === undefined;
  const host = text(proxy.host);
  return {
    proxy: {
      host: isSocks5 ? socks5(host) : host,
      port: only('number', proxy.port),
      username: text(proxy.username),
      password: text(proxy.password),
      exclusionList: strings(isSocks5 ? exclusions : exclusionList),
    },
  };
}

/** The host of the platform's `Socks5Proxy`, as the native half takes it; empty: there is none. */
function socks5(host) {
  const name = host.trim();
  return name === '' || name.includes('://') ? name : `socks5://${name}`;
}

function strings(value) {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
}

export function isArrayOfStrings(value) {
  if (!Array.isArray(value)) return false;
  // `every` would leave out what was never set.
  for (let index = 0; index < value.length; index += 1) {
    if (typeof value[index] !== 'string') return false;
  }
  return true;
}

/** An array of strings, and of nothing else. */
function list(options, name) {
  const value = options[name];
  if (value !== undefined && !isArrayOfStrings(value)) {
    throw parameterError(`${name} is not an array of strings`);
  }
  return value;
}

function protocol(options) {
  if ('protocol' in options && typeof options.protocol !== 'string')
    throw parameterError('protocol is not a string');
  return options.protocol;
}

/** Its range is checked where it is used. What is no number over 0 becomes 0 on the way there. */
function number(options, name) {
  const value = options[name];
  if (value !== undefined && typeof value !== 'number')
    throw parameterError(`${name} is not a number`);
  return value;
}

/** A number of bytes, milliseconds or seconds of which 0 means something, and less does not. */
function amount(options, name) {
  const value = options[name];
  if (value !== undefined && !(typeof value === 'number' && value >= 0)) {
    throw parameterError(`${name} is not a number from 0`);
  }
  return value;
}

/** The same, of which there is a longest. */
function finite(options, name) {
  const value = amount(options, name);
  if (value === Infinity) throw parameterError(`${name} is not a finite number`);
  return value;
}

/** A string that is not empty. */
function name(options, option) {
  const value = options[option];
  if (value !== undefined && !(typeof value === 'string' && value !== ''))
    throw parameterError(`${option} is not a string, or is empty`);
  return value;
}

function flag(options, name) {
  const value = options[name];
  if (value !== undefined && typeof value !== 'boolean')
    throw parameterError(`${name} is not a boolean`);
  return value;
}

function binaryType({ binaryType }) {
  if (binaryType !== undefined && typeof binaryType !== 'string')
    throw parameterError('binaryType is not a string');
  return binaryType;
}

const LIMITS = ['connections', 'perAddress', 'attemptsPerMinute', 'handshakes'];

/** A name, or an object of numbers; one that is misspelt would leave the door open. */
function limits(value) {
  if (value === undefined || typeof value === 'string') return value;
  if (!isObject(value)) throw parameterError('limits is neither a string nor an object');
  const unknown = Object.keys(value).find((name) => !LIMITS.includes(name));
  if (unknown !== undefined) throw parameterError(`limits has no member ${unknown}`);
  return Object.fromEntries(LIMITS.map((name) => [name, number(value, name)]));
}

const RECONNECT = [
  'initialDelay',
  'maxDelay',
  'factor',
  'jitter',
  'maxAttempts',
  'retryOn',
  'maxQueuedBytes',
  'header',
  'url',
];

/** Whether proxies with private addresses are trusted, or addresses and networks of others. */
function trustProxy(config) {
  const { trustProxy } = config;
  return typeof trustProxy === 'boolean' ? trustProxy : list({ trustProxy }, 'trustProxy');
}

function reconnect(value) {
  if (value === undefined || value === false) return undefined;
  if (value === true) return {};
  if (!isObject(value)) throw parameterError('reconnect is neither a boolean nor an object');
  warnOfOptions('reconnect', value, RECONNECT);
  return {
    initialDelay: finite(value, 'initialDelay'),
    maxDelay: finite(value, 'maxDelay'),
    factor: number(value, 'factor'),
    jitter: flag(value, 'jitter'),
    maxAttempts: amount(value, 'maxAttempts'),
    retryOn: list(value, 'retryOn'),
    maxQueuedBytes: amount(value, 'maxQueuedBytes'),
    header: functionOption(value, 'header'),
    url: functionOption(value, 'url'),
  };
}
