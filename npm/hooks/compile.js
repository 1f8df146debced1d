// Compiles ArkTS and TypeScript as ArkTS is compiled, one file at a time.
'use strict';

const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { GLOBALS, rewrite } = require('./arkts.js');
const { esbuildFor } = require('./esbuild.js');
const { tsconfigOf } = require('./files.js');

const GLOBALS_FILE = path.join(__dirname, 'globals.js');
const NAMES = Object.keys(require(GLOBALS_FILE)).filter((name) => !/^(builder|struct)$/.test(name));
/** Where the program has none of these of its own. */
const DEFINE = Object.fromEntries(NAMES.map((name) => [name, `${GLOBALS}.${name}`]));
const MENTIONS = new RegExp(`(?<![\\w$])(?:${NAMES.join('|').replaceAll('$', '\\$')})(?![\\w$])`);

/** How ArkTS is compiled: with the decorators that came first, and fields that are assigned. */
const ARKTS = { compilerOptions: { experimentalDecorators: true, useDefineForClassFields: false } };

const OPTIONS = {
  loader: 'ts',
  charset: 'utf8',
  define: DEFINE,
  logLevel: 'silent',
  platform: 'node',
  sourcemap: 'inline',
  // Node.js reads the file itself, which is not always what is compiled.
  sourcesContent: false,
  supported: { 'top-level-await': true },
  target: 'es2021',
};

/**
 * The JavaScript of a source file, with its source map inline. `format`: `'module'` or
 * `'commonjs'`, in Node.js's words.
 */
function compile(source, file, format = 'module') {
  const { transformSync } = esbuildFor(file);
  const isModule = format === 'module';
  try {
    const { code, types } = rewrite(source, file);
    const needsGlobals = code.includes(GLOBALS) || MENTIONS.test(code);
    return transformSync(code, {
      ...OPTIONS,
      // Of an ES module esbuild would make CommonJS, if it mentions `module`.
      format: isModule ? undefined : 'cjs',
      // Relative to the module's own URL.
      sourcefile: path.basename(file),
      tsconfigRaw: tsconfigOf(file) ?? ARKTS,
      banner: needsGlobals ? importOfGlobals(isModule) : undefined,
      footer: isModule ? exportsOf(types) : undefined,
    }).code;
  } catch (error) {
    throw syntaxError(file, source, error) ?? error;
  }
}

function importOfGlobals(isModule) {
  if (!isModule) return `const ${GLOBALS} = require(${JSON.stringify(GLOBALS_FILE)});`;
  return `import ${GLOBALS} from ${JSON.stringify(pathToFileURL(GLOBALS_FILE).href)};`;
}

/** Names for types, that other files can name them: at runtime they are nothing. */
function exportsOf(types) {
  if (types.length === 0) return undefined;
  const list = types.map((name) => `${GLOBALS}_type as ${name}`).join(', ');
  return `var ${GLOBALS}_type; export { ${list} };`;
}

/** esbuild's first message, or ours, as Node words a syntax error. */
function syntaxError(file, source, thrown) {
  const message = thrown.errors?.[0];
  const location = thrown.location ?? message?.location;
  if (location == null) return undefined;
  const { line, column } = location;
  const error = new SyntaxError(
    [
      `${file}:${line}:${column + 1}`,
      '',
      `    ${source.split(/\r?\n/)[line - 1]}`,
      `    ${' '.repeat(column)}^`,
      message?.text ?? thrown.message,
    ].join('\n'),
  );
  // The frames would be the loader's.
  error.stack = `${error.name}: ${error.message}\n    at ${file}:${line}:${column + 1}`;
  Object.defineProperty(error, 'code', { value: 'ARKWS_SYNTAX' });
  return error;
}

exports.compile = compile;
