// The tokens of a source file, as far as they must be known to find what TypeScript has not:
// strings, templates, comments and regular expressions hide nothing and show nothing.
'use strict';

const SKIPPED = /(?:\s+|\/\/.*|\/\*[^]*?\*\/)+/y;
const WORD = /[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*/uy;
const NUMBER = /\d[\w.]*/y;
const STRING = /"(?:\\[^]|[^"\\\n])*"?|'(?:\\[^]|[^'\\\n])*'?/y;
const REGEX = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/\w*/y;
/** A template's characters up to its end or its next expression. */
const TEMPLATE = /(?:\\[^]|\$(?!\{)|[^\\`$])*(?:`|\$\{)?/y;

/** After these words comes an expression, so that `/` begins a regular expression. */
const BEFORE_EXPRESSION = new Set(
  'await case delete do else in instanceof new of return throw typeof void yield'.split(' '),
);
/** After the parentheses of these comes a statement. */
const BEFORE_CONDITION = new Set(['for', 'if', 'while', 'with']);
const OPENING = '([{';
const CLOSING = ')]}';

/**
 * The tokens of `source`: `{ text, start, end, depth }`, where `depth` counts the brackets around.
 * Of a string only the quote is the text.
 */
function scan(source) {
  const tokens = [];
  /** The brackets that are open: what is before them, and whether they are a template's. */
  const open = [];
  let at = 0;

  const match = (pattern) => {
    pattern.lastIndex = at;
    return pattern.exec(source)?.[0];
  };
  const add = (text, length) => {
    tokens.push({ text, start: at, end: at + length, depth: open.length });
    at += length;
  };
  /** The rest of a template, from behind its first character. */
  const template = () => {
    const start = at;
    at += 1;
    const length = match(TEMPLATE).length + 1;
    at = start;
    add('`', length);
    if (source.startsWith('${', at - 2)) open.push({ isTemplate: true });
  };

  while (at < source.length) {
    const skipped = match(SKIPPED);
    if (skipped !== undefined) {
      at += skipped.length;
      continue;
    }
    const text = match(WORD) ?? match(NUMBER);
    const character = source[at];
    if (text !== undefined) {
      add(text, text.length);
    } else if (character === '"' || character === "'") {
      add(character, match(STRING).length);
    } else if (character === '`') {
      template();
    } else if (character === '/' && beginsExpression(tokens)) {
      add('/', match(REGEX)?.length ?? 1);
    } else if (OPENING.includes(character)) {
      const before = tokens.at(-1)?.text;
      add(character, 1);
      open.push({ isCondition: character === '(' && BEFORE_CONDITION.has(before) });
    } else if (CLOSING.includes(character)) {
      const bracket = open.pop();
      if (bracket?.isTemplate) {
        template();
      } else {
        add(character, 1);
        tokens.at(-1).isCondition = bracket?.isCondition;
      }
    } else {
      const isDouble = (character === '+' || character === '-') && source[at + 1] === character;
      add(isDouble ? character + character : character, isDouble ? 2 : 1);
    }
  }
  return tokens;
}

/** Whether an expression may begin after `tokens`; else `/` divides. */
function beginsExpression(tokens) {
  const last = tokens.at(-1);
  if (last === undefined || last.isCondition) return true;
  if (/^[\w$"'`)\]}]/.test(last.text) || /^\P{ASCII}/u.test(last.text))
    return BEFORE_EXPRESSION.has(last.text);
  return last.text !== '++' && last.text !== '--';
}

/** The index of the bracket that closes the one at `index`; the last token, if none does. */
function closing(tokens, index) {
  const { depth } = tokens[index];
  for (let i = index + 1; i < tokens.length; i++) {
    if (tokens[i].depth === depth && CLOSING.includes(tokens[i].text)) return i;
  }
  return tokens.length - 1;
}

/** Whether a program is an ES module by its syntax. */
function isModule(source) {
  const tokens = scan(source);
  return tokens.some(({ text, depth }, i) => {
    const next = tokens[i + 1]?.text;
    if (text === 'import') {
      if (next === '.') return tokens[i + 2]?.text === 'meta';
      if (depth > 0 || tokens[i - 1]?.text === '.') return false;
      // `import x = require()` is CommonJS.
      return next !== '(' && tokens[i + 2]?.text !== '=';
    }
    if (text !== 'export' || depth > 0 || tokens[i - 1]?.text === '.') return false;
    return next !== undefined && next !== '=' && next !== '.' && next !== ':';
  });
}

module.exports = { closing, isModule, scan };
