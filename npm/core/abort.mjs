// `connect({ signal })`: an AbortSignal that gives a connection up.
import { parameterError } from './errors.mjs';

/** The option `signal`; 401 if it is none. Of any realm, so by what it can do. */
export function signalOption({ signal }) {
  if (signal === undefined) return undefined;
  const isSignal =
    typeof signal?.aborted === 'boolean' &&
    typeof signal.addEventListener === 'function' &&
    typeof signal.removeEventListener === 'function';
  if (!isSignal) throw parameterError('signal is not an AbortSignal');
  return signal;
}

/** Why it was aborted, in words. */
export function reasonOf(signal) {
  try {
    const { reason } = signal;
    return String(reason?.message ?? reason ?? '').slice(0, 256);
  } catch {
    // It cannot be read.
    return '';
  }
}

/** Calls `abort` with the reason, once. Returns a function that ends that, and never throws. */
export function onAbort(signal, abort) {
  const listener = () => abort(reasonOf(signal));
  signal.addEventListener('abort', listener, { once: true });
  return () => {
    try {
      signal.removeEventListener('abort', listener);
    } catch {
      // A program's own: what it calls later has no effect.
    }
  };
}
