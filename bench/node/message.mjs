// The message that is sent again and again, and the check that it arrives: a fast library that loses a byte is not fast.

/** The payload of a scenario's messages, a string or an ArrayBuffer: the same as in the Rust benches. */
export function payload({ size, text }) {
  if (text) {
    // One character in sixteen is not ASCII, as in European prose.
    const sentence = 'der Bär läuft über die Brücke, 1,234 times and more; ';
    const length = Buffer.byteLength(sentence);
    const sentences = Math.floor(size / length);
    return sentence.repeat(sentences) + '.'.repeat(size - sentences * length);
  }
  const bytes = new Uint8Array(size);
  let state = 0x9e37_79b9_7f4a_7c15n;
  for (let i = 0; i < size; i++) {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n);
    bytes[i] = Number(state >> 56n);
  }
  return bytes.buffer;
}

/** A function that checks one message: its length and both ends, and everything of every 256th. */
export function checker(scenario) {
  const expected = payload(scenario);
  let seen = 0;
  const require = (good) => {
    if (!good) throw new Error(`message ${seen} is not what was sent`);
  };
  if (scenario.text) {
    const { length } = expected;
    const first = expected.charCodeAt(0);
    const last = expected.charCodeAt(length - 1);
    return (data) => {
      require(data.length === length && data.charCodeAt(0) === first && data.charCodeAt(length - 1) === last);
      if ((seen++ & 0xff) === 0) require(data === expected);
    };
  }
  const bytes = new Uint8Array(expected);
  const { length } = bytes;
  const first = bytes[0];
  const last = bytes[length - 1];
  return (data) => {
    require(data.length === length && data[0] === first && data[length - 1] === last);
    if ((seen++ & 0xff) === 0) require(Buffer.compare(data, bytes) === 0);
  };
}
