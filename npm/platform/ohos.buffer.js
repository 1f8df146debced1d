// `@ohos.buffer`, on Node.js's Buffer. Each buffer has memory of its own, so that `buffer` is an
// ArrayBuffer with its bytes and nothing else, ready for `send`: of a pool it would be more.
'use strict';

const node = require('node:buffer');
const { BusinessError } = require('../lib/errors.js');

const MAX_LENGTH = 0xffffffff;

function wrong(call, reason) {
  return new BusinessError(401, `Parameter error: buffer.${call}: ${reason}`);
}

function outOfRange(name, range, value) {
  const rule = `The value of "${name}" is out of range. It must be ${range}`;
  return new BusinessError(10200001, `${rule}. Received value is: ${value}`);
}

function checkSize(call, size) {
  if (typeof size !== 'number' || Number.isNaN(size)) throw wrong(call, 'size is no number');
  if (size < 0 || size > MAX_LENGTH) throw outOfRange('size', `>= 0 and <= ${MAX_LENGTH}`, size);
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
    if (cause.code === 'ERR_OUT_OF_RANGE' || cause.code === 'ERR_BUFFER_OUT_OF_BOUNDS')
      throw new BusinessError(10200001, `buffer.${call}: ${cause.message}`);
    throw wrong(call, cause.message);
  }
}

function own(bytes) {
  const copy = node.Buffer.from(new ArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}

function alloc(size, fill, encoding) {
  checkSize('alloc', size);
  checkEncoding('alloc', encoding);
  return attempt('alloc', () => node.Buffer.alloc(size, fill, encoding));
}

function allocUninitialized(size) {
  checkSize('allocUninitialized', size);
  return node.Buffer.from(new ArrayBuffer(size));
}

function from(source, offsetOrEncoding, length) {
  const value = source instanceof String ? source.valueOf() : source;
  if (typeof value === 'string') {
    checkEncoding('from', offsetOrEncoding);
    return own(node.Buffer.from(value, offsetOrEncoding));
  }
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer)
    return attempt('from', () => node.Buffer.from(value, offsetOrEncoding, length));
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
    throw outOfRange('length', '>= 0 and <= uint32 max', totalLength);
  return own(attempt('concat', () => node.Buffer.concat(list, totalLength)));
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
