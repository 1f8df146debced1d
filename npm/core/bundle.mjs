// What of the core Node.js has: `npm/lib` gets it as one file, `dist/core.js`, so that `require`
// and `import` share its objects.
export { currentContext } from './context.mjs';
export { HEARD, currentTurn, unknownEvent } from './delivery.mjs';
export { BusinessError, fromFailure, otherError, parameterError } from './errors.mjs';
export { start } from './index.mjs';
export { connectOptions } from './options.mjs';
export { native, nextTurn, scheduleFlush, setRef } from './runtime.mjs';
