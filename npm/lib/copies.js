// Two copies of the package in one program, as two versions that dependencies ask for.
'use strict';

/** In the global object: the folder of the first copy that was used. */
const COPY = Symbol.for('arkws.copy');

/** Warns, once, if the program uses the package from another folder too. */
function warnOfAnotherCopy(folder) {
  const first = globalThis[COPY];
  // A module that is loaded anew, as test runners do, is no other copy.
  if (first === folder) return;
  if (first === undefined) {
    Object.defineProperty(globalThis, COPY, { value: folder });
    return;
  }
  process.emitWarning(
    `arkws is loaded twice, from ${first} and from ${folder}. What one does does not hold for the ` +
      'other: setPolicy, setApiVersion, `instanceof BusinessError`. `npm ls arkws` tells who asks ' +
      'for which; `npm dedupe` may leave one.',
    { code: 'ARKWS_TWO_COPIES' },
  );
}

exports.warnOfAnotherCopy = warnOfAnotherCopy;
