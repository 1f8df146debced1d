// The settings that hold for the whole process.
'use strict';

const { failedCall, fromFailure, parameterError } = require('./errors.js');
const { isArrayOfStrings } = require('./options.js');
const { mainModule, native } = require('./runtime.js');
const { serverNumber } = require('./server.js');
const { clientNumber } = require('./websocket.js');

/** The level of `object`; of none: that of the objects that `arkws` makes from now on. */
function getApiVersion(object) {
  if (object === undefined) return native().apiVersion(mainModule(), 'arkws');
  const number = clientNumber(object) ?? serverNumber(object);
  if (number === undefined) {
    const error = parameterError('getApiVersion takes a client or a server of arkws, or nothing');
    throw failedCall(getApiVersion, error);
  }
  return native().apiVersionOf(number);
}

/** Sets the API level of objects made from now on; `undefined`: as it was found. */
function setApiVersion(level) {
  if (level !== undefined && typeof level !== 'number') {
    throw failedCall(setApiVersion, parameterError('the API level is not a number'));
  }
  const failure = native().setApiVersion(level);
  if (failure) throw failedCall(setApiVersion, fromFailure(failure));
}

/** Sets what the program may do; `undefined`: as it was found. */
function setPolicy(policy) {
  if (policy !== undefined && (typeof policy !== 'object' || policy === null)) {
    throw failedCall(setPolicy, parameterError('the policy is not an object'));
  }
  const { internet, allowedHosts } = policy ?? {};
  if (internet !== undefined && typeof internet !== 'boolean') {
    throw failedCall(setPolicy, parameterError('internet is not a boolean'));
  }
  if (allowedHosts !== undefined && !isArrayOfStrings(allowedHosts)) {
    throw failedCall(setPolicy, parameterError('allowedHosts is not an array of strings'));
  }
  const failure = native().setPolicy(internet, allowedHosts);
  if (failure) throw failedCall(setPolicy, fromFailure(failure));
}

module.exports = { getApiVersion, setApiVersion, setPolicy };
