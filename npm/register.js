// `node --import arkws/register app.mjs` (or `--require`): imports of the platform's modules find
// ours, and `.ets` files run.
'use strict';

const module_ = require('node:module');
const { pathToFileURL } = require('node:url');

// Stacks show the lines of the .ets file. Here, as the hooks may be on another thread than the
// program.
process.setSourceMapsEnabled(true);

const hooks = [require.resolve('./hooks/ets.js'), require.resolve('./hooks/platform.js')];

const { findRequired, installExtensions } = require('./hooks/ets.js');
const { EXTENSION, PLATFORM, loadRequired, requireFile } = require('./hooks/platform.js');

if (typeof module_.registerHooks === 'function') {
  for (const file of hooks) module_.registerHooks(require(file));
} else {
  // Before Node.js 22.15 there are hooks for `import` only, on a thread of their own.
  for (const file of hooks) module_.register(pathToFileURL(file));
  installExtensions();
}

// Node.js 20 has no hooks for `require`, and 22 none for the `require` of an imported module.
module_._extensions[EXTENSION] = loadRequired;
const resolveFilename = module_._resolveFilename;
module_._resolveFilename = function (request, parent, ...rest) {
  const importer = parent?.filename ?? undefined;
  if (PLATFORM.test(request)) return requireFile(request, importer);
  const file = findRequired(request, importer);
  return file ?? resolveFilename.call(this, request, parent, ...rest);
};
