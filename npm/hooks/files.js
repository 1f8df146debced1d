// What a file is: whether it is compiled, and to which kind of module.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { isModule } = require('./scan.js');

const MANIFESTS = ['package.json', 'oh-package.json5', 'build-profile.json5'];
/** Marks of a package of OpenHarmony's; on npm such a package has no `oh-package.json5`. */
const OPENHARMONY = ['oh-package.json5', 'build-profile.json5', 'index.ets', 'Index.ets'];

/** What `packageOf` and `tsconfigAbove` have found, by folder. */
const packages = new Map();
const tsconfigs = new Map();

function isFile(file) {
  return fs.statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
}

/**
 * The package that holds a folder: the nearest with a manifest. `isOpenHarmony`: its JavaScript is
 * written as ArkTS, ES modules that name no extensions. `type` is that of a `package.json`.
 */
function packageOf(folder) {
  let found = packages.get(folder);
  if (found === undefined) {
    const parent = path.dirname(folder);
    if (MANIFESTS.some((name) => isFile(path.join(folder, name)))) {
      const isOpenHarmony = OPENHARMONY.some((name) => isFile(path.join(folder, name)));
      found = { isOpenHarmony, type: typeOf(folder) };
    } else {
      found = parent === folder ? { isOpenHarmony: false } : packageOf(parent);
    }
    packages.set(folder, found);
  }
  return found;
}

function typeOf(folder) {
  try {
    return JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')).type;
  } catch {
    // There is none, or Node.js tells what is wrong with it.
    return undefined;
  }
}

function isOpenHarmony(file) {
  return packageOf(path.dirname(file)).isOpenHarmony;
}

/**
 * The text of the `tsconfig.json` that says how a TypeScript file is compiled; undefined for a file
 * of an OpenHarmony project, and where there is none.
 */
function tsconfigOf(file) {
  if (file.endsWith('.ets') || isOpenHarmony(file)) return undefined;
  return tsconfigAbove(path.dirname(file));
}

function tsconfigAbove(folder) {
  if (!tsconfigs.has(folder)) {
    const parent = path.dirname(folder);
    const file = path.join(folder, 'tsconfig.json');
    const above = () => (parent === folder ? undefined : tsconfigAbove(parent));
    tsconfigs.set(folder, isFile(file) ? fs.readFileSync(file, 'utf8') : above());
  }
  return tsconfigs.get(folder);
}

/** Whether `file` is compiled: all ArkTS, and the program's TypeScript. */
function isSource(file) {
  if (file.endsWith('.ets')) return true;
  if (!file.endsWith('.ts')) return false;
  return !file.split(path.sep).includes('node_modules') || isOpenHarmony(file);
}

/** Whether names of files in `file` may lack their extensions. */
function isArkTs(file) {
  return isSource(file) || (file.endsWith('.js') && isOpenHarmony(file));
}

/** What Node.js calls the format of a file with that text. */
function formatOf(file, text) {
  const { isOpenHarmony, type } = packageOf(path.dirname(file));
  if (file.endsWith('.ets')) return 'module';
  if (file.endsWith('.ts') && isOpenHarmony) return 'module';
  if (type === 'module' || type === 'commonjs') return type;
  return isModule(text) ? 'module' : 'commonjs';
}

module.exports = { formatOf, isArkTs, isFile, isOpenHarmony, isSource, tsconfigOf };
