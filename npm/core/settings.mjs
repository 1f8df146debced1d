// The settings that hold for the whole process.
import { failedCall, fromFailure, mistakeOf, parameterError } from './errors.mjs';
import { host } from './host.mjs';
import { isArrayOfStrings } from './options.mjs';
import { native } from './runtime.mjs';
import { serverNumber } from './websocket-server.mjs';
import { clientNumber } from './websocket.mjs';

/** The level of `object`; of none: that of the objects that `arkws` makes from now on. */
export function getApiVersion(object) {
  if (object === undefined) return native().apiVersion(host.mainModule(), 'arkws');
  const number = clientNumber(object) ?? serverNumber(object);
  if (number === undefined) {
    const error = parameterError('getApiVersion takes a client or a server of arkws, or nothing');
    throw failedCall(getApiVersion, error);
  }
  return native().apiVersionOf(number);
}

/** Sets the API level of objects made from now on; `undefined`: as it was found. */
export function setApiVersion(level) {
  if (level !== undefined && typeof level !== 'number') {
    throw failedCall(setApiVersion, parameterError('the API level is not a number'));
  }
  const failure = native().setApiVersion(level);
  if (failure) throw failedCall(setApiVersion, fromFailure(failure));
}

/** Sets what the program may do; `undefined`: as it was found. */
export function setPolicy(policy) {
  let failure;
  try {
    const { internet, allowedHosts } = readPolicy(policy);
    // The native half reads the array, too, which may have changed meanwhile: a Proxy, say.
    failure = native().setPolicy(internet, allowedHosts);
  } catch (thrown) {
    throw failedCall(setPolicy, mistakeOf(thrown));
  }
  if (failure) throw failedCall(setPolicy, fromFailure(failure));
}

function readPolicy(policy) {
  if (policy !== undefined && (typeof policy !== 'object' || policy === null)) {
    throw parameterError('the policy is not an object');
  }
  const { internet, allowedHosts } = policy ?? {};
  if (internet !== undefined && typeof internet !== 'boolean') {
    throw parameterError('internet is not a boolean');
  }
  if (allowedHosts !== undefined && !isArrayOfStrings(allowedHosts)) {
    throw parameterError('allowedHosts is not an array of strings');
  }
  return { internet, allowedHosts };
}
