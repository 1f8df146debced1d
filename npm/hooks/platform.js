// Resolves the platform's module names to ours.
//
// `resolve` and `load` are hooks for both of Node's interfaces: `module.registerHooks` calls them
// synchronously, for `import` and `require`; `module.register` calls them on the loader's thread,
// for `import` only. So they never look at what the next hook returns.
//
// An `import` gets an ES module that is made here, with a URL of our own that names the importing
// file; a `require` gets the same objects by `requireFile`.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { fileURLToPath, pathToFileURL } = require('node:url');
const { PLATFORM, platformModule, shimOf } = require('./modules.js');
const { projectOf } = require('./project.js');

const SCHEME = 'arkws:';
const MODULES = path.join(__dirname, 'modules.js');
/** How the names of files end that `require` gets as platform modules: none exists. */
const EXTENSION = '.arkws-module';

/** The file that imports, of the URL that Node.js tells; undefined if that is no file's. */
function fileOf(url) {
  return url?.startsWith('file:') ? fileURLToPath(url) : undefined;
}

/** Of the files of one project the first that imports stands for all: they share one module. */
const firsts = new Map();

function representative(importer) {
  if (importer === undefined) return undefined;
  const project = projectOf(importer);
  if (!firsts.has(project)) firsts.set(project, importer);
  return firsts.get(project);
}

function check(name) {
  if (shimOf(name) !== undefined) return;
  const files = fs.readdirSync(path.join(__dirname, '..', 'platform'));
  const known = files.filter((file) => /^(kit|ohos)\..*\.js$/.test(file));
  const names = known.map((file) => `@${file.slice(0, -'.js'.length)}`).join(', ');
  throw Object.assign(
    new Error(`Cannot find module '${name}': of OpenHarmony's modules arkws has ${names}`),
    { code: 'MODULE_NOT_FOUND' },
  );
}

function resolve(specifier, context, nextResolve) {
  if (!PLATFORM.test(specifier)) return nextResolve(specifier, context);
  check(specifier);
  const importer = fileOf(context.parentURL);
  if (context.conditions.includes('require')) {
    const url = pathToFileURL(requireFile(specifier, importer)).href;
    return { url, format: 'commonjs', shortCircuit: true };
  }
  const query = new URLSearchParams();
  const first = representative(importer);
  if (first !== undefined) query.set('importer', first);
  return { url: `${SCHEME}${specifier}?${query}`, format: 'module', shortCircuit: true };
}

function load(url, context, nextLoad) {
  if (url.startsWith('file:') && url.endsWith(EXTENSION)) {
    return { format: 'commonjs', source: requiredSource(fileURLToPath(url)), shortCircuit: true };
  }
  if (!url.startsWith(SCHEME)) return nextLoad(url, context);
  const { pathname: name, searchParams } = new URL(url);
  const source = esModule(name, searchParams.get('importer') ?? undefined);
  return { format: 'module', source, shortCircuit: true };
}

/** The arguments of a call, as source. */
function call(...values) {
  return values.map((value) => JSON.stringify(value)).join(', ');
}

/** The source of an ES module that has the members of a platform module as its exports. */
function esModule(name, importer) {
  const names = Object.keys(platformModule(name, importer)).filter((key) => key !== 'default');
  return [
    `import { platformModule } from ${JSON.stringify(pathToFileURL(MODULES).href)};`,
    `const module = platformModule(${call(name, importer)});`,
    'export default module.default ?? module;',
    ...names.map((key, index) => `const value${index} = module[${JSON.stringify(key)}];`),
    `export { ${names.map((key, index) => `value${index} as ${JSON.stringify(key)}`).join(', ')} };`,
  ].join('\n');
}

/** The name of a file that `require` loads as the platform's module, for the file `importer`. */
function requireFile(name, importer) {
  check(name);
  const first = encodeURIComponent(representative(importer) ?? '');
  return path.join(__dirname, `${name},${first}${EXTENSION}`);
}

/** What such a file says, without hooks for `require`. */
function loadRequired(module, file) {
  module._compile(requiredSource(file), file);
}

function requiredSource(file) {
  const [name, first] = path.basename(file, EXTENSION).split(',').map(decodeURIComponent);
  return `module.exports = require(${JSON.stringify(MODULES)}).platformModule(${call(name, first || undefined)});`;
}

module.exports = { EXTENSION, PLATFORM, load, loadRequired, requireFile, resolve };
