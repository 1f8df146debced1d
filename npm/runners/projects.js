// Whose modules of the platform a file gets from a test runner that names them by the project, and
// not by the file: what a test mocks must be what the files that it tests import.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { projectOf } = require('../hooks/project.js');

/** Folders below the runner's root that a project of OpenHarmony's may be in. */
const DEPTH = 3;
const FOREIGN = /^(\..*|build|node_modules|oh_modules)$/;
const MARK = /^(build-profile|module)\.json5$/;

/** By root: a file of the only project below it; undefined if there is none, or several. */
const onlyFiles = new Map();
/** Of the files of one project that import a module the first stands for all. */
const firsts = new Map();

/**
 * The file that stands for all that share the platform's module `name` with `importer`. Tests may
 * lie outside the project that they test: such a file belongs to the only one below the runner's
 * `root`.
 */
function sharedImporter(name, importer, root) {
  const file = projectOf(importer) === '' && !importer.endsWith('.ets') ? only(root) : undefined;
  const key = `${name}\n${projectOf(file ?? importer)}`;
  if (!firsts.has(key)) firsts.set(key, file ?? importer);
  return firsts.get(key);
}

function only(root) {
  if (!onlyFiles.has(root)) {
    const files = marksIn(root, DEPTH);
    const projects = new Set(files.map(projectOf));
    onlyFiles.set(root, projects.size === 1 ? files[0] : undefined);
  }
  return onlyFiles.get(root);
}

/** Files that only projects have. */
function marksIn(folder, depth) {
  const entries = fs.readdirSync(folder, { withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && MARK.test(entry.name));
  const marks = files.map((entry) => path.join(folder, entry.name));
  if (depth === 0) return marks;
  const folders = entries.filter((entry) => entry.isDirectory() && !FOREIGN.test(entry.name));
  return marks.concat(...folders.map((entry) => marksIn(path.join(folder, entry.name), depth - 1)));
}

exports.sharedImporter = sharedImporter;
