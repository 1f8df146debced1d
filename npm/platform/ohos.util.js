// `@ohos.util`: what networking code uses of it, on what Node.js has.
'use strict';

const { randomUUID } = require('node:crypto');
const nodeUtil = require('node:util');
const { BusinessError } = require('../lib');
const { encoderOf } = require('./encoders.js');

/** How Base64 is written: the MIME forms have lines of 76 characters. */
const Type = Object.freeze({ BASIC: 0, MIME: 1, BASIC_URL_SAFE: 2, MIME_URL_SAFE: 3 });
/** RFC 2045, 6.8. */
const MIME_LINE = /.{1,76}/g;
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

function wrong(call, wants) {
  return new BusinessError(401, `Parameter error: util.${call} takes ${wants}`);
}

function checkString(call, value) {
  if (typeof value !== 'string') throw wrong(call, 'a string');
}

function checkBytes(call, value) {
  if (!(value instanceof Uint8Array)) throw wrong(call, 'a Uint8Array');
}

/** Encodings that need no tables. */
const ENCODERS = {
  'utf-8': encodeUtf8,
  'utf-16le': (text) => exact(Buffer.from(text, 'utf16le')),
  'utf-16be': (text) => exact(Buffer.from(text, 'utf16le').swap16()),
  'iso-8859-1': (text) => exact(Buffer.from(text, 'latin1')),
};

/** Of half a pair the platform writes the three bytes that it would have, had it a meaning. */
function encodeUtf8(text) {
  if (text.isWellFormed()) return new globalThis.TextEncoder().encode(text);
  const parts = text.match(/\p{Surrogate}|\P{Surrogate}+/gu) ?? [];
  return exact(
    Buffer.concat(parts.map((part) => (part.length === 1 ? half(part) : Buffer.from(part)))),
  );
}

function half(character) {
  const code = character.charCodeAt(0);
  if (code < 0xd800 || code > 0xdfff) return Buffer.from(character);
  return Buffer.from([0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)]);
}

/** A plain array of its own, where Node.js's Buffers are views of a pool. */
function exact(buffer) {
  return new Uint8Array(buffer);
}

class TextEncoder {
  #encode;
  #isUtf8;

  constructor(encoding) {
    const name = encoding ?? 'utf-8';
    checkString('TextEncoder', name);
    const known = name.toLowerCase() === 'utf8' ? 'utf-8' : name.toLowerCase();
    this.#encode = ENCODERS[known] ?? encoderOf(known);
    if (this.#encode === undefined)
      throw wrong('TextEncoder', `an encoding that is written here, and not '${name}'`);
    this.#isUtf8 = known === 'utf-8';
    Object.defineProperty(this, 'encoding', { value: name, enumerable: true });
  }

  static create(encoding) {
    return new TextEncoder(encoding);
  }

  encode(input = '') {
    checkString('TextEncoder.encode', input);
    return this.#encode(input);
  }

  encodeInto(input = '', dest) {
    return dest === undefined ? this.encode(input) : this.encodeIntoUint8Array(input, dest);
  }

  encodeIntoUint8Array(input, dest) {
    checkString('TextEncoder.encodeIntoUint8Array', input);
    checkBytes('TextEncoder.encodeIntoUint8Array', dest);
    if (this.#isUtf8 && input.isWellFormed())
      return new globalThis.TextEncoder().encodeInto(input, dest);
    let read = 0;
    let written = 0;
    for (const character of input) {
      const bytes = this.#encode(character);
      if (written + bytes.length > dest.length) break;
      dest.set(bytes, written);
      read += character.length;
      written += bytes.length;
    }
    return { read, written };
  }
}

class TextDecoder {
  /** Of `decodeToString`, and of the older methods. */
  #decoder;
  #older;

  constructor(encoding, options) {
    const name = encoding ?? 'utf-8';
    checkString('TextDecoder', name);
    const [fatal, ignoreBOM] = [Boolean(options?.fatal), Boolean(options?.ignoreBOM)];
    // With `true` the older methods leave the mark in, as the Encoding Standard has it.
    this.#decoder = new Decoder(name, { fatal, ignoreBOM: !ignoreBOM });
    this.#older = new Decoder(name, { fatal, ignoreBOM });
    for (const [key, value] of Object.entries({ encoding: name, fatal, ignoreBOM }))
      Object.defineProperty(this, key, { value, enumerable: true });
  }

  static create(encoding, options) {
    return new TextDecoder(encoding, options);
  }

  decodeToString(input, options) {
    return this.#decoder.decode('TextDecoder.decodeToString', input, options);
  }

  decodeWithStream(input, options) {
    return this.#older.decode('TextDecoder.decodeWithStream', input, options);
  }

  decode(input, options) {
    return this.#older.decode('TextDecoder.decode', input, options);
  }
}

/** Node.js's decoder, with the platform's errors. */
class Decoder {
  #name;
  #options;
  #decoder;

  constructor(name, options) {
    this.#name = name;
    this.#options = options;
    this.#restart();
  }

  #restart() {
    try {
      this.#decoder = new globalThis.TextDecoder(this.#name, this.#options);
    } catch (cause) {
      throw wrong('TextDecoder', `an encoding that Node.js knows: ${cause.message}`);
    }
  }

  decode(call, input, options) {
    checkBytes(call, input);
    try {
      return this.#decoder.decode(input, { stream: Boolean(options?.stream) });
    } catch (cause) {
      // Of what has failed nothing is left over for the next call.
      this.#restart();
      throw wrong(call, `bytes of ${this.#name}: ${cause.message}`);
    }
  }
}

class Base64Helper {
  encodeSync(src, type = Type.BASIC) {
    return exact(Buffer.from(this.encodeToStringSync(src, type), 'latin1'));
  }

  encodeToStringSync(src, type = Type.BASIC) {
    checkBytes('Base64Helper.encode', src);
    checkType('Base64Helper.encode', type);
    const bytes = Buffer.from(src.buffer, src.byteOffset, src.length);
    const text = bytes.toString(type >= Type.BASIC_URL_SAFE ? 'base64url' : 'base64');
    return type % 2 === 0 ? text : text.replace(MIME_LINE, '$&\r\n');
  }

  decodeSync(src, type = Type.BASIC) {
    if (typeof src !== 'string') checkBytes('Base64Helper.decode', src);
    checkType('Base64Helper.decode', type);
    let text = typeof src === 'string' ? src : Buffer.from(src).toString('latin1');
    if (type % 2 === 1) text = text.replace(/[\r\n]/g, '');
    // Node.js skips what is no Base64.
    const letters = type >= Type.BASIC_URL_SAFE ? /^[\w-]*={0,2}$/ : /^[A-Za-z0-9+/]*={0,2}$/;
    if (!letters.test(text) || text.replace(/=+$/, '').length % 4 === 1)
      throw wrong('Base64Helper.decode', 'Base64 of its type, and got something else');
    return exact(Buffer.from(text, 'base64'));
  }

  async encode(src, type) {
    return this.encodeSync(src, type);
  }

  async encodeToString(src, type) {
    return this.encodeToStringSync(src, type);
  }

  async decode(src, type) {
    return this.decodeSync(src, type);
  }
}

/** Of what kind a value is: `new util.types().isMap(value)`. Node.js has the same. */
class types {}
Object.assign(types.prototype, nodeUtil.types);

function checkType(call, type) {
  if (!Object.values(Type).includes(type)) throw wrong(call, 'a member of util.Type');
}

function format(text, ...args) {
  checkString('format', text);
  return nodeUtil.format(text, ...args);
}

function errnoToString(errno) {
  if (typeof errno !== 'number') throw wrong('errnoToString', 'a number');
  return nodeUtil.getSystemErrorMap().get(errno)?.[1] ?? `Unknown system error ${errno}`;
}

function callbackWrapper(original) {
  if (typeof original !== 'function') throw wrong('callbackWrapper', 'a function');
  return nodeUtil.callbackify(original);
}

function promisify(original) {
  if (typeof original !== 'function') throw wrong('promisify', 'a function');
  return nodeUtil.promisify(original);
}

function generateRandomUUID(entropyCache) {
  const isCached = entropyCache ?? true;
  if (typeof isCached !== 'boolean') throw wrong('generateRandomUUID', 'a boolean');
  return randomUUID({ disableEntropyCache: !isCached });
}

function generateRandomBinaryUUID(entropyCache) {
  return parseUUID(generateRandomUUID(entropyCache));
}

function parseUUID(uuid) {
  checkString('parseUUID', uuid);
  if (!UUID.test(uuid)) throw new BusinessError(10200002, `Invalid uuid string: '${uuid}'`);
  return exact(Buffer.from(uuid.replaceAll('-', ''), 'hex'));
}

const util = {
  // As it was called before API level 9.
  Base64: Base64Helper,
  Base64Helper,
  TextDecoder,
  TextEncoder,
  Type,
  callbackWrapper,
  errnoToString,
  format,
  generateRandomBinaryUUID,
  generateRandomUUID,
  parseUUID,
  printf: format,
  promisify,
  types,
};

module.exports = util;
// The platform exports a default only.
module.exports.default = util;
