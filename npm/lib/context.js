// The async context of a call: what `AsyncLocalStorage` finds in the events and the callback that
// belong to the call.
'use strict';

/** Where the runtime knows no such contexts. */
class NoContext {
  runInAsyncScope(fn, receiver, ...args) {
    return fn.apply(receiver, args);
  }

  emitDestroy() {}
}

function loadContext() {
  try {
    const builtin = globalThis.process?.getBuiltinModule;
    const hooks = builtin?.('node:async_hooks') ?? require('node:async_hooks');
    return hooks.AsyncResource ?? NoContext;
  } catch {
    return NoContext;
  }
}

const Context = loadContext();

/** We say ourselves when one is over. */
const OPTIONS = { requireManualDestroy: true };

/** The context of the code that runs now, for later. It keeps what the program has put there. */
function currentContext(type) {
  return new Context(type, OPTIONS);
}

/** The contexts of an object's calls whose events are not over: events are always the oldest's. */
class Contexts {
  /**
   * Whoever calls pushes to it, when the native half has taken the call; the context was made
   * before: see `Pending`.
   */
  list = [];

  get oldest() {
    return this.list[0];
  }

  /** Those of the oldest call have been told. */
  end() {
    this.list.shift().emitDestroy();
  }
}

module.exports = { Contexts, NoContext, currentContext };
