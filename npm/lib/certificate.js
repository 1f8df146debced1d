// The certificate of a server, as its program gives it.
'use strict';

const { parameterError } = require('./errors.js');

/** Whoever gives one wants TLS: a mistake in it must not serve clear text. */
function serverCertificate(value) {
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
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
  throw parameterError(`serverCert's ${name} is neither a string nor a Buffer with PEM`);
}

let warned = false;

/** An empty path means none, as the platform has it. */
function warnOfNoCertificate() {
  if (warned || typeof process !== 'object') return;
  warned = true;
  process.emitWarning("serverCert's certPath is empty: the server speaks without TLS", {
    code: 'ARKWS_SERVER_CERT',
  });
}

/** The same for `start`, where there may be none. */
function certificateAtStart(value) {
  const given = serverCertificate(value);
  if (given?.certPath === '') warnOfNoCertificate();
  return given;
}

module.exports = { certificateAtStart, serverCertificate };
