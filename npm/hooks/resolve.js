// Finds the files that ArkTS names: without extension, by the `.js` that another compiler would
// have made, in `oh_modules`, and in the other modules of a project.
'use strict';

const fs = require('node:fs');
const { isBuiltin } = require('node:module');
const path = require('node:path');
const { isFile } = require('./files.js');
const json5 = require('./json5.js');

/** What may follow a name without extension, in ArkTS's order. */
const ENDINGS = ['.ets', '.ts', '.js', '/index.ets', '/index.ts', '/index.js'];
/** The file of a package that names no `main`. */
const MAIN = ['Index.ets', 'index.ets', 'index.ts', 'index.js'];
/** A package's name, and what of it is wanted. */
const NAME = /^(@[^/]+\/[^/]+|[^./@#][^/]*)(?:\/(.+))?$/;

function isFolder(folder) {
  return fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** The file that `file` means. `undefined`: there is none, or it is itself. */
function complete(file) {
  if (isFile(file)) return undefined;
  const ending = ENDINGS.find((ending) => isFile(file + ending));
  if (ending !== undefined) return file + ending;
  if (file.endsWith('.js')) {
    const stem = file.slice(0, -'.js'.length);
    const source = ['.ets', '.ts'].find((ending) => isFile(stem + ending));
    if (source !== undefined) return stem + source;
  }
  return isFile(path.join(file, 'oh-package.json5')) ? mainOf(file) : undefined;
}

/** The `oh-package.json5` of a folder, or another manifest; empty if there is none. */
function manifestOf(folder, name = 'oh-package.json5') {
  const manifest = path.join(folder, name);
  if (!isFile(manifest)) return {};
  try {
    return json5.parse(fs.readFileSync(manifest, 'utf8'));
  } catch (cause) {
    const error = new Error(`arkws cannot read ${manifest}: ${cause.message}`, { cause });
    throw Object.assign(error, { code: 'ARKWS_MANIFEST' });
  }
}

/** The main file of a package in `folder`. */
function mainOf(folder) {
  // What ohpm installs may be a package of npm's.
  const main = manifestOf(folder).main ?? manifestOf(folder, 'package.json').main;
  if (main) {
    const file = path.join(folder, main);
    return complete(file) ?? file;
  }
  const name = MAIN.find((name) => isFile(path.join(folder, name)));
  return name && path.join(folder, name);
}

/** The folders above `folder`, and itself. */
function* upward(folder) {
  yield folder;
  const parent = path.dirname(folder);
  if (parent !== folder) yield* upward(parent);
}

/** The folder of a package among those of `place`: installed, or another module of the project. */
function folderOf(name, place) {
  const installed = path.join(place, 'oh_modules', name);
  if (isFolder(installed)) return installed;
  const { dependencies, devDependencies } = manifestOf(place);
  const wanted = dependencies?.[name] ?? devDependencies?.[name];
  if (typeof wanted !== 'string' || !wanted.startsWith('file:')) return undefined;
  const folder = path.resolve(place, wanted.slice('file:'.length));
  return isFolder(folder) ? folder : undefined;
}

/** The file of a package of OpenHarmony's, where no `node_modules` has it. */
function inOhModules(specifier, importer) {
  const [, name, rest] = NAME.exec(specifier) ?? [];
  if (name === undefined || name.includes(':') || isBuiltin(specifier)) return undefined;
  const places = [...upward(path.dirname(importer))];
  if (places.some((place) => isFolder(path.join(place, 'node_modules', name)))) return undefined;
  for (const place of places) {
    const folder = folderOf(name, place);
    if (folder === undefined) continue;
    if (rest === undefined) return mainOf(folder);
    return complete(path.join(folder, rest)) ?? path.join(folder, rest);
  }
  return undefined;
}

/** The file that `specifier` means in `importer`; `undefined`: whatever Node.js finds. */
function find(specifier, importer) {
  if (/^\.{1,2}(\/|$)/.test(specifier))
    return complete(path.resolve(path.dirname(importer), specifier));
  return inOhModules(specifier, importer);
}

exports.find = find;
