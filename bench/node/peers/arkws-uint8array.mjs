// arkws as a program has it that wants what `ws` gives: binary messages that are slices of what was
// read.
import * as arkws from './arkws.mjs';

export const connect = (url, message, wire) =>
  arkws.connect(url, message, wire, { binaryType: 'uint8array' });
