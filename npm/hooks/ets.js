// Loads ArkTS and TypeScript: finds files as ArkTS names them, and compiles them.
//
// A hook for both of Node's interfaces: see platform.js.
'use strict';

const fs = require('node:fs');
const module_ = require('node:module');
const { fileURLToPath, pathToFileURL } = require('node:url');
const { compile } = require('./compile.js');
const { formatOf, isArkTs, isSource } = require('./files.js');
const { find } = require('./resolve.js');
const { locate } = require('./stack.js');

function fileOf(url) {
  return url?.startsWith('file:') ? fileURLToPath(url) : undefined;
}

function resolve(specifier, context, nextResolve) {
  const importer = fileOf(context.parentURL);
  if (importer === undefined || !isArkTs(importer)) return nextResolve(specifier, context);
  const fail = (error) => {
    throw locate(error, specifier, importer);
  };
  const found = (result) => withType(result, context);
  try {
    const result = nextResolve(meant(specifier, importer, context), context);
    // On the loader's thread it is a promise.
    return typeof result?.then === 'function' ? result.then(found, fail) : found(result);
  } catch (error) {
    return fail(error);
  }
}

/** ArkTS imports JSON by the name alone. */
function withType(result, { conditions, importAttributes }) {
  const isJson = /\.json(?:\?|$)/.test(result?.url) && !conditions?.includes('require');
  if (!isJson || importAttributes?.type !== undefined) return result;
  return { ...result, importAttributes: { ...importAttributes, type: 'json' } };
}

/** What `specifier` means to ArkTS, in words that Node.js knows. */
function meant(specifier, importer, { conditions }) {
  const [name, search = ''] = specifier.split(/(?=\?)/);
  const file = find(name, importer);
  if (file === undefined) return specifier;
  // `require` knows paths only.
  return conditions?.includes('require') ? file : pathToFileURL(file).href + search;
}

function load(url, context, nextLoad) {
  const file = fileOf(url);
  if (file === undefined || !isArkTs(file)) return nextLoad(url, context);
  watch(url);
  const text = fs.readFileSync(file, 'utf8');
  const format = formatOf(file, text);
  const loaded = (next) => {
    // A hook of the program's has compiled it.
    if (next.format !== format) return next;
    const source = textOf(next.source) ?? text;
    const isCompiled = isSource(file);
    if (!isCompiled && format !== 'module') return next;
    const code = isCompiled ? compile(source, file, format) : source;
    return { format, source: code, shortCircuit: true };
  };
  const next = nextLoad(url, { ...context, format });
  return typeof next.then === 'function' ? next.then(loaded) : loaded(next);
}

function textOf(source) {
  return source == null || typeof source === 'string' ? source : new TextDecoder().decode(source);
}

/**
 * Under `node --watch` the process that watches must know a file. Node.js 22 tells it of those only
 * that it has loaded: a mistake could be mended without effect.
 */
function watch(url) {
  if (process.env.WATCH_REPORT_DEPENDENCIES) process.send?.({ 'watch:import': [url] });
}

/** `require` of such files, where hooks are for `import` only: as CommonJS, whatever they are. */
function installExtensions() {
  const { '.js': loadScript } = module_._extensions;
  const compileAsCommonJs = (module, file) => {
    module._compile(compile(fs.readFileSync(file, 'utf8'), file, 'commonjs'), file);
  };
  module_._extensions['.ets'] = module_._extensions['.ts'] = (module, file) => {
    if (isSource(file)) compileAsCommonJs(module, file);
    else loadScript(module, file);
  };
}

/** The file that a `require` in `importer` means by `name`; `undefined`: whatever Node.js finds. */
function findRequired(name, importer) {
  return importer && isArkTs(importer) ? find(name, importer) : undefined;
}

exports.findRequired = findRequired;
exports.installExtensions = installExtensions;
exports.load = load;
exports.resolve = resolve;
