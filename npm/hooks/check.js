// `arkws check`: all that the files of a folder want of the platform and arkws has not, and the
// files that do not compile.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { compile } = require('./compile.js');
const { esbuildFor } = require('./esbuild.js');
const { isSource } = require('./files.js');
const { importsOf, membersOf } = require('./imports.js');
const { knownNames, platformModule } = require('./modules.js');
const { PLATFORM, shimOf } = require('./names.js');
const { stubOf } = require('./stubs.js');

/** Folders with files that are not the program's own; and so are those that begin with a dot. */
const OTHERS = new Set(['build', 'node_modules', 'oh_modules']);

/** How many `files` there are, and the `findings` in them: `{ file, line, column, message }`. */
function check(folder) {
  const files = [...sourcesIn(folder)];
  return { files: files.length, findings: files.flatMap(checkFile) };
}

function* sourcesIn(folder) {
  const entries = fs.readdirSync(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const { name } = entry;
    if (entry.isDirectory()) {
      if (!OTHERS.has(name) && !name.startsWith('.')) yield* sourcesIn(path.join(folder, name));
    } else if (/\.e?ts$/.test(name) && !/\.d\.e?ts$/.test(name)) {
      yield path.join(folder, name);
    }
  }
}

function checkFile(file) {
  const source = fs.readFileSync(file, 'utf8');
  let code;
  try {
    code = compile(source, file);
  } catch (error) {
    if (error.code !== 'ARKWS_SYNTAX') throw error;
    const [place, , , , message] = error.message.split('\n');
    const [line, column] = place.split(':').slice(-2).map(Number);
    return [{ file, line, column, message }];
  }
  return missingIn(file, source, code).map(({ start, message }) => {
    const before = source.slice(0, start).split('\n');
    return { file, line: before.length, column: before.at(-1).length + 1, message };
  });
}

/**
 * What `source` imports that is missing. Of that, `code`, which was compiled of it, has what is
 * used when it runs: no types, and nothing that structs alone use.
 */
function missingIn(file, source, code) {
  const used = importsOf(code);
  const isUsed = ({ specifier, name }) =>
    used.some((other) => other.specifier === specifier && other.name === name);
  const imports = importsOf(source).filter(
    (wanted) => PLATFORM.test(wanted.specifier) && isUsed(wanted),
  );
  return imports.flatMap(({ specifier, name, local, start }) => {
    const stub = stubOf(specifier, file);
    if (stub !== undefined) return missingOfStub(stub, specifier, name, start);
    if (shimOf(specifier) === undefined) {
      const what = name === '*' || name === 'default' ? '' : `, imported for '${name}'`;
      return [{ start, message: `arkws has no ${specifier}${what}` }];
    }
    if (name === '*') return [];
    if (name !== 'default' && !knownNames(specifier).includes(name)) {
      return [{ start, message: `arkws has no '${name}' of ${specifier}` }];
    }
    return missingMembers(specifier, name, local, source, code);
  });
}

/** A name that a stub has not. A CommonJS file, and one that exports all of another, do not say. */
function missingOfStub(stub, specifier, name, start) {
  const names = exportsOf(stub);
  if (name === '*' || names === undefined || names.includes(name)) return [];
  const message = `the stub for ${specifier} has no '${name}': ${path.relative('', stub)}`;
  return [{ start, message }];
}

/** By file. */
const exported = new Map();

/** The names that an ES module exports; undefined: it cannot be told. */
function exportsOf(file) {
  if (!exported.has(file)) exported.set(file, readExports(file));
  return exported.get(file);
}

function readExports(file) {
  const source = fs.readFileSync(file, 'utf8');
  let contents;
  try {
    contents = isSource(file) ? compile(source, file) : source;
  } catch (error) {
    if (error.code !== 'ARKWS_SYNTAX') throw error;
    // Found where the file itself is checked, or when it runs.
    return undefined;
  }
  if (/\bexport\s*\*\s*from\b/.test(contents)) return undefined;
  const options = { stdin: { contents }, metafile: true, write: false, logLevel: 'silent' };
  const [output] = Object.values(esbuildFor(file).buildSync(options).metafile.outputs);
  return output.exports.length > 0 ? output.exports : undefined;
}

/** The members of an imported object, as `util`, that are missing. */
function missingMembers(specifier, name, local, source, code) {
  const object = platformModule(specifier)[name];
  if (typeof object !== 'object' || object === null || 'createWebSocket' in object) return [];
  const missing = new Set(
    membersOf(code, local)
      .map((member) => member.name)
      .filter((member) => !(member in object)),
  );
  return [...missing].map((member) => {
    const { start } = membersOf(source, local).find((other) => other.name === member) ?? {};
    return { start: start ?? 0, message: `arkws has no '${local}.${member}' of ${specifier}` };
  });
}

module.exports = { check };
