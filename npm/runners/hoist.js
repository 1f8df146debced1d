// Calls of `jest.mock` and its like come before the imports of a file, which babel-jest cares for
// in JavaScript. Here each becomes a function in its place, so that no line moves, and the
// functions are called first.
'use strict';

const { closing, scan } = require('../hooks/scan.js');

const HOISTED = /^(deepUnmock|disableAutomock|enableAutomock|mock|unmock)$/;
const NAME = '__arkws_hoisted';

/** `code` with such calls made functions, and `first`, which calls these. */
function hoist(source) {
  if (!/\bjest\s*\.\s*\w*(m|M)ock\b/.test(source)) return { code: source, first: '' };
  const tokens = scan(source);
  const edits = [];
  for (let i = 0; i < tokens.length; i++) {
    if (!isCall(tokens, i)) continue;
    let end = i;
    while (isMethodCall(tokens, end + 1)) end = closing(tokens, end + 3);
    edits.push({ start: tokens[i].start, after: tokens[i].end, end: tokens[end].end });
    i = end;
  }
  let code = '';
  let at = 0;
  edits.forEach(({ start, after, end }, index) => {
    // The program may have imported `jest`, which is not there so early.
    const call = `require('@jest/globals').jest${source.slice(after, end)}`;
    code += `${source.slice(at, start)}function ${NAME}${index}() { ${call} }`;
    at = end;
  });
  return { code: code + source.slice(at), first: edits.map((_, i) => `${NAME}${i}();`).join('') };
}

function isCall(tokens, i) {
  return tokens[i].text === 'jest' && tokens[i].depth === 0 && isMethodCall(tokens, i + 1);
}

function isMethodCall(tokens, i) {
  return (
    tokens[i]?.text === '.' && HOISTED.test(tokens[i + 1]?.text) && tokens[i + 2]?.text === '('
  );
}

exports.hoist = hoist;
