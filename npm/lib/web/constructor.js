// What the constructors of the web's API are told: a URL, sub-protocols, options.
'use strict';

const { BusinessError, connectOptions } = require('../core.js');
const { dictionary, isObject } = require('./webidl.js');

function syntaxError(message) {
  return new DOMException(message, 'SyntaxError');
}

/** The URL record of what a program has passed. */
function urlRecord(text) {
  const base = globalThis.location?.href;
  let url;
  try {
    url = typeof base === 'string' ? new URL(text, base) : new URL(text);
  } catch {
    throw syntaxError(`${JSON.stringify(text)} is no URL`);
  }
  if (url.protocol === 'http:') url.protocol = 'ws:';
  else if (url.protocol === 'https:') url.protocol = 'wss:';
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:')
    throw syntaxError(`the URL ${JSON.stringify(text)} is neither ws nor wss, nor http or https`);
  if (url.href.includes('#'))
    throw syntaxError(`the URL ${JSON.stringify(text)} has a fragment, which no WebSocket has`);
  return url;
}

/** A token (RFC 9110, 5.6.2), which the name of a sub-protocol is. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Sub-protocols: each can stand in the header, and none stands there twice. */
function checkProtocols(protocols) {
  const seen = new Set();
  for (const protocol of protocols) {
    if (!TOKEN.test(protocol))
      throw syntaxError(`${JSON.stringify(protocol)} is no name of a sub-protocol: it is no token`);
    const key = protocol.toLowerCase();
    if (seen.has(key))
      throw syntaxError(`the sub-protocol ${JSON.stringify(protocol)} is asked for twice`);
    seen.add(key);
  }
  return protocols;
}

/** `DOMString or sequence<DOMString>`, as a list. */
function protocolList(value) {
  const isList = isObject(value) && typeof value[Symbol.iterator] === 'function';
  return isList ? Array.from(value, (one) => `${one}`) : [`${value}`];
}

/** Options of ours that the web's API has no use for. */
const NOT_OURS = ['binaryType', 'reconnect', 'acceptViews', 'protocol', 'header'];

/**
 * Options as undici has them, and ours, as the native half takes them; and the sub-protocols, and
 * the signal that a `WebSocketStream` may have. `onlyLists`: one sub-protocol is a list, too.
 */
function readOptions(value, onlyLists = false) {
  const { protocols, headers, signal, ...rest } = dictionary(value, 'options');
  if (signal !== undefined && signal !== null && !(signal instanceof AbortSignal))
    throw new TypeError('signal is no AbortSignal');
  if (onlyLists && protocols !== undefined && !isObject(protocols))
    throw new TypeError('protocols is no list');
  const list = protocols === undefined ? [] : protocolList(protocols);
  return { protocols: list, options: nativeOptions(rest, headers, list), signal };
}

function nativeOptions(rest, headers, protocols) {
  for (const name of NOT_OURS) {
    if (rest[name] !== undefined)
      throw new TypeError(`the option ${name} is none of a WebSocket of the web`);
  }
  let read;
  try {
    const given = {
      // As a fetch of a WebSocket: a redirect is a failure.
      maxRedirects: 0,
      maxQueuedBytes: Infinity,
      perMessageDeflate: true,
      ...rest,
      header: fieldsOf(headers),
    };
    read = connectOptions(given, true);
  } catch (error) {
    if (!(error instanceof BusinessError)) throw error;
    throw new TypeError(error.message, { cause: error });
  }
  read.protocol = protocols.join(', ');
  read.acceptViews = true;
  // Node.js has no origin of its own; a program may name one in `headers`.
  read.omitOrigin = true;
  return read;
}

/** `HeadersInit`, as pairs. */
function fieldsOf(headers) {
  if (headers === undefined || headers === null) return [];
  if (!isObject(headers)) throw new TypeError('headers is no object');
  const pairs =
    typeof headers[Symbol.iterator] === 'function' ? [...headers] : Object.entries(headers);
  return pairs.map((pair) => {
    const [name, value, ...more] = pair;
    if (pair.length !== 2 || more.length > 0)
      throw new TypeError('each entry of headers must be [name, value]');
    return [`${name}`, `${value}`];
  });
}

/** The second argument of `new WebSocket`: sub-protocols, or options. */
function protocolsOrOptions(value) {
  if (isObject(value) && typeof value[Symbol.iterator] !== 'function') {
    const read = readOptions(value);
    if (read.signal) throw new TypeError('only a WebSocketStream has the option signal');
    return read;
  }
  const protocols = value === undefined ? [] : protocolList(value);
  return { protocols, options: nativeOptions({}, undefined, protocols) };
}

/** Ports that fetch does not connect to (https://fetch.spec.whatwg.org/#port-blocking). */
const BLOCKED = new Set(
  `1 7 9 11 13 15 17 19 20 21 22 23 25 37 42 43 53 69 77 79 87 95 101 102 103 104 109 110 111 113
  115 117 119 123 135 137 139 143 161 179 389 427 465 512 513 514 515 526 530 531 532 540 548 554
  556 563 587 601 636 989 990 993 995 1719 1720 1723 2049 3659 4045 4190 5060 5061 6000 6566 6665
  6666 6667 6668 6669 6679 6697 10080`.split(/\s+/),
);

/** Whether fetch connects to nothing there: other protocols live there. */
function isBlocked({ port }) {
  return BLOCKED.has(port);
}

/** Code and reason of a close, which may be left out (`undefined`). */
function checkClose(code, reason) {
  if (code !== undefined && code !== 1000 && !(code >= 3000 && code <= 4999)) {
    throw new DOMException(
      `the close code ${code} is neither 1000 nor one from 3000 to 4999`,
      'InvalidAccessError',
    );
  }
  if (reason !== undefined && Buffer.byteLength(reason) > 123)
    throw syntaxError('the reason of the close is longer than 123 bytes of UTF-8');
}

module.exports = {
  checkClose,
  checkProtocols,
  isBlocked,
  protocolsOrOptions,
  readOptions,
  urlRecord,
};
