// Finds and loads the native module. Bundlers leave this code as it is: it asks Node.js for a
// `require` of its own.
'use strict';

const fs = process.getBuiltinModule?.('node:fs') ?? require('node:fs');
const path = process.getBuiltinModule?.('node:path') ?? require('node:path');
const { createRequire } = process.getBuiltinModule?.('node:module') ?? require('node:module');
const { fileURLToPath } = process.getBuiltinModule?.('node:url') ?? require('node:url');

const NAME = `arkws.${process.platform}-${process.arch}.node`;

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
 * Where the module may be: in this package, beside a bundle, or in the package that a bundle finds.
 */
function places() {
  const here = folder();
  const files = [
    path.join(here, '..', 'native', NAME),
    path.join(here, 'native', NAME),
    path.join(here, NAME),
  ];
  try {
    const manifest = createRequire(path.join(here, NAME)).resolve('arkws/package.json');
    files.push(path.join(path.dirname(manifest), 'native', NAME));
  } catch {
    files.push(path.join(here, 'node_modules', 'arkws', 'native', NAME));
  }
  return [...new Set(files)];
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
  const file = files.find((file) => fs.existsSync(file));
  if (file !== undefined) return file;
  throw failure(
    `arkws has no native module for ${process.platform}-${process.arch}: none of ${files.join(', ')} exists. ` +
      'In a checkout of arkws, `cargo xtask npm` builds it. Beside a bundle belongs the folder `native` of the package. ' +
      'ARKWS_NATIVE names one that is elsewhere.',
  );
}

module.exports = load(find());
