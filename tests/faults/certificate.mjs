// A certificate of an algorithm whose signatures are all of one length, so that sessions are, too.
import { Certificates } from '../tls/certificates.mjs';

/** A name for each session, so that none takes up another's TLS. */
export const nameOf = (number) => `${String(number).padStart(6, '0')}.faults.test`;

/** PEM of a certificate for 127.0.0.1 and each `nameOf`, and of its key. */
export async function certificate() {
  const made = await Certificates.make();
  await made.openssl(
    ...['req', '-x509', '-newkey', 'ed25519', '-noenc', '-subj', '/CN=faults', '-days', '2'],
    ...['-addext', 'subjectAltName=IP:127.0.0.1,DNS:*.faults.test'],
    ...['-keyout', 'faults.key', '-out', 'faults.pem'],
  );
  return { cert: await made.read('faults.pem'), key: await made.read('faults.key') };
}
