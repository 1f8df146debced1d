// What a peer says that wants to harm who reads it.

/** It clears a screen, rings, and forges a line. */
export const HOSTILE = '\x1b[2J\r\n\x07forged \u009b31m\u202e\u2028';

/** What a terminal or a reader of lines obeys. */
export const OBEYED = /[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;
