// Compiles a file for a test runner, which wants the source map apart.
'use strict';

const { compile } = require('../hooks/compile.js');
const { isOpenHarmony } = require('../hooks/files.js');

const MAP = /\n\/\/# sourceMappingURL=data:application\/json;base64,([\w+/=]+)\s*$/;

/** Whether `file` is compiled as ArkTS is; other TypeScript is the runner's own. */
function isArkTs(file) {
  if (file.endsWith('.ets')) return true;
  return file.endsWith('.ts') && !file.endsWith('.d.ts') && isOpenHarmony(file);
}

/** The JavaScript of `source`, `code`, and its `map`. `format`: `'module'` or `'commonjs'`. */
function transform(source, file, format) {
  const compiled = compile(source, file, format);
  const [comment, encoded] = MAP.exec(compiled);
  const map = JSON.parse(Buffer.from(encoded, 'base64'));
  map.sources = [file];
  map.sourcesContent = [source];
  return { code: compiled.slice(0, -comment.length), map };
}

module.exports = { isArkTs, transform };
