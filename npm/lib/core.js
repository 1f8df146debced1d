// The portable core, which `core/` has the source of, as one file that `require` can load.
'use strict';

function load() {
  try {
    return require('../dist/core.js');
  } catch (cause) {
    if (cause?.code !== 'MODULE_NOT_FOUND') throw cause;
    throw new Error(
      'arkws lacks dist/core.js: in a checkout of arkws, `cargo xtask npm` makes it of core/',
      { cause },
    );
  }
}

module.exports = load();
