// What a source file imports, by name.
'use strict';

const fs = require('node:fs');
const { scan } = require('./scan.js');

const WORD = /^[\p{ID_Start}$_]/u;

/**
 * The names that `source` imports, or exports again: `{ specifier, name, local, start }`, where
 * `start` is the place of the name, and `local` what the file calls it. `name` is `'*'` where all
 * of a module is meant: by `export *`, or by an `import()`. What is imported as a type is left out.
 */
function importsOf(source) {
  const tokens = scan(source);
  const text = (i) => tokens[i]?.text;
  const isString = (i) => text(i) === '"' || text(i) === "'";
  const string = (i) => source.slice(tokens[i].start + 1, tokens[i].end - 1);
  const imports = [];

  /** The names between the braces that open at `i`. */
  function named(i) {
    const names = [];
    for (i++; i < tokens.length && text(i) !== '}'; i++) {
      const isType = text(i) === 'type' && WORD.test(text(i + 1) ?? '') && text(i + 1) !== 'as';
      if (isType) i++;
      const name = isString(i) ? string(i) : text(i);
      const { start } = tokens[i];
      while (i + 1 < tokens.length && ![',', '}'].includes(text(i + 1))) i++;
      if (!isType) names.push({ name, local: text(i), start });
      if (text(i + 1) === ',') i++;
    }
    return { names, end: i + 1 };
  }

  /** The statement that begins at `i`. */
  function statement(i) {
    const isExport = text(i) === 'export';
    const names = [];
    i++;
    if (text(i) === '(' && isString(i + 1)) {
      imports.push({ specifier: string(i + 1), name: '*', start: tokens[i - 1].start });
      return;
    }
    if (text(i) === 'lazy' && text(i + 1) !== 'from') i++;
    if (text(i) === 'type' && !['from', ','].includes(text(i + 1))) return;
    while (i < tokens.length && text(i) !== 'from') {
      if (text(i) === '{') {
        const { names: more, end } = named(i);
        names.push(...more);
        i = end;
      } else if (text(i) === '*') {
        if (isExport || text(i + 1) !== 'as') names.push({ name: '*', start: tokens[i].start });
        else names.push(...membersIn(tokens, text(i + 2)));
        i += text(i + 1) === 'as' ? 3 : 1;
      } else if (!isExport && WORD.test(text(i))) {
        names.push({ name: 'default', local: text(i), start: tokens[i].start });
        i++;
      } else if (text(i) === ',') {
        i++;
      } else {
        return;
      }
    }
    if (!isString(i + 1)) return;
    for (const name of names) imports.push({ specifier: string(i + 1), ...name });
  }

  tokens.forEach((token, i) => {
    const isStatement = token.depth === 0 && (token.text === 'import' || token.text === 'export');
    const isCall = token.text === 'import' && text(i + 1) === '(';
    if ((isStatement || isCall) && text(i - 1) !== '.') statement(i);
  });
  return imports;
}

/** The members of `object` that `source` mentions: `{ name, start }`. */
function membersOf(source, object) {
  return membersIn(scan(source), object);
}

function membersIn(tokens, object) {
  const members = [];
  for (let i = 0; i + 2 < tokens.length; i++) {
    const isMember = tokens[i].text === object && ['.', '?.'].includes(tokens[i + 1].text);
    if (isMember && tokens[i - 1]?.text !== '.' && WORD.test(tokens[i + 2].text)) {
      members.push({ name: tokens[i + 2].text, start: tokens[i + 2].start });
    }
  }
  return members;
}

/** What `namesOf` has read of each file. */
const files = new Map();

/**
 * The names that `file` imports of `specifier`. Of an `import()` it cannot be told: they are all
 * words of the file.
 */
function namesOf(file, specifier) {
  let imports = files.get(file);
  if (imports === undefined) {
    imports = new Map();
    const source = read(file);
    for (const { specifier, name } of importsOf(source)) {
      if (!imports.has(specifier)) imports.set(specifier, new Set());
      const names = name === '*' ? words(source) : [name];
      for (const name of names) imports.get(specifier).add(name);
    }
    files.set(file, imports);
  }
  return imports.get(specifier) ?? new Set();
}

function read(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** Without `then`: an `import()` would call it. */
function words(source) {
  const words = scan(source).map(({ text }) => text);
  return words.filter((text) => WORD.test(text) && text !== 'then');
}

module.exports = { importsOf, membersOf, namesOf };
