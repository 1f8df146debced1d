// How the web's API reads what programs pass: the conversions of Web IDL.
'use strict';

/** Pairs of surrogates, and halves that have none. */
const SURROGATES = /[\ud800-\udbff][\udc00-\udfff]|[\ud800-\udfff]/g;

/** `USVString`: the value's string, in which half a surrogate pair is U+FFFD. */
function usvString(value) {
  // Not `String()`, which takes symbols.
  const text = `${value}`;
  return text.replace(SURROGATES, (found) => (found.length === 2 ? found : '\ufffd'));
}

/** `[Clamp] unsigned short`: what is out of range is at its end, halves go to the even number. */
function clampedShort(value) {
  const number = Math.min(Math.max(+value, 0), 65535);
  if (Number.isNaN(number)) return 0;
  const floor = Math.floor(number);
  const rest = number - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

/** `[EnforceRange] unsigned short`. */
function enforcedShort(value, name) {
  const number = Math.trunc(+value);
  if (!(number >= 0 && number <= 65535))
    throw new TypeError(`${name} is no number from 0 to 65535`);
  return number + 0;
}

/** What is left out of a call that needs it is a mistake. */
function requireArguments(args, count, call) {
  if (args.length >= count) return;
  throw new TypeError(`${call}: ${count} argument required, but only ${args.length} present`);
}

/** `object`, a function among them. */
function isObject(value) {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

/** A dictionary: an object, or nothing, which is an empty one. */
function dictionary(value, name) {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw new TypeError(`${name} is no object`);
  return value;
}

/** Makes `names` of a class enumerable, as all members of interfaces are, and names the class. */
function defineInterface(ofClass, names) {
  const { prototype } = ofClass;
  for (const name of names) {
    Object.defineProperty(prototype, name, { enumerable: true });
  }
  Object.defineProperty(prototype, Symbol.toStringTag, {
    value: ofClass.name,
    configurable: true,
  });
}

/** Makes constants of an interface, which its class and its instances have. */
function defineConstants(ofClass, constants) {
  for (const [name, value] of Object.entries(constants)) {
    const property = { value, enumerable: true };
    Object.defineProperty(ofClass, name, property);
    Object.defineProperty(ofClass.prototype, name, property);
  }
}

module.exports = {
  clampedShort,
  defineConstants,
  defineInterface,
  dictionary,
  enforcedShort,
  isObject,
  requireArguments,
  usvString,
};
