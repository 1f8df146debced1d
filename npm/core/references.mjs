// Which objects have anything open, and which of them the process, or the worker thread, waits for.

/**
 * The objects that events may come for, by number. They are kept from being collected, and keep the
 * process alive.
 */
export const active = new Map();

/** The numbers of objects that the process need not wait for, active or not. */
export const unreferenced = new Set();

/** Whether the process waits for events of the object of this number. */
export function isReferenced(number) {
  return active.has(number) && !unreferenced.has(number);
}
