// The messages that are sent in turn, again and again, and the check that they arrive: a library
// that loses a byte is not fast.
import { execFileSync } from 'node:child_process';

/** The messages of a scenario, strings or ArrayBuffers: those of the Rust benches. */
export function messagesOf({ content, size }) {
  const all = execFileSync(process.env.ARKWS_BENCH, ['payload', content, String(size)], {
    maxBuffer: Infinity,
  });
  return Array.from({ length: all.length / size }, (_, i) => {
    const bytes = all.subarray(i * size, (i + 1) * size);
    return content === 'binary' ? new Uint8Array(bytes).buffer : bytes.toString();
  });
}

/** A function that gives one message after the other. */
export function source(messages) {
  let at = 0;
  return () => {
    const message = messages[at];
    if (++at === messages.length) at = 0;
    return message;
  };
}

/**
 * A function that checks one message after the other: length and both ends, and everything of every
 * 256th.
 */
export function checker(messages) {
  const isText = typeof messages[0] === 'string';
  const unit = isText ? (text, i) => text.charCodeAt(i) : (bytes, i) => bytes[i];
  const equal = isText ? (a, b) => a === b : (a, b) => Buffer.compare(a, b) === 0;
  const next = source(isText ? messages : messages.map((message) => new Uint8Array(message)));
  let seen = 0;
  return (data) => {
    const expected = next();
    const last = expected.length - 1;
    const good =
      data.length === expected.length &&
      unit(data, 0) === unit(expected, 0) &&
      unit(data, last) === unit(expected, last) &&
      ((seen & 0xff) !== 0 || equal(data, expected));
    if (!good) throw new Error(`message ${seen} is not what was sent`);
    seen++;
  };
}
