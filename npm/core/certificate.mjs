// The certificate of a server, as its program gives it.
import { parameterError } from './errors.mjs';
import { host } from './host.mjs';

/** Whoever gives one wants TLS: a mistake in it must not serve clear text. */
export function serverCertificate(value) {
  if (value === undefined) return undefined;
  const { certPath, keyPath, cert, key, clientCa, requireClientCert } = value ?? {};
  const isFile = typeof certPath === 'string' && cert === undefined && key === undefined;
  if (!isFile && (certPath !== undefined || keyPath !== undefined || cert === undefined)) {
    throw parameterError(
      'serverCert is no object with a certPath that is a string, nor one with cert and key',
    );
  }
  if (requireClientCert !== undefined && typeof requireClientCert !== 'boolean') {
    throw parameterError('requireClientCert is not a boolean');
  }
  if (clientCa === undefined ? requireClientCert !== undefined : certPath === '') {
    throw parameterError('requireClientCert goes with clientCa, and that with a certificate');
  }
  return {
    ...(isFile
      ? { certPath, keyPath: typeof keyPath === 'string' ? keyPath : '' }
      : { cert: pem(cert, 'cert'), key: pem(key, 'key') }),
    clientCa: clientCa === undefined ? undefined : pem(clientCa, 'clientCa'),
    requireClientCert: clientCa !== undefined && requireClientCert !== false,
  };
}

/** PEM is text, and bytes of it are ASCII. */
function pem(value, name) {
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return Array.from(value, latin1).join('');
  throw parameterError(`serverCert's ${name} is neither a string nor a Buffer with PEM`);
}

const latin1 = (byte) => String.fromCharCode(byte);

let warned = false;

/** An empty path means none, as the platform has it. */
function warnOfNoCertificate() {
  if (warned) return;
  warned = true;
  host.warn("serverCert's certPath is empty: the server speaks without TLS", 'ARKWS_SERVER_CERT');
}

/** The same for `start`, where there may be none. */
export function certificateAtStart(value) {
  const given = serverCertificate(value);
  if (given?.certPath === '') warnOfNoCertificate();
  return given;
}
