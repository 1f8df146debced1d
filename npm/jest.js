// `arkws/jest`: the transform that compiles ArkTS for jest, and `preset`, all that jest needs.
'use strict';

const { createHash } = require('node:crypto');
const path = require('node:path');
const { hoist } = require('./runners/hoist.js');
const { transform } = require('./runners/transform.js');
const { version } = require('./package.json');

exports.process = (source, file) => {
  const { code, first } = hoist(source);
  const compiled = transform(code, file, 'commonjs');
  compiled.map.sourcesContent = [source];
  // On the first line, which has no program in it.
  return { code: first + compiled.code, map: compiled.map };
};

exports.getCacheKey = (source, file, { configString, instrument }) =>
  createHash('sha256')
    .update(JSON.stringify([version, process.version, source, file, configString, instrument]))
    .digest('hex');

exports.preset = {
  moduleFileExtensions: ['ets', 'ts', 'js', 'mjs', 'cjs', 'jsx', 'tsx', 'json', 'node'],
  resolver: require.resolve('./runners/jest-resolver.js'),
  testMatch: [
    '**/__tests__/**/*.?([mc])[jt]s?(x)',
    '**/?(*.)+(spec|test).?([mc])[jt]s?(x)',
    '**/?(*.)+(spec|test).ets',
  ],
  // DevEco's tests are Hypium's.
  testPathIgnorePatterns: ['/node_modules/', '/oh_modules/', '/src/(ohosTest|test)/.*\\.ets$'],
  transform: { '\\.(ets|ts)$': __filename, '\\.([cm]?js|[jt]sx)$': 'babel-jest' },
  transformIgnorePatterns: ['/node_modules/', escaped(__dirname + path.sep)],
};

function escaped(text) {
  return `^${text.replaceAll(/[^\w/]/g, '\\$&')}`;
}
