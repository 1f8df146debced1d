// Stacks that show the program, and not how it was loaded.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { inspect } = require('node:util');

const PACKAGE = path.join(__dirname, '..');
/** Where frames of the loader are: ours, and Node.js's. */
const LOADER = [
  'node:internal/modules/',
  ...['bin', 'hooks', 'runners'].flatMap((name) => {
    const folder = path.join(PACKAGE, name) + path.sep;
    return [folder, pathToFileURL(folder).href];
  }),
];

function withoutLoader(stack) {
  const lines = stack.split('\n');
  return lines
    .filter((line) => !(/^\s+at /.test(line) && LOADER.some((place) => line.includes(place))))
    .join('\n');
}

/** An import of `specifier` in `importer` has failed: the stack is the place of that import. */
function locate(error, specifier, importer) {
  // Another hook's mistake is not the import's.
  const isImports = /^(ERR_|MODULE_NOT_FOUND|ARKWS_)/.test(error?.code);
  if (!isImports || typeof error.stack !== 'string') return error;
  const [first] = error.stack.split(/\n\s+at /);
  error.stack = `${first}\n    at ${importer}${positionOf(specifier, importer)}`;
  return error;
}

/** `:line:column` of the name in the file; empty, if it is not found. */
function positionOf(specifier, importer) {
  const source = fs.readFileSync(importer, 'utf8');
  const at = ["'", '"'].map((quote) => source.indexOf(quote + specifier + quote));
  const found = at.filter((index) => index !== -1);
  if (found.length === 0) return '';
  const before = source.slice(0, Math.min(...found)).split('\n');
  return `:${before.length}:${before.at(-1).length + 1}`;
}

/** What Node.js prints of an error that nobody catches, with the program's frames only. */
function report(error) {
  // The program may have frozen it.
  Reflect.set(error, 'stack', withoutLoader(error.stack));
  const first = /\n\s+at (?:.* \()?(?:file:\/\/)?(\/.*):(\d+):(\d+)\)?(?=\n|$)/.exec(error.stack);
  // Node.js has put the place before a syntax error's stack, or there is none.
  if (first === null) return error.stack;
  const [, file, line, column] = first;
  return `${excerpt(file, Number(line), Number(column))}${inspect(error)}`;
}

/** The line of a file, and the place in it. */
function excerpt(file, line, column) {
  let text;
  try {
    text = fs.readFileSync(file, 'utf8').split(/\r?\n/)[line - 1];
  } catch {
    return '';
  }
  return text === undefined ? '' : `${file}:${line}\n${text}\n${' '.repeat(column - 1)}^\n\n`;
}

module.exports = { locate, report, withoutLoader };
