// The async context of a call: what `AsyncLocalStorage` finds in the events and the callback that
// belong to the call.
import { host } from './host.mjs';
import { isReferenced } from './references.mjs';

/** Where the runtime knows no such contexts. */
export class NoContext {
  runInAsyncScope(fn, receiver, ...args) {
    return fn.apply(receiver, args);
  }

  emitDestroy() {}
}

/** We say ourselves when one is over. */
const OPTIONS = { requireManualDestroy: true };

/** The class of contexts, once there is a host. */
let Context;

function contextOf(AsyncContext) {
  return class extends AsyncContext {
    /** The number of the object whose events it is for. */
    number;

    /** Says to tools whether the process waits for this (`jest --detectOpenHandles`). */
    hasRef() {
      return isReferenced(this.number);
    }
  };
}

/**
 * The context of the code that runs now, for later. It keeps what the program has put there.
 * `number`: of the object whose events it is for, of which a connection or server is open.
 */
export function currentContext(type, number) {
  Context ??= contextOf(host.AsyncContext ?? NoContext);
  const context = new Context(type, OPTIONS);
  context.number = number;
  return context;
}

/** The contexts of an object's calls whose events are not over: events are always the oldest's. */
export class Contexts {
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
