// The platform's modules, as files of a program get them: an object for each project.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { projectOf } = require('./project.js');

/**
 * The names that only the platform uses: `@ohos.hilog`, `@kit.ArkUI`, `@system.app`. No npm package
 * can have one.
 */
const PLATFORM = /^@(ohos|kit|system)\.[\w.]+$/;

const SHIMS = path.join(__dirname, '..', 'platform');

/** By project and name. */
const modules = new Map();

/** The file of our stand for a platform module, `platform/<name without @>.js`. */
function shimOf(name) {
  const file = path.join(SHIMS, `${name.slice(1)}.js`);
  return fs.existsSync(file) ? file : undefined;
}

/**
 * What the file `importer` gets that asks for the platform's module `name`: the same as all files
 * of its project. `importer` is undefined where it is not known.
 */
function platformModule(name, importer) {
  const project = importer === undefined ? undefined : projectOf(importer);
  const key = `${name}\n${project ?? '?'}`;
  let module = modules.get(key);
  if (module === undefined) {
    const shim = require(shimOf(name));
    // Level and permission of what it makes are the importing file's.
    module = typeof shim === 'function' ? shim(importer) : shim;
    modules.set(key, module);
  }
  return module;
}

module.exports = { PLATFORM, platformModule, shimOf };
