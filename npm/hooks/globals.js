// What ArkTS programs find without an import: decorators, resources, and what stands for a struct.
// Compiled files that mention one import this file; nothing is added to the program's globals.
'use strict';

/**
 * Decorators that mean nothing off the device: they tell ArkUI, or the platform's runtime. But
 * `Event`, which is a member's of a struct: Node.js has a class of that name.
 */
const DECORATORS = [
  // Of classes and structs.
  'Component',
  'ComponentV2',
  'CustomDialog',
  'Entry',
  'Observed',
  'ObservedV2',
  'Preview',
  'Reusable',
  'ReusableV2',
  'Sendable',
  // Of their members.
  'BuilderParam',
  'Computed',
  'Concurrent',
  'Consume',
  'Consumer',
  'Env',
  'Link',
  'Local',
  'LocalStorageLink',
  'LocalStorageProp',
  'Monitor',
  'ObjectLink',
  'Once',
  'Param',
  'Prop',
  'Provide',
  'Provider',
  'Require',
  'State',
  'StorageLink',
  'StorageProp',
  'SyncMonitor',
  'Trace',
  'Track',
  'Type',
  'Watch',
];
/** What ArkUI keeps for a program, and has no sense without it. */
const NEED_PLATFORM = ['AppStorage', 'LocalStorage', 'PersistentStorage', 'getContext'];

/** A decorator, and what `@Name(…)` calls to get one. */
function decorator(target, key) {
  const decorates = typeof target === 'function' || (key !== undefined && target !== null);
  return decorates ? undefined : decorator;
}

function failure(what) {
  return new Error(`${what} needs the platform: off the device there is no ArkUI`);
}

/** May be imported, passed on and printed; throws when it is used. */
function standIn(what) {
  const used = () => {
    throw failure(what);
  };
  function target() {}
  // Printing looks through the Proxy.
  target[Symbol.for('nodejs.util.inspect.custom')] = () => what;
  return new Proxy(target, {
    apply: used,
    construct: used,
    set: used,
    get(_, key) {
      if (key === Symbol.toPrimitive) return used;
      // Asked of whatever is awaited, or shown.
      return typeof key === 'symbol' || key === 'then' || key === 'toJSON' ? undefined : used();
    },
  });
}

/** The class that is there instead of a struct. */
function struct(name, place) {
  process.emitWarning(`${place}: the struct ${name} is left out, as it needs ArkUI`, {
    code: 'ARKWS_STRUCT',
  });
  return class {
    constructor() {
      throw failure(`The struct ${name} (${place})`);
    }
  };
}

/** Called by the function that is there instead of a `@Builder`. */
function builder(name, place) {
  throw failure(`The function ${name} (${place}), which builds components,`);
}

module.exports = {
  ...Object.fromEntries(DECORATORS.map((name) => [name, decorator])),
  ...Object.fromEntries(NEED_PLATFORM.map((name) => [name, standIn(name)])),
  $r: (name) => standIn(`The resource $r('${name}')`),
  $rawfile: (name) => standIn(`The resource $rawfile('${name}')`),
  builder,
  struct,
  wrapBuilder: (builder) => ({ builder }),
};
