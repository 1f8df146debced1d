// What ArkTS has and TypeScript has not, taken out of a source file so that all else stays on its
// line: structs and the functions that build them, decorators of functions, `import lazy`.
'use strict';

const { closing, scan } = require('./scan.js');

/** The name under which a compiled file knows globals.js. */
const GLOBALS = '__arkws_ets';
/** Decorators of functions whose bodies are ArkUI's, and no TypeScript. */
const BUILDERS = new Set(['AnimatableExtend', 'Builder', 'Extend', 'LocalBuilder', 'Styles']);
const MODIFIERS = new Set(['abstract', 'async', 'declare', 'default', 'export']);
const VALUES = new Set(['class', 'const', 'enum', 'function', 'let', 'namespace', 'struct', 'var']);
/** What follows the name of a struct; else `struct` is a name itself. */
const AFTER_STRUCT = new Set(['{', '<', 'extends', 'implements']);
/** Whether there is anything to do. */
const NEEDED = /\bstruct\b|@|\bimport\s+lazy\b|\b(?:interface|type)\b/;

/**
 * TypeScript for the ArkTS of `file`, and the names of the types that it exports: `export { Type }
 * from` that file, which says not that it is a type, must find something.
 */
function rewrite(source, file) {
  if (!NEEDED.test(source)) return { code: source, types: [] };
  const rewriting = new Rewriting(source, file);
  rewriting.run();
  return { code: rewriting.code, types: rewriting.types };
}

class Rewriting {
  #source;
  #file;
  #tokens;
  #edits = [];
  /** Names that are declared at the top, and those that are exported. */
  #declaredTypes = new Set();
  #declaredValues = new Set();
  #exported = new Set();

  constructor(source, file) {
    this.#source = source;
    this.#file = file;
    this.#tokens = scan(source);
  }

  get code() {
    let code = '';
    let at = 0;
    for (const { start, end, text } of this.#edits) {
      code += this.#source.slice(at, start) + text;
      at = end;
    }
    return code + this.#source.slice(at);
  }

  get types() {
    return [...this.#exported].filter(
      (name) => this.#declaredTypes.has(name) && !this.#declaredValues.has(name),
    );
  }

  run() {
    let i = 0;
    while (i < this.#tokens.length) {
      i = this.#tokens[i].depth === 0 ? this.#statement(i) : i + 1;
    }
  }

  #text(i) {
    return this.#tokens[i]?.text;
  }

  #isWord(i) {
    return /^[\p{ID_Start}$_]/u.test(this.#text(i) ?? '');
  }

  /** Looks at what may be a statement's begin. Returns the token to go on with. */
  #statement(i) {
    const text = this.#text(i);
    if (text === '@') return this.#decorators(i);
    if (text === 'import') return this.#import(i + 1);
    if (text === 'export') return this.#export(i);
    return this.#declaration(i, false);
  }

  /** `import lazy { x } from` is loaded at once. Of types only the names are of interest. */
  #import(i) {
    const isNext = (k) => this.#text(k) === '{' || this.#text(k) === '*' || this.#isWord(k);
    const isMarked = isNext(i + 1) && this.#text(i + 1) !== 'from';
    const isLazy = isMarked && this.#text(i) === 'lazy';
    const isType = isMarked && this.#text(i) === 'type';
    if (isLazy) this.#blank(this.#tokens[i].start, this.#tokens[i].end);
    const next = isLazy || isType ? i + 1 : i;
    if (isType && this.#isWord(next)) this.#declaredTypes.add(this.#text(next));
    if (this.#text(next) !== '{') return next;
    for (const { name, isType: isOne } of this.#list(next))
      if (isType || isOne) this.#declaredTypes.add(name);
    return closing(this.#tokens, next) + 1;
  }

  /** The names of `{ a, b as c, type d }`, as they are called in the end. */
  #list(i) {
    const end = closing(this.#tokens, i);
    const names = [];
    let begin = i + 1;
    for (let k = i + 1; k <= end; k++) {
      if (this.#text(k) !== ',' && k !== end) continue;
      const isType = this.#text(begin) === 'type' && k - begin > 1;
      if (this.#isWord(k - 1)) names.push({ name: this.#text(k - 1), isType });
      begin = k + 1;
    }
    return names;
  }

  #decorators(first) {
    const names = [];
    let i = first;
    while (this.#text(i) === '@') {
      if (this.#text(i + 1) === 'interface') throw this.#annotation(i);
      names.push(this.#text(i + 1));
      i += 2;
      while (this.#text(i) === '.') i += 2;
      if (this.#text(i) === '(') i = closing(this.#tokens, i) + 1;
    }
    let declared = i;
    while (MODIFIERS.has(this.#text(declared))) declared++;
    const keyword = this.#text(declared);
    if (keyword === 'struct' || keyword === 'function' || keyword === 'type')
      this.#blank(this.#tokens[first].start, this.#tokens[i - 1].end);
    if (keyword !== 'function' || !names.some((name) => BUILDERS.has(name))) return i;
    return this.#builder(declared);
  }

  #export(i) {
    let next = i + 1;
    const isType = this.#text(next) === 'type' && this.#text(next + 1) === '{';
    if (isType) next++;
    if (this.#text(next) === '{') {
      for (const { name, isType: isOne } of this.#list(next)) {
        this.#exported.add(name);
        if (isType || isOne) this.#declaredTypes.add(name);
      }
      return closing(this.#tokens, next) + 1;
    }
    if (this.#text(next) === 'default') this.#exported.add('default');
    return this.#text(next) === '@' ? next : this.#declaration(next, true);
  }

  #declaration(first, isExported) {
    let i = first;
    const isDefault = this.#text(i) === 'default';
    while (MODIFIERS.has(this.#text(i)) && this.#isWord(i + 1)) i++;
    const keyword = this.#text(i);
    if (keyword === 'const' && this.#text(i + 1) === 'enum') i++;
    if (!this.#isWord(i + 1)) return Math.max(i, first) + 1;
    const name = this.#text(i + 1);
    if (keyword === 'interface' || keyword === 'type') {
      if (isDefault) this.#declaredTypes.add('default');
      this.#declare(this.#declaredTypes, name, isExported && !isDefault);
    } else if (VALUES.has(keyword)) {
      this.#declare(this.#declaredValues, name, isExported && !isDefault);
      if (keyword === 'struct' && AFTER_STRUCT.has(this.#text(i + 2))) return this.#struct(i);
    }
    return i + 1;
  }

  #declare(names, name, isExported) {
    names.add(name);
    if (isExported) this.#exported.add(name);
  }

  /** A class in the place of a struct, which says when somebody wants one. */
  #struct(i) {
    const body = this.#find('{', i);
    if (body === undefined) return i + 1;
    const end = closing(this.#tokens, body);
    const name = this.#text(i + 1);
    const place = JSON.stringify(this.#place(i));
    const text = `class ${name} extends ${GLOBALS}.struct(${JSON.stringify(name)}, ${place}) {}`;
    this.#replace(this.#tokens[i].start, this.#tokens[end].end, text);
    return end + 1;
  }

  #builder(i) {
    const name = this.#text(i + 1);
    const body = this.#find('{', i);
    if (!this.#isWord(i + 1) || body === undefined) return i + 1;
    const end = closing(this.#tokens, body);
    const call = `${GLOBALS}.builder(${JSON.stringify(name)}, ${JSON.stringify(this.#place(i))})`;
    this.#replace(this.#tokens[i].start, this.#tokens[end].end, `function ${name}() { ${call}; }`);
    return end + 1;
  }

  /** The next `text` that is as deep as token `i`. */
  #find(text, i) {
    const { depth } = this.#tokens[i];
    const found = this.#tokens.findIndex(
      (token, k) => k > i && token.depth === depth && token.text === text,
    );
    return found === -1 ? undefined : found;
  }

  #place(i) {
    return `${this.#file}:${this.#position(i).line}`;
  }

  #position(i) {
    const before = this.#source.slice(0, this.#tokens[i].start).split('\n');
    return { line: before.length, column: before.at(-1).length };
  }

  #annotation(i) {
    const name = this.#text(i + 2);
    const text =
      `@interface declares an annotation${name ? `, ${name}` : ''}: metadata that only ` +
      "OpenHarmony's own compiler knows. Keep it, and what it marks, out of this file.";
    return Object.assign(new SyntaxError(text), { location: this.#position(i) });
  }

  #blank(start, end) {
    this.#edits.push({ start, end, text: this.#source.slice(start, end).replace(/[^\r\n]/g, ' ') });
  }

  /** With as many lines as before. */
  #replace(start, end, text) {
    const lines = this.#source.slice(start, end).replace(/[^\n]/g, '');
    this.#edits.push({ start, end, text: text + lines });
  }
}

module.exports = { GLOBALS, rewrite };
