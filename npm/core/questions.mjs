// What the native half asks functions of the program: the addresses of a name, and with what to
// connect.
import { parameterError } from './errors.mjs';
import { flatten } from './headers.mjs';
import { native } from './runtime.mjs';

/** An option that is a function; 401 if it is something else. */
export function functionOption(options, name) {
  const value = options[name];
  if (value !== undefined && typeof value !== 'function')
    throw parameterError(`${name} is not a function`);
  return value;
}

/** The text of a `URL`, also of another realm, as a test runner's; else the value itself. */
export function urlText(value) {
  const isUrl =
    typeof value === 'object' &&
    value !== null &&
    Object.prototype.toString.call(value) === '[object URL]';
  return isUrl ? value.href : value;
}

/** Answers a question with what `functions` say, those of the `connect` that it is of. */
export async function answerQuestion({ id, name, attempt }, functions) {
  try {
    if (name !== undefined) {
      const addresses = await addressesOf(functions.lookup, name);
      native().answerQuestion(id, undefined, undefined, addresses);
    } else {
      // The first attempt has the URL of `connect`.
      const url = attempt > 0 ? urlText(await functions.url?.(attempt)) : undefined;
      if (url !== undefined && typeof url !== 'string') throw new TypeError('the URL is no string');
      const header = await functions.header?.(attempt);
      const fields = functions.header && flatten(header);
      native().answerQuestion(id, undefined, url, fields);
    }
  } catch (error) {
    native().answerQuestion(id, wordsOf(error));
  }
}

/** Asks a function as `dns.lookup` is one, for all addresses: it may give one, or an array. */
function addressesOf(lookup, name) {
  const options = { all: true, family: 0, hints: 0 };
  return new Promise((resolve, reject) => {
    lookup(name, options, (error, found) => {
      if (error) reject(error);
      else resolve([found].flat().map((one) => String(one?.address ?? one)));
    });
  });
}

function wordsOf(error) {
  try {
    return String(error?.message ?? error).slice(0, 1024);
  } catch {
    return 'an error that cannot be read';
  }
}
