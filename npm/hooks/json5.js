// Reads the JSON5 that OpenHarmony's project files are written in: comments, commas at the end,
// names without quotes and strings in single quotes.
'use strict';

/** A string, what stands in single quotes, a comment, a name. */
const PART = new RegExp(
  [
    /"(?:\\[^]|[^"\\])*"/,
    /'((?:\\[^]|[^'\\])*)'/,
    /\/\/.*|\/\*[^]*?\*\//,
    /([\p{ID_Start}$_][\w$]*)(?=\s*:)/u,
  ]
    .map(({ source }) => source)
    .join('|'),
  'gu',
);
const STRING_OR_COMMA = /"(?:\\[^]|[^"\\])*"|,(?=\s*[}\]])/g;

/** The value of `text`; throws a SyntaxError if it is none, or has what JSON5 has beside these. */
function parse(text) {
  const plain = text.replace(PART, (part, single, name) => {
    if (name !== undefined) return `"${name}"`;
    if (single !== undefined) return quote(single);
    return part[0] === '/' ? ' ' : part;
  });
  return JSON.parse(plain.replace(STRING_OR_COMMA, (part) => (part === ',' ? '' : part)));
}

/** What stands in single quotes, in double ones. */
function quote(text) {
  return `"${text.replace(/\\'|\\\n|"/g, (part) => ({ "\\'": "'", '"': '\\"' })[part] ?? '')}"`;
}

exports.parse = parse;
