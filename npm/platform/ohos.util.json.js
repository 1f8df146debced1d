// `@ohos.util.json`, the `JSON` of `@kit.ArkTS`: JSON with integers of any size.
'use strict';

const { randomUUID } = require('node:crypto');
const { BusinessError } = require('../lib');

const BigIntMode = Object.freeze({ DEFAULT: 0, PARSE_AS_BIGINT: 1, ALWAYS_PARSE_AS_BIGINT: 2 });
/** A string, or a number. */
const TOKEN = /"(?:\\.|[^"\\])*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const INTEGER = /^-?\d+$/;
/** Before the digits of a big integer, where the language's JSON has but strings for it. */
const MARK = `${randomUUID()}:`;

function wrong(call, reason) {
  return new BusinessError(401, `Parameter error: JSON.${call}: ${reason}`);
}

function attempt(call, run) {
  try {
    return run();
  } catch (cause) {
    // What the program's own function throws is its own.
    throw cause instanceof SyntaxError || cause instanceof TypeError
      ? wrong(call, cause.message)
      : cause;
  }
}

function parse(text, reviver, options) {
  if (typeof text !== 'string') throw wrong('parse', `a ${typeof text} is no text`);
  const mode = options?.bigIntMode ?? BigIntMode.DEFAULT;
  const own = reviver ?? undefined;
  if (mode === BigIntMode.DEFAULT) return attempt('parse', () => JSON.parse(text, own));
  const isBig = (token) =>
    INTEGER.test(token) &&
    (mode === BigIntMode.ALWAYS_PARSE_AS_BIGINT || !Number.isSafeInteger(Number(token)));
  const marked = text.replace(TOKEN, (token) => (isBig(token) ? `"${MARK}${token}"` : token));
  return attempt('parse', () =>
    JSON.parse(marked, function (key, value) {
      const isMarked = typeof value === 'string' && value.startsWith(MARK);
      const read = isMarked ? BigInt(value.slice(MARK.length)) : value;
      return own === undefined ? read : own.call(this, key, read);
    }),
  );
}

function stringify(value, replacer, space) {
  const keys = Array.isArray(replacer) ? new Set(replacer.map(String)) : undefined;
  const own = typeof replacer === 'function' ? replacer : undefined;
  const text = attempt('stringify', () =>
    JSON.stringify(
      value,
      function (key, member) {
        if (keys !== undefined && key !== '' && !Array.isArray(this) && !keys.has(key))
          return undefined;
        const written = own === undefined ? member : own.call(this, key, member);
        return typeof written === 'bigint' ? MARK + written : written;
      },
      space ?? undefined,
    ),
  );
  return text?.replaceAll(new RegExp(`"${MARK}(-?\\d+)"`, 'g'), '$1');
}

function checkMember(call, object, property) {
  if (typeof object !== 'object' || object === null || Array.isArray(object))
    throw wrong(call, 'there is no object to look into');
  if (typeof property !== 'string' || property === '') throw wrong(call, 'there is no name');
}

function has(object, property) {
  checkMember('has', object, property);
  return Object.hasOwn(object, property);
}

function remove(object, property) {
  checkMember('remove', object, property);
  delete object[property];
}

const json = { BigIntMode, has, parse, remove, stringify };

module.exports = json;
// The platform exports a default only.
module.exports.default = json;
