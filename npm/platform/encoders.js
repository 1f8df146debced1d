// Text in the encodings that Node.js reads and does not write: what it reads, turned round.
'use strict';

/** Encodings of two bytes a character, beside those of ASCII. */
const TWO_BYTES = /^(gbk|gb18030|big5|euc-kr|shift_jis)$/;

/** By name: character → bytes. */
const tables = new Map();

/** What each byte, or pair of bytes, means in an encoding. */
function tableOf(name) {
  const table = new Map();
  const decoder = new TextDecoder(name, { fatal: true });
  const add = (...bytes) => {
    try {
      const text = decoder.decode(Uint8Array.from(bytes));
      // Two characters are those of the bytes themselves. The first way to write one is the usual.
      if ([...text].length === 1 && !table.has(text)) table.set(text, bytes);
    } catch {
      // These bytes mean nothing.
    }
  };
  for (let first = 0; first < 256; first++) add(first);
  if (!TWO_BYTES.test(name)) return table;
  for (let first = 0x81; first < 0xff; first++) {
    for (let second = 0x31; second < 0xff; second++) add(first, second);
  }
  return table;
}

/** The function that writes an encoding; undefined, if it is none of these. */
function encoderOf(label) {
  let name;
  try {
    name = new TextDecoder(label).encoding;
  } catch {
    return undefined;
  }
  // These write characters by what stands before them, or in other lengths.
  if (/^(utf|iso-2022|euc-jp)/.test(name)) return undefined;
  return (text) => {
    if (!tables.has(name)) tables.set(name, tableOf(name));
    const table = tables.get(name);
    return Uint8Array.from([...text].flatMap((character) => table.get(character) ?? [0x3f]));
  };
}

exports.encoderOf = encoderOf;
