// Mistakes that the platform is silent about: each is told once, as a warning.
import { host } from './host.mjs';

/** Programs that make up names as they go are not told of all. */
const MOST = 100;

const told = new Set();

/** Warns of `message`, once for each `code` and `subject`. */
function warnOnce(code, subject, message) {
  const key = `${code} ${subject}`;
  if (told.has(key) || told.size >= MOST) return;
  told.add(key);
  host.warn(message, code);
}

/** An event that no `kind` has was given to `call`: its listener is never called. */
export function warnOfEvent(kind, call, type, known) {
  const name = JSON.stringify(type.slice(0, 64));
  const message = `${call}(${name}): no ${kind} has such an event; there are ${known.join(', ')}`;
  warnOnce('ARKWS_UNKNOWN_EVENT', `${kind} ${type}`, message);
}

/**
 * Options that `call` does not know, which are ignored. `known` are those that it knows; `others`
 * those that only objects have that were made through `import 'arkws'`.
 */
export function warnOfOptions(call, options, known, others = []) {
  let names;
  try {
    names = Object.keys(options);
  } catch {
    // A Proxy's trap has thrown.
    return;
  }
  for (const name of names) {
    if (known.includes(name)) continue;
    const why = others.includes(name)
      ? "is ignored, as on a device: only objects made through import 'arkws' have it"
      : 'does not exist, and is ignored';
    const message = `the option ${JSON.stringify(name.slice(0, 64))} of ${call} ${why}`;
    warnOnce('ARKWS_UNKNOWN_OPTION', `${call} ${name}`, message);
  }
}

/** An `error` event of a `kind` came, to which nobody has ever listened. */
export function warnOfError(kind, error) {
  const message = `an error event of a ${kind} has no listener: ${error.message}`;
  warnOnce('ARKWS_UNHEARD_ERROR', kind, `${message}. Further ones are not told`);
}
