// Finds the native module.
'use strict';

const path = require('node:path');

const file =
  process.env.ARKWS_NATIVE ||
  path.join(__dirname, '..', 'native', `arkws.${process.platform}-${process.arch}.node`);

try {
  module.exports = require(path.resolve(file));
} catch (cause) {
  const missing = cause.code === 'MODULE_NOT_FOUND';
  const message = missing
    ? `arkws has no native module for ${process.platform}-${process.arch}: ${file} does not exist. ` +
      'In a checkout of arkws, `cargo xtask npm` builds it; ARKWS_NATIVE names one that is elsewhere.'
    : `arkws cannot load its native module ${file}: ${cause.message}`;
  throw Object.assign(new Error(message, { cause }), { code: 'ARKWS_NATIVE' });
}
