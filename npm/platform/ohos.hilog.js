// `@ohos.hilog`: the platform's log, printed. DEBUG and INFO go to standard output, the others to
// standard error, each as a line of the platform's `hilog` command.
'use strict';

const { inspect } = require('node:util');
const { threadId } = require('node:worker_threads');
const { BusinessError } = require('../lib');

const LogLevel = Object.freeze({ DEBUG: 3, INFO: 4, WARN: 5, ERROR: 6, FATAL: 7 });
const LETTERS = { 3: 'D', 4: 'I', 5: 'W', 6: 'E', 7: 'F' };
/** The most of a tag that is shown, in bytes. */
const MAX_TAG = 31;
const MAX_DOMAIN = 0xffff;
/** `%d`, `%{public}s`, `%{private}o`; `%%` is a percent sign. */
const SPECIFIER = /%(?:%|(?:\{(public|private)\})?([sdiojOxXfc]))/g;

let minimum = LogLevel.DEBUG;

function isLoggable(domain, tag, level) {
  check('isLoggable', domain, tag);
  return level >= minimum && level <= LogLevel.FATAL && domain >= 0 && domain <= MAX_DOMAIN;
}

/** What is logged from now on: this level and those above. */
function setMinLogLevel(level) {
  minimum = level;
}

function log(name, level, domain, tag, format, args) {
  check(name, domain, tag);
  if (!isLoggable(domain, tag, level)) return;
  const place = `A${domain.toString(16).toUpperCase().padStart(5, '0')}/${shorten(tag)}`;
  const text = fill(String(format), args);
  const line = `${now()} ${process.pid} ${threadId} ${LETTERS[level]} ${place}: ${text}`;
  // Of the program's console: test runners look there.
  console[level >= LogLevel.WARN ? 'error' : 'log']('%s', line);
}

function check(name, domain, tag) {
  if (typeof domain === 'number' && typeof tag === 'string') return;
  throw new BusinessError(401, `Parameter error: hilog.${name} takes a domain (number) and a tag`);
}

/** `format` with its arguments, as far as there are some: private unless it says public. */
function fill(format, args) {
  let next = 0;
  return format.replace(SPECIFIER, (specifier, privacy, type) => {
    if (type === undefined) return '%';
    if (next >= args.length) return specifier;
    const value = args[next++];
    return privacy === 'public' ? show(value, type) : '<private>';
  });
}

function show(value, type) {
  switch (type) {
    case 'j':
      return JSON.stringify(value);
    case 'i':
      return typeof value === 'number' ? String(Math.trunc(value)) : String(value);
    case 'o':
    case 'O':
      return inspect(value);
    default:
      return typeof value === 'object' && value !== null ? inspect(value) : String(value);
  }
}

/** `tag`, or as many of its characters as fit. */
function shorten(tag) {
  let length = 0;
  let shown = '';
  for (const character of tag) {
    length += Buffer.byteLength(character);
    if (length > MAX_TAG) break;
    shown += character;
  }
  return shown;
}

/** `08-05 12:21:47.579`, the local time. */
function now() {
  const date = new Date();
  const two = (number) => String(number).padStart(2, '0');
  const day = `${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day} ${time}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

const hilog = {
  LogLevel,
  debug: (domain, tag, format, ...args) => log('debug', 3, domain, tag, format, args),
  info: (domain, tag, format, ...args) => log('info', 4, domain, tag, format, args),
  warn: (domain, tag, format, ...args) => log('warn', 5, domain, tag, format, args),
  error: (domain, tag, format, ...args) => log('error', 6, domain, tag, format, args),
  fatal: (domain, tag, format, ...args) => log('fatal', 7, domain, tag, format, args),
  isLoggable,
  setMinLogLevel,
};

module.exports = hilog;
// The platform exports a default only.
module.exports.default = hilog;
