// Loads `.ets` and `.ts` files: finds them by names without extension, as ArkTS writes them, and
// strips their types.
//
// A hook for both of Node's interfaces: see platform.js.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { fileURLToPath, pathToFileURL } = require('node:url');

const SOURCE = /\.e?ts$/;
/** What may follow a name without extension, in ArkTS's order. */
const ENDINGS = ['.ets', '.ts', '/index.ets', '/index.ts'];

/** Whether `url` is a source file of the program: a dependency brings JavaScript. */
function isSource(url) {
  return (
    url.startsWith('file:') && !url.includes('/node_modules/') && SOURCE.test(new URL(url).pathname)
  );
}

function isFile(file) {
  return fs.statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
}

function resolve(specifier, context, nextResolve) {
  if (
    /^\.{1,2}\//.test(specifier) &&
    context.parentURL !== undefined &&
    isSource(context.parentURL)
  ) {
    const url = new URL(specifier, context.parentURL);
    const file = fileURLToPath(url);
    if (!isFile(file)) {
      const ending = ENDINGS.find((ending) => isFile(file + ending));
      if (ending !== undefined)
        return nextResolve(pathToFileURL(file + ending).href + url.search, context);
    }
  }
  return nextResolve(specifier, context);
}

function load(url, context, nextLoad) {
  if (!isSource(url)) return nextLoad(url, context);
  return { format: 'module', source: strip(fileURLToPath(url)), shortCircuit: true };
}

/** The JavaScript of a source file, with its source map inline. */
function strip(file) {
  const source = fs.readFileSync(file, 'utf8');
  const { transformSync } = require('esbuild');
  try {
    return transformSync(source, {
      loader: 'ts',
      format: 'esm',
      target: `node${process.versions.node}`,
      sourcemap: 'inline',
      // Relative to the module's own URL.
      sourcefile: path.basename(file),
      logLevel: 'silent',
    }).code;
  } catch (error) {
    throw syntaxError(file, source, error.errors?.[0]) ?? error;
  }
}

/** esbuild's first message as Node words a syntax error. */
function syntaxError(file, source, message) {
  if (message?.location == null) return undefined;
  const { line, column, lineText } = message.location;
  const lines = [
    `${file}:${line}:${column + 1}`,
    '',
    `    ${lineText}`,
    `    ${' '.repeat(column)}^`,
    message.text,
  ];
  if (/^\s*(export\s+)?(default\s+)?struct\s/m.test(source)) {
    lines.push(
      'A struct is an ArkUI component, which needs the platform: keep what uses the network in a file of its own.',
    );
  }
  const error = new SyntaxError(lines.join('\n'));
  error.code = 'ARKWS_SYNTAX';
  return error;
}

exports.load = load;
exports.resolve = resolve;
