// The portable core, which `core/` has the source of, as one file that `require` can load.
'use strict';

function load() {
  try {
    return require('../dist/core.js');
  } catch (cause) {
    if (cause?.code !== 'MODULE_NOT_FOUND') throw cause;
    throw new Error(
      'arkws lacks dist/core.js, which is made of core/: in a checkout of arkws, `cargo xtask npm` makes it',
      { cause },
    );
  }
}

module.exports = load();
