// Finds files for jest as ArkTS names them, and the platform's modules.
'use strict';

const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { isOpenHarmony } = require('../hooks/files.js');
const { PLATFORM } = require('../hooks/names.js');
const { find } = require('../hooks/resolve.js');
const { stubOf } = require('../hooks/stubs.js');
const { sharedImporter } = require('./projects.js');

const MODULES = require.resolve('../hooks/modules.js');

module.exports = (request, options) => {
  const { basedir, defaultResolver, rootDir } = options;
  // jest tells the folder of the importing file only.
  const importer = path.join(basedir, 'x.js');
  if (PLATFORM.test(request)) {
    const stub = stubOf(request, importer);
    // A stub may build on what it stands for. jest tells not which file of the folder imports.
    if (stub !== undefined && path.dirname(stub) !== basedir) return stub;
    return platformFile(request, sharedImporter(request, importer, rootDir), rootDir);
  }
  if (isOpenHarmony(importer)) return find(request, importer) ?? defaultResolver(request, options);
  try {
    return defaultResolver(request, options);
  } catch (error) {
    const found = find(request, importer);
    if (found === undefined) throw error;
    return found;
  }
};

/** A file with a platform's module for the project of `importer`: jest wants one that exists. */
function platformFile(name, importer, rootDir) {
  const shown = `a file in ${path.dirname(importer)}`;
  const values = [name, importer, shown].map((value) => JSON.stringify(value)).join(', ');
  const modules = JSON.stringify(MODULES);
  const text = `module.exports = require(${modules}).platformModule(${values});\n`;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
  const folder = path.join(rootDir, 'node_modules', '.cache', 'arkws');
  const file = path.join(folder, `${name.slice(1)}-${hash}.js`);
  if (!fs.existsSync(file)) {
    fs.mkdirSync(folder, { recursive: true });
    // Workers of jest may do the same at once.
    const written = `${file}.${process.pid}`;
    fs.writeFileSync(written, text);
    fs.renameSync(written, file);
  }
  return file;
}
