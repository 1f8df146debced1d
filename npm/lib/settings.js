// The settings that hold for the whole process.
'use strict';

const { fromFailure, parameterError } = require('./errors.js');
const { mainModule, native } = require('./runtime.js');

/** Sets the API level of objects made from now on; `undefined`: as it was found. */
function setApiVersion(level) {
  if (level !== undefined && typeof level !== 'number') throw parameterError('the API level is not a number');
  const failure = native().setApiVersion(level);
  if (failure) throw fromFailure(failure);
}

/** Sets what the program may do; `undefined`: as it was found. */
function setPolicy(policy) {
  if (policy !== undefined && (typeof policy !== 'object' || policy === null)) {
    throw parameterError('the policy is not an object');
  }
  const { internet, allowedHosts } = policy ?? {};
  if (internet !== undefined && typeof internet !== 'boolean') throw parameterError('internet is not a boolean');
  if (allowedHosts !== undefined && !isArrayOfStrings(allowedHosts)) {
    throw parameterError('allowedHosts is not an array of strings');
  }
  const failure = native().setPolicy(mainModule(), internet, allowedHosts);
  if (failure) throw fromFailure(failure);
}

function isArrayOfStrings(value) {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}

module.exports = { setApiVersion, setPolicy };
