// esbuild, which compiles `.ets` and `.ts` files. Programs in JavaScript do without it.
'use strict';

/** esbuild, to compile `file`, an absolute path. */
function esbuildFor(file) {
  try {
    return require('esbuild');
  } catch (cause) {
    if (cause.code !== 'MODULE_NOT_FOUND') throw cause;
    throw Object.assign(
      new Error(
        `arkws: ${file} cannot be compiled: esbuild, which compiles ArkTS and TypeScript, is ` +
          'not installed. npm installs it with arkws, unless it is told to leave optional packages ' +
          'out (`--omit=optional`): `npm install --save-dev esbuild` adds it.',
        { cause },
      ),
      { code: 'ARKWS_ESBUILD' },
    );
  }
}

exports.esbuildFor = esbuildFor;
