// `@ohos.buffer`, on Node.js's Buffer. Each buffer has memory of its own, so that `buffer` is an
// ArrayBuffer with its bytes and nothing else, ready for `send`: of a pool it would be more. The
// methods throw the platform's errors.
'use strict';

const node = require('node:buffer');
const { BusinessError } = require('../lib');

/** As the platform's messages have it. */
const MAX_LENGTH = 2 ** 32;
/** Methods that write a number, of which Node.js would make one. */
const WRITES_NUMBER = /^write(U?Int|Float|Double)/i;

function wrong(call, reason) {
  return new BusinessError(401, `Parameter error: buffer.${call}: ${reason}`);
}

function outOfRange(name, range, value) {
  const rule = `The value of "${name}" is out of range. It must be ${range}`;
  return new BusinessError(10200001, `${rule}. Received value is: ${value}`);
}

function checkSize(call, size) {
  if (size >= 0 && typeof size === 'number') return;
  throw wrong(call, `size must be a number that is not negative, and is ${String(size)}`);
}

function checkEncoding(call, encoding) {
  if (encoding !== undefined && !isEncoding(encoding))
    throw wrong(call, `there is no encoding '${encoding}'`);
}

function isEncoding(encoding) {
  return typeof encoding === 'string' && node.Buffer.isEncoding(encoding);
}

/** What Node.js refuses, in the platform's words. */
function attempt(call, run) {
  try {
    return run();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw wrong(call, cause.message);
    const message = cause.message
      .replace(' && ', ' and ')
      .replace(String(Number.MAX_SAFE_INTEGER), String(MAX_LENGTH))
      .replace('. Received', '. Received value is:');
    throw new BusinessError(10200001, message);
  }
}

/** The methods of Node.js's buffers, each with the platform's errors. */
const METHODS = Object.create(node.Buffer.prototype);
for (const [name, { value }] of Object.entries(
  Object.getOwnPropertyDescriptors(node.Buffer.prototype),
)) {
  if (typeof value !== 'function' || name === 'constructor') continue;
  const writesNumber = WRITES_NUMBER.test(name);
  METHODS[name] = function (...args) {
    if (writesNumber && typeof args[0] !== 'number') throw wrong(name, 'the value is no number');
    const result = attempt(name, () => value.apply(this, args));
    // A part of it.
    return result instanceof node.Buffer ? adopt(result) : result;
  };
}

function adopt(bytes) {
  return Object.setPrototypeOf(bytes, METHODS);
}

function own(bytes) {
  const copy = node.Buffer.from(new ArrayBuffer(bytes.length));
  copy.set(bytes);
  return adopt(copy);
}

function alloc(size, fill, encoding) {
  checkSize('alloc', size);
  checkEncoding('alloc', encoding);
  return adopt(attempt('alloc', () => node.Buffer.alloc(size, fill, encoding)));
}

function allocUninitialized(size) {
  checkSize('allocUninitialized', size);
  return adopt(node.Buffer.from(new ArrayBuffer(size)));
}

function from(source, offsetOrEncoding, length) {
  const value = source instanceof String ? source.valueOf() : source;
  if (typeof value === 'string') {
    // A String object has the arguments of an object: there may be an offset.
    const isEncoding = typeof source === 'string' || typeof offsetOrEncoding === 'string';
    const encoding = isEncoding ? offsetOrEncoding : undefined;
    checkEncoding('from', encoding);
    return own(node.Buffer.from(value, encoding));
  }
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) {
    if (length < 0) throw outOfRange('length', `>= 0 and <= ${value.byteLength}`, length);
    return adopt(attempt('from', () => node.Buffer.from(value, offsetOrEncoding, length)));
  }
  if (typeof value !== 'object' || value === null)
    throw wrong('from', `there is no ${typeof value}`);
  return own(attempt('from', () => node.Buffer.from(value, offsetOrEncoding, length)));
}

function byteLength(text, encoding) {
  checkEncoding('byteLength', encoding);
  return attempt('byteLength', () => node.Buffer.byteLength(text, encoding));
}

function compare(first, second) {
  return attempt('compare', () => node.Buffer.compare(first, second));
}

function concat(list, totalLength) {
  if (totalLength !== undefined && !(totalLength >= 0 && totalLength <= MAX_LENGTH))
    throw outOfRange('totalLength', `>= 0 and <= ${MAX_LENGTH}`, totalLength);
  // 0 is the default.
  return own(attempt('concat', () => node.Buffer.concat(list, totalLength || undefined)));
}

function transcode(source, fromEncoding, toEncoding) {
  return own(attempt('transcode', () => node.transcode(source, fromEncoding, toEncoding)));
}

const buffer = {
  Blob: node.Blob,
  alloc,
  allocUninitialized,
  allocUninitializedFromPool: allocUninitialized,
  byteLength,
  compare,
  concat,
  from,
  isBuffer: node.Buffer.isBuffer,
  isEncoding,
  transcode,
};

module.exports = buffer;
// The platform exports a default only.
module.exports.default = buffer;
