// Header fields, between the forms that programs use and the flat list that the native half takes
// and gives: `[name, value, name, value, ...]`.
import { parameterError } from './errors.mjs';

/**
 * Whatever a program may write as `header`: an object, a `Map`, or pairs. Names and values are
 * checked by the native half.
 */
export function flatten(header) {
  if (typeof header !== 'object' || header === null) return [];
  const fields = new Map();
  if (header instanceof Map) {
    for (const [name, value] of header) set(fields, name, value);
  } else if (typeof header[Symbol.iterator] === 'function') {
    for (const pair of header) {
      if (!Array.isArray(pair) || pair.length !== 2)
        throw parameterError('each entry of header must be [name, value]');
      add(fields, ...pair);
    }
  } else {
    // With inherited names, as the platform reads them.
    for (const name in header) set(fields, name, header[name]);
  }
  return [...fields].flatMap(([name, values]) => values.flatMap((value) => [name, value]));
}

/** Whether a program says by `null` that a field of ours, of this lower-case name, is left out. */
export function leavesOut(header, name) {
  if (typeof header !== 'object' || header === null) return false;
  const isPairs = typeof header[Symbol.iterator] === 'function';
  const fields = isPairs ? header : Object.entries(header);
  for (const [key, value] of fields) {
    if (value === null && String(key).toLowerCase() === name) return true;
  }
  return false;
}

/**
 * Names that differ only by case are one, and the last wins: an object cannot mean to send a field
 * twice.
 */
function set(fields, name, value) {
  const values = usable(value);
  if (values.length > 0) fields.set(String(name).toLowerCase(), values);
}

/** Pairs can. */
function add(fields, name, value) {
  const key = String(name).toLowerCase();
  const values = usable(value);
  const before = fields.get(key);
  if (before !== undefined) for (const one of values) before.push(one);
  else if (values.length > 0) fields.set(key, values);
}

/**
 * Strings that are not empty, and numbers, alone or in an array; the platform skips what it does
 * not know.
 */
function usable(value) {
  return (Array.isArray(value) ? value : [value])
    .filter((one) => typeof one === 'number' || (typeof one === 'string' && one !== ''))
    .map(String);
}

/**
 * An object of a flat list; a field that came several times is an array. It inherits nothing: what
 * the peer did not send is not there (`constructor`), and what it did send is a field like others
 * (`__proto__`).
 */
export function unflatten(flat) {
  const fields = Object.create(null);
  for (let i = 0; i < flat.length; i += 2) {
    const [name, value] = [flat[i], flat[i + 1]];
    const before = fields[name];
    if (before === undefined) fields[name] = value;
    else if (typeof before === 'string') fields[name] = [before, value];
    else before.push(value);
  }
  return fields;
}
