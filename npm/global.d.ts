/** Puts the classes of `arkws/web` in the place of the runtime's own. */
export {};
