// Resolves the platform's module names: to what hooks and stubs of the program say, else to our
// modules.
//
// `resolve` and `load` are hooks for both of Node's interfaces: `module.registerHooks` calls them
// synchronously, for `import` and `require`; `module.register` calls them on the loader's thread,
// for `import` only, and there the next hook answers by a promise.
//
// An `import` gets an ES module that is made here, with a URL of our own that names the importing
// file and, as ES modules have fixed names, those that it asks for beside what we have. A `require`
// gets the same objects by `requireFile`.
'use strict';

const module_ = require('node:module');
const path = require('node:path');
const { fileURLToPath, pathToFileURL } = require('node:url');
const { namesOf } = require('./imports.js');
const { knownNames, noteImporter } = require('./modules.js');
const { PLATFORM } = require('./names.js');
const { projectOf } = require('./project.js');
const { stubOf } = require('./stubs.js');

const SCHEME = 'arkws://';
/** The hooks run where the program does, so that its modules hear of who imports them. */
const IN_THREAD = typeof module_.registerHooks === 'function';
const MODULES = path.join(__dirname, 'modules.js');
/** How the names of files end that `require` gets as platform modules: none exists. */
const EXTENSION = '.arkws-module';

/** The file that imports, of the URL that Node.js tells; undefined if that is no file's. */
function fileOf(url) {
  return url?.startsWith('file:') ? fileURLToPath(url) : undefined;
}

function resolve(specifier, context, nextResolve) {
  if (!PLATFORM.test(specifier)) return nextResolve(specifier, context);
  const ours = (error) => {
    if (!isNotFound(error)) throw error;
    const importer = fileOf(context.parentURL);
    const isRequire = context.conditions.includes('require');
    const stub = stubOf(specifier, importer);
    if (stub !== undefined) {
      return nextResolve(isRequire ? stub : pathToFileURL(stub).href, context);
    }
    if (isRequire) {
      const url = pathToFileURL(requireFile(specifier, importer)).href;
      return { url, format: 'commonjs', shortCircuit: true };
    }
    // A hook may know what we call it: `mock.module` of node:test does.
    return nextResolve(importUrl(specifier, importer), context);
  };
  // Without a hook of the program's nothing is found.
  return orElse(() => nextResolve(specifier, context), ours);
}

function isNotFound(error) {
  return [
    'ERR_INVALID_MODULE_SPECIFIER',
    'ERR_MODULE_NOT_FOUND',
    'ERR_UNSUPPORTED_RESOLVE_REQUEST',
    'MODULE_NOT_FOUND',
  ].includes(error?.code);
}

/**
 * Of the files of one project the first that imports a module stands for all that want of it what
 * we have.
 */
const firsts = new Map();

function firstOf(importer, name) {
  const key = `${name}\n${projectOf(importer)}`;
  if (!firsts.has(key)) firsts.set(key, importer);
  return firsts.get(key);
}

function importUrl(name, importer) {
  if (importer === undefined) return urlOf(name, '', []);
  noteImporter(name, importer);
  const known = knownNames(name);
  const names = [...namesOf(importer, name)];
  const missing = names.filter((key) => key !== 'default' && !known.includes(key)).sort();
  const isShared = missing.length === 0 && (known.length > 0 || IN_THREAD);
  return urlOf(name, isShared ? firstOf(importer, name) : importer, missing);
}

/** All of it is the path: whoever knows us by URL may add a query. */
function urlOf(name, importer, names) {
  return [SCHEME, name, encodeURIComponent(importer), names.map(encodeURIComponent)].join('/');
}

/** What `urlOf` was made of. */
function partsOf(url) {
  const { pathname } = new URL(url);
  const [, name, importer, names] = pathname.split('/');
  return {
    name,
    importer: decodeURIComponent(importer) || undefined,
    names: names === '' ? [] : names.split(',').map(decodeURIComponent),
  };
}

function load(url, context, nextLoad) {
  if (url.startsWith('file:') && url.endsWith(EXTENSION)) {
    return { format: 'commonjs', source: requiredSource(fileURLToPath(url)), shortCircuit: true };
  }
  if (!url.startsWith(SCHEME)) return nextLoad(url, context);
  const ours = (error) => {
    if (error?.code !== 'ERR_UNSUPPORTED_ESM_URL_SCHEME') throw error;
    const { name, importer, names } = partsOf(url);
    const source = esModule(name, importer, names);
    return { format: 'module', source, shortCircuit: true };
  };
  return orElse(() => nextLoad(url, { ...context, format: 'module' }), ours);
}

/** What `next`, the next hook, says, at once or by a promise; or what `ours` makes of its error. */
function orElse(next, ours) {
  let result;
  try {
    result = next();
  } catch (error) {
    return ours(error);
  }
  return typeof result.then === 'function' ? result.then(undefined, ours) : result;
}

/** The arguments of a call, as source. */
function call(...values) {
  return values.map((value) => JSON.stringify(value)).join(', ');
}

/** The source of an ES module that has the members of a platform module as its exports. */
function esModule(name, importer, missing) {
  const names = [...knownNames(name), ...missing].filter((key) => key !== 'default');
  const exported = names.map((key, index) => `value${index} as ${JSON.stringify(key)}`);
  return [
    `import { platformModule } from ${JSON.stringify(pathToFileURL(MODULES).href)};`,
    `const module = platformModule(${call(name, importer)});`,
    `export default 'default' in module ? module.default : module;`,
    ...names.map((key, index) => `const value${index} = module[${JSON.stringify(key)}];`),
    `export { ${exported.join(', ')} };`,
  ].join('\n');
}

/** The name of a file that `require` loads as the platform's module, for the file `importer`. */
function requireFile(name, importer) {
  return path.join(__dirname, `${name},${encodeURIComponent(importer ?? '')}${EXTENSION}`);
}

/** The file that a `require` of `name` finds, where hooks are for `import` only. */
function findPlatform(name, importer) {
  return stubOf(name, importer) ?? requireFile(name, importer);
}

/** What such a file says, without hooks for `require`. */
function loadRequired(module, file) {
  module._compile(requiredSource(file), file);
}

function requiredSource(file) {
  const [name, importer] = path.basename(file, EXTENSION).split(',').map(decodeURIComponent);
  const values = call(name, importer || undefined);
  return `module.exports = require(${JSON.stringify(MODULES)}).platformModule(${values});`;
}

module.exports = {
  EXTENSION,
  findPlatform,
  isNotFound,
  load,
  loadRequired,
  resolve,
};
