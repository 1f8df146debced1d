// `ca`, `cert` and `key`: PEM as strings, Buffers or ArrayBuffers.
import { parameterError } from './errors.mjs';
import { host } from './host.mjs';

/** The text of PEM; 401 if it is none. */
function pem(name, value) {
  if (typeof value === 'string') return value;
  const isBytes = value instanceof ArrayBuffer || ArrayBuffer.isView(value);
  if (!isBytes) throw parameterError(`${name} is PEM neither as a string nor as a Buffer`);
  return host.decodeText(value);
}

/** Trusted certificates: one PEM, or an array. */
export function authorities({ ca }) {
  if (ca === undefined) return undefined;
  const all = Array.isArray(ca) ? ca : [ca];
  if (all.length === 0) throw parameterError('ca has no certificate');
  return all.map((one) => pem('ca', one));
}

/** A certificate and its key: both, or none. */
export function identity({ cert, key, passphrase }) {
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined)
    throw parameterError('cert and key belong together: one of them is missing');
  if (passphrase !== undefined && typeof passphrase !== 'string')
    throw parameterError('passphrase is not a string');
  return { cert: pem('cert', cert), key: pem('key', key), password: passphrase ?? '' };
}
