// Values that stand for what the platform has and arkws has not. A program may import them, pass
// them on, read their members and extend them as classes: what it does not use, it need not have.
// To call, construct, change or convert one throws.
'use strict';

const { shimOf } = require('./names.js');

/**
 * What is asked of any object, to find out what it is: by `await`, by `JSON.stringify`, by the
 * assertions of test runners, by code that a compiler has made.
 */
const ASKED = new Set([
  '$$typeof',
  '@@__IMMUTABLE_ITERABLE__@@',
  '__esModule',
  'asymmetricMatch',
  'nodeType',
  'then',
  'toJSON',
]);

/** How many files an error names that import what is missing. */
const MOST_IMPORTERS = 3;

/**
 * A stand-in for `member` of the platform's module `name`. `member` may be a path, and is empty for
 * the module itself. `importers` are the files of the project that import it.
 */
function standIn(name, member, importers) {
  const members = new Map();
  const pathOf = (key) => (member === '' ? String(key) : `${member}.${String(key)}`);
  const fail = (use, trap, path = member) => {
    throw missing(name, path, importers, use, trap);
  };
  const traps = {
    apply: () => fail('called', traps.apply),
    construct: () => fail('constructed', traps.construct),
    defineProperty: (_, key) => fail('changed', traps.defineProperty, pathOf(key)),
    deleteProperty: (_, key) => fail('changed', traps.deleteProperty, pathOf(key)),
    set: (_, key) => fail('changed', traps.set, pathOf(key)),
    get(target, key, receiver) {
      if (key === 'prototype' || key === Symbol.hasInstance) return target[key];
      if (key === Symbol.toPrimitive) return () => fail('converted to a primitive');
      if (key === Symbol.iterator || key === Symbol.asyncIterator) return () => fail('iterated');
      if (member === '' && key === '__esModule') return true;
      if (member === '' && key === 'default') return receiver;
      if (typeof key === 'symbol' || ASKED.has(key)) return undefined;
      let value = members.get(key);
      if (value === undefined) {
        value = standIn(name, pathOf(key), importers);
        members.set(key, value);
      }
      return value;
    },
  };
  // It can be called, constructed and extended. Who prints it sees its name.
  const target = class {};
  if (member === '') {
    // As for `completedModule`.
    const prototype = new Proxy(Object.prototype, { get: traps.get });
    traps.getPrototypeOf = () => prototype;
  }
  Object.defineProperty(target, 'name', { value: `stand-in for ${name} ${member}`.trim() });
  return new Proxy(target, traps);
}

/** An object whose missing members are stand-ins. */
function completed(object, name, path, importers) {
  return new Proxy(object, { get: memberOr(name, path, importers) });
}

/**
 * A module whose missing members are stand-ins. What a compiler makes of `import`, for CommonJS,
 * copies a module's own members into an object of the same prototype: it finds them, too.
 */
function completedModule(members, name, importers) {
  const get = memberOr(name, '', importers);
  const prototype = new Proxy(Object.prototype, { get });
  return new Proxy(members, { get, getPrototypeOf: () => prototype });
}

/** Gets a member, or a stand-in for a missing one. */
function memberOr(name, path, importers) {
  const members = new Map();
  return (target, key, receiver) => {
    const isMissing = typeof key === 'string' && !(key in target) && !ASKED.has(key);
    if (!isMissing) return Reflect.get(target, key, receiver);
    if (!members.has(key)) members.set(key, standIn(name, path + key, importers));
    return members.get(key);
  };
}

function missing(name, member, importers, use, trap) {
  const what = member === '' ? 'it' : `'${member}'`;
  const [, short] = /^(?:@\w+\.|lib)(.*?)(?:\.so)?$/.exec(name);
  const stub = `./stubs/${short}.ets`;
  const first = [...importers].slice(0, MOST_IMPORTERS).join(', ') || 'a file that is not known';
  const more =
    importers.size > MOST_IMPORTERS ? ` and ${importers.size - MOST_IMPORTERS} more` : '';
  const all = shimOf(name) ? ` (with export * from '${name}' it has all that arkws has)` : '';
  const error = new Error(
    `${name}: ${what} was ${use}, of which arkws has but a stand-in ` +
      `(imported by ${first}${more}). A stub, a file of yours, can replace the module${all}: ` +
      `"arkws": { "stubs": { "${name}": "${stub}" } } in package.json, or ARKWS_STUBS, or ` +
      `require('arkws/register').stub`,
  );
  error.code = 'ARKWS_STAND_IN';
  if (trap !== undefined) Error.captureStackTrace(error, trap);
  return error;
}

module.exports = { completed, completedModule, standIn };
