// The end of the process, or of a worker thread.
'use strict';

/**
 * Has `leave(isProcess)` called when it comes, until the function that is returned is called. It is
 * called twice: listeners of `exit` that come later may send as well, and `process.exit()` calls
 * `reallyExit` when they have. (`process.exit()` waits for no promises, and no tick.)
 */
function atExit(leave) {
  const builtin = globalThis.process?.getBuiltinModule;
  // Of a test runner's copy no `exit` is told.
  const real = builtin?.('node:process') ?? process;
  const { isMainThread } = builtin?.('node:worker_threads') ?? require('node:worker_threads');
  const listener = () => {
    leave(isMainThread);
    const { reallyExit } = real;
    real.reallyExit = (...args) => {
      real.reallyExit = reallyExit;
      leave(isMainThread);
      return reallyExit.apply(real, args);
    };
  };
  real.on('exit', listener);
  return () => real.removeListener('exit', listener);
}

module.exports = { atExit };
