// `node --import arkws/register app.mjs` (or `--require`): imports of the platform's modules find
// ours, and `.ets` files run.
'use strict';

const module_ = require('node:module');
const { pathToFileURL } = require('node:url');

// Stacks show the lines of the .ets file. Here, as the hooks may be on another thread than the
// program.
process.setSourceMapsEnabled(true);

const hooks = [require.resolve('./hooks/ets.js'), require.resolve('./hooks/platform.js')];

if (typeof module_.registerHooks === 'function') {
  for (const file of hooks) module_.registerHooks(require(file));
} else {
  // Before Node.js 22.15 there are hooks for `import` only, on a thread of their own.
  for (const file of hooks) module_.register(pathToFileURL(file));
  const { find } = require('./hooks/platform.js');
  const resolveFilename = module_._resolveFilename;
  module_._resolveFilename = function (request, ...rest) {
    return find(request) ?? resolveFilename.call(this, request, ...rest);
  };
}
