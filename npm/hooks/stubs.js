// Which files programs give for modules of the platform, instead of ours.
//
// In this order: by a call of `stub`, by the map that the environment variable ARKWS_STUBS names,
// by `arkws.stubs` in the nearest `package.json` above the importing file that has it.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { fileURLToPath } = require('node:url');
const { PLATFORM } = require('./names.js');

/** By name; those of `stub`. */
const given = new Map();
/** What the packages say, by folder. */
const packages = new Map();
/** What the environment says; undefined: not read yet. */
let environment;

/**
 * The file that stands for `name` where `importer` imports it; undefined: none. Where a stub
 * imports what it stands for, it gets ours, to build on.
 */
function stubOf(name, importer) {
  environment ??= fromEnvironment();
  const stub = given.get(name) ?? environment.get(name) ?? packageOf(importer).get(name);
  return stub === importer ? undefined : stub;
}

/**
 * Takes a map of names to files, absolute ones; undefined in place of a file takes it back. As a
 * hook, `initialize`, it does so on the hooks' thread.
 */
function add(files) {
  for (const [name, file] of files) given.set(name, file);
}

function fromEnvironment() {
  const file = process.env.ARKWS_STUBS;
  if (!file) return new Map();
  const absolute = path.resolve(file);
  return checked(parse(absolute), path.dirname(absolute), `ARKWS_STUBS, ${absolute}`);
}

function packageOf(importer) {
  return packageAt(importer === undefined ? process.cwd() : path.dirname(importer));
}

function packageAt(folder) {
  let stubs = packages.get(folder);
  if (stubs === undefined) {
    const file = path.join(folder, 'package.json');
    const map = fs.existsSync(file) ? parse(file)?.arkws?.stubs : undefined;
    const above = path.dirname(folder);
    if (map !== undefined) stubs = checked(map, folder, `arkws.stubs of ${file}`);
    else stubs = above === folder ? new Map() : packageAt(above);
    packages.set(folder, stubs);
  }
  return stubs;
}

function parse(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch (cause) {
    throw mistake(`${file} cannot be read as JSON: ${cause.message}`, cause);
  }
}

/**
 * The absolute files of a map of names to files, whose paths are relative to `folder`. `source` is
 * where it comes from, for people.
 */
function checked(map, folder, source) {
  if (typeof map !== 'object' || map === null || Array.isArray(map)) {
    throw mistake(`${source} is no map of the platform's modules to files`);
  }
  const entries = Object.entries(map).map(([name, file]) => {
    if (!PLATFORM.test(name)) throw mistake(`${source}: '${name}' is no module of the platform`);
    if (file === undefined) return [name, undefined];
    return [name, existing(file, folder, `${source}: the stub for ${name}`)];
  });
  return new Map(entries);
}

function existing(file, folder, what) {
  const text = file?.href ?? file;
  if (typeof text !== 'string') throw mistake(`${what} is no path`);
  const absolute = text.startsWith('file:') ? fileURLToPath(text) : path.resolve(folder, text);
  if (!fs.existsSync(absolute)) throw mistake(`${what} does not exist: ${absolute}`);
  return fs.realpathSync(absolute);
}

function mistake(message, cause) {
  const options = cause === undefined ? undefined : { cause };
  return Object.assign(new Error(`arkws: ${message}`, options), { code: 'ARKWS_STUBS' });
}

module.exports = { add, checked, initialize: add, stubOf };
