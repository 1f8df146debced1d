// The platform's modules, as files of a program get them: what we have of a module is one object
// for each project, what we have not is a stand-in.
'use strict';

const { shimOf } = require('./names.js');
const { projectOf } = require('./project.js');
const { completed, completedModule, standIn } = require('./stand-in.js');

/** What projects have, by project and name. */
const modules = new Map();
/** The namespaces that have been completed: several modules share one. */
const namespaces = new WeakMap();

/**
 * What the file `importer` gets that asks for the platform's module `name`. Its members are the
 * same for all files of the project. `importer` is undefined where it is not known; `shown` is what
 * errors call it.
 */
function platformModule(name, importer, shown = importer) {
  const entry = noteImporter(name, importer, shown);
  const { importers } = entry;
  entry.members ??= membersOf(name, importer, importers);
  if (entry.members === undefined) return standIn(name, '', importers);
  return completedModule(entry.members, name, importers);
}

/** A file imports a module. */
function noteImporter(name, importer, shown = importer) {
  const entry = entryOf(name, importer);
  if (shown !== undefined) entry.importers.add(shown);
  return entry;
}

function entryOf(name, importer) {
  const project = importer === undefined ? undefined : projectOf(importer);
  const key = `${name}\n${project ?? '?'}`;
  if (!modules.has(key)) modules.set(key, { importers: new Set(), members: undefined });
  return modules.get(key);
}

/** What we have of a module; undefined: nothing. */
function membersOf(name, importer, importers) {
  const file = shimOf(name);
  if (file === undefined) return undefined;
  const shim = require(file);
  // Level and permission of what it makes are the importing file's.
  const module = typeof shim === 'function' ? shim(importer) : shim;
  const members = Object.entries(module).map(([key, value]) => {
    const path = key === 'default' ? '' : `${key}.`;
    return [key, isNamespace(value) ? completedOnce(value, name, path, importers) : value];
  });
  // What a compiler makes of an `import` finds the default by its name.
  return Object.defineProperty(Object.fromEntries(members), '__esModule', { value: true });
}

/** An object with functions and classes of the platform. Of `webSocket` we have all. */
function isNamespace(value) {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.getPrototypeOf(value) === Object.prototype &&
    !('createWebSocket' in value)
  );
}

function completedOnce(value, ...rest) {
  if (!namespaces.has(value)) namespaces.set(value, completed(value, ...rest));
  return namespaces.get(value);
}

/** The names of what we have of a module. */
function knownNames(name) {
  const file = shimOf(name);
  if (file === undefined) return [];
  const shim = require(file);
  return Object.keys(typeof shim === 'function' ? shim() : shim);
}

module.exports = { knownNames, noteImporter, platformModule };
