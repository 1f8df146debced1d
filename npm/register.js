// `node --import arkws/register app.mjs` (or `--require`): imports of the platform's modules find
// ours, and `.ets` files run.
'use strict';

const module_ = require('node:module');
const { pathToFileURL } = require('node:url');

// Stacks show the lines of the .ets file. Here, as the hooks may be on another thread than the
// program.
process.setSourceMapsEnabled(true);

const ets = require.resolve('./hooks/ets.js');
const platform = require.resolve('./hooks/platform.js');

const { findRequired, installExtensions } = require(ets);
const { EXTENSION, findPlatform, isNotFound, loadRequired } = require(platform);
const { PLATFORM } = require('./hooks/names.js');
const stubs = require('./hooks/stubs.js');

if (typeof module_.registerHooks === 'function') {
  for (const file of [platform, ets]) module_.registerHooks(require(file));
  if (mayMockOnThread()) module_.register(pathToFileURL(require.resolve('./hooks/mockable.js')));
} else {
  // Before Node.js 22.15 there are hooks for `import` only, on a thread of their own.
  for (const file of [platform, ets]) module_.register(pathToFileURL(file));
  installExtensions();
}

// Node.js 20 has no hooks for `require`, and 22 none for the `require` of an imported module.
module_._extensions[EXTENSION] = loadRequired;
const resolveFilename = module_._resolveFilename;
module_._resolveFilename = function (request, parent, ...rest) {
  const importer = parent?.filename ?? undefined;
  const file = findRequired(request, importer);
  if (file !== undefined) return file;
  try {
    return resolveFilename.call(this, request, parent, ...rest);
  } catch (error) {
    // Nothing of the program's has found it.
    if (PLATFORM.test(request) && isNotFound(error)) return findPlatform(request, importer);
    throw error;
  }
};

/** Whether this is Node.js 22, told to let node:test mock modules. */
function mayMockOnThread() {
  const options = [...process.execArgv, process.env.NODE_OPTIONS ?? ''];
  return (
    Number.parseInt(process.versions.node, 10) < 24 &&
    options.some((option) => option.includes('--experimental-test-module-mocks'))
  );
}

/** Gives files for modules of the platform, to whatever imports them first from now on. */
function stub(files) {
  const map = stubs.checked(files, process.cwd(), 'stub');
  stubs.add(map);
  if (typeof module_.registerHooks === 'function') return;
  // The hooks' thread hears of them by the data of what is registered there.
  module_.register(pathToFileURL(require.resolve('./hooks/stubs.js')), { data: map });
}

exports.stub = stub;
