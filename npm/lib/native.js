// Finds and loads the native module. Bundlers leave this code as it is: it asks Node.js for a
// `require` of its own.
'use strict';

const fs = process.getBuiltinModule?.('node:fs') ?? require('node:fs');
const path = process.getBuiltinModule?.('node:path') ?? require('node:path');
const { createRequire } = process.getBuiltinModule?.('node:module') ?? require('node:module');
const { fileURLToPath } = process.getBuiltinModule?.('node:url') ?? require('node:url');

const { platformArchAbi } = require('./abi.js');
const { warnOfAnotherCopy } = require('./copies.js');

const ABI = platformArchAbi();
const NAME = `arkws.${ABI}.node`;

/** What there are packages for, of which npm installs the one that fits. */
const PACKAGED = [
  'darwin-arm64',
  'darwin-x64',
  'linux-arm64-gnu',
  'linux-arm64-musl',
  'linux-x64-gnu',
  'linux-x64-musl',
  'openharmony-arm64',
  'win32-x64-msvc',
];

/** The folder of the file that runs: of this one, or of the bundle that it has become a part of. */
function folder() {
  if (typeof __dirname === 'string') return __dirname;
  // A bundle that is an ES module.
  const { prepareStackTrace } = Error;
  try {
    Error.prepareStackTrace = (_, sites) => sites[0]?.getFileName();
    const file = new Error().stack ?? process.argv[1] ?? '';
    return path.dirname(file.startsWith('file:') ? fileURLToPath(file) : file);
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
  }
}

/**
 * Where the module may be: built in this package, beside a bundle, or in the package that a bundle
 * finds.
 */
function places() {
  const here = folder();
  const files = [
    path.join(here, '..', 'native', NAME),
    path.join(here, 'native', NAME),
    path.join(here, NAME),
  ];
  const installed = packageFolder();
  if (installed !== undefined) files.push(path.join(installed, 'native', NAME));
  return [...new Set(files)];
}

/** The folder of the installed `arkws` that a bundle finds. */
function packageFolder() {
  try {
    return path.dirname(requireFrom(folder()).resolve('arkws/package.json'));
  } catch {
    return undefined;
  }
}

/** The file of the package for `abi`, found from here or from the installed `arkws`. */
function packaged(abi) {
  for (const from of [folder(), packageFolder()]) {
    try {
      return requireFrom(from).resolve(`@arkws/${abi}`);
    } catch {
      // Not there, or `from` is undefined.
    }
  }
  return undefined;
}

function requireFrom(directory) {
  return createRequire(path.join(directory, NAME));
}

function load(file) {
  try {
    return createRequire(file)(file);
  } catch (cause) {
    throw failure(`arkws cannot load its native module ${file}: ${cause.message}`, cause);
  }
}

function failure(message, cause) {
  return Object.assign(new Error(message, { cause }), { code: 'ARKWS_NATIVE' });
}

function find() {
  const named = process.env.ARKWS_NATIVE;
  if (named) {
    const file = path.resolve(named);
    if (fs.existsSync(file)) return file;
    throw failure(
      `arkws has no native module: ${file} does not exist, which ARKWS_NATIVE names. ` +
        'In a checkout of arkws, `cargo xtask npm` builds one.',
    );
  }
  const files = places();
  const file = files.find((file) => fs.existsSync(file)) ?? packaged(ABI);
  if (file !== undefined) return file;
  const lookedFor = [...files, `the package @arkws/${ABI}, from ${folder()}`];
  throw failure(
    `arkws has no native module for ${ABI}. It looked for\n  ${lookedFor.join(',\n  ')}.\n` +
      `${whatToDo()} In a checkout of arkws, \`cargo xtask npm\` builds the module. Beside a ` +
      `bundle belongs the file ${NAME}. ARKWS_NATIVE names one that is elsewhere.`,
  );
}

/** For whoever has installed `arkws` with npm. */
function whatToDo() {
  if (!PACKAGED.includes(ABI)) {
    return `There are packages for ${PACKAGED.join(', ')}, and none for ${ABI}.`;
  }
  const others = PACKAGED.filter((abi) => packaged(abi) !== undefined);
  const why =
    others.length > 0
      ? `Installed is @arkws/${others.join(', @arkws/')}, for another kind of machine: install ` +
        'on the machine that runs the program.'
      : 'npm installs that package with arkws, unless it is told to leave optional ones out ' +
        '(`--omit=optional`, `--no-optional`) or installs for another kind of machine.';
  return `${why} \`npm install @arkws/${ABI}\` adds it.`;
}

module.exports = load(find());
warnOfAnotherCopy(folder());
