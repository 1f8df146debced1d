// Authorities, servers and clients, made with OpenSSL's command as administrators do it.
import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { copyFile, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/**
 * What `openssl ca` wants to know. It can set both dates of a certificate, which `openssl x509`
 * learnt in version 3.4 only.
 */
const CONFIG = `
[req]
distinguished_name = name
[name]
[ca]
default_ca = issuer
[issuer]
database = index.txt
new_certs_dir = .
policy = any
default_md = sha256
default_days = 2
unique_subject = no
rand_serial = yes
[any]
commonName = supplied
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
`;

/** A folder of PEM files, removed when the tests end. `NAME.pem` and `NAME.key` belong together. */
export class Certificates {
  #folder;

  static async make() {
    const certificates = new Certificates();
    certificates.#folder = await mkdtemp(join(tmpdir(), 'arkws-tls-'));
    process.on('exit', () => rmSync(certificates.#folder, { recursive: true }));
    await certificates.write('openssl.cnf', CONFIG);
    await certificates.write('index.txt', '');
    return certificates;
  }

  path(file) {
    return join(this.#folder, file);
  }

  read(file) {
    return readFile(this.path(file), 'utf8');
  }

  async write(file, contents) {
    await writeFile(this.path(file), contents);
    return this.path(file);
  }

  /** Runs `openssl` in the folder. */
  async openssl(...args) {
    await promisify(execFile)('openssl', args, { cwd: this.#folder });
  }

  /** A key on the curve that servers use; the certificates' kind shows nothing about it. */
  async key(file) {
    await this.openssl(
      'genpkey',
      '-algorithm',
      'EC',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-out',
      file,
    );
  }

  /** A root authority. */
  async authority(name) {
    await this.key(`${name}.key`);
    await this.#selfSigned(
      name,
      `/CN=${name}`,
      '-config',
      'openssl.cnf',
      '-extensions',
      'authority',
    );
  }

  /** A certificate of its own making, as `openssl req -x509` makes it by default. */
  async selfSigned(name, ...names) {
    await this.key(`${name}.key`);
    await this.#selfSigned(name, '/CN=localhost', '-addext', `subjectAltName=${names.join()}`);
  }

  async #selfSigned(name, subject, ...more) {
    await this.openssl(
      'req',
      '-x509',
      '-key',
      `${name}.key`,
      '-out',
      `${name}.pem`,
      '-subj',
      subject,
      '-days',
      '2',
      ...more,
    );
  }

  /** The request `NAME.csr` for a certificate of the key `NAME.key` with this common name. */
  async request(name, commonName) {
    await this.openssl(
      'req',
      '-new',
      '-key',
      `${name}.key`,
      '-subj',
      `/CN=${commonName}`,
      '-config',
      'openssl.cnf',
      '-out',
      `${name}.csr`,
    );
  }

  /** A certificate of X.509 version 1, which has no extensions: its own, or `by` an authority. */
  async version1(name, { by = name, host = 'localhost' } = {}) {
    await this.key(`${name}.key`);
    await this.request(name, host);
    const signer =
      by === name
        ? ['-signkey', `${name}.key`]
        : ['-CA', `${by}.pem`, '-CAkey', `${by}.key`, '-CAcreateserial'];
    await this.openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      ...signer,
      '-days',
      '2',
      '-out',
      `${name}.pem`,
    );
  }

  /** An authority that has expired. */
  async expiredAuthority(name) {
    await this.key(`${name}.key`);
    await this.request(name, name);
    await this.openssl(
      ...[
        'ca',
        '-batch',
        '-selfsign',
        '-config',
        'openssl.cnf',
        '-keyfile',
        `${name}.key`,
        '-in',
        `${name}.csr`,
      ],
      ...[
        '-extensions',
        'authority',
        '-startdate',
        '20200101000000Z',
        '-enddate',
        '20210101000000Z',
        '-out',
        `${name}.pem`,
      ],
    );
  }

  /**
   * A certificate of an authority, with OpenSSL's description of it above the PEM, as `openssl ca`
   * writes it. `names` as in `subjectAltName`; `key` is a file that is there already.
   */
  async issue(name, { by = 'root', names = [], usage, authority = false, from, until, key } = {}) {
    await (key ? copyFile(this.path(key), this.path(`${name}.key`)) : this.key(`${name}.key`));
    await this.request(name, name);
    const extensions = authority
      ? ['-extensions', 'authority']
      : ['-extfile', await this.write(`${name}.ext`, leafExtensions(names, usage))];
    const dates = [from && ['-startdate', time(from)], until && ['-enddate', time(until)]]
      .filter(Boolean)
      .flat();
    await this.openssl(
      ...['ca', '-batch', '-config', 'openssl.cnf', '-cert', `${by}.pem`, '-keyfile', `${by}.key`],
      ...['-in', `${name}.csr`, '-out', `${name}.pem`, ...extensions, ...dates],
    );
  }

  /** What a server or client shows: the certificate, and those that lead to its root. */
  async chain(name, ...intermediates) {
    const files = [name, ...intermediates].map((each) => this.read(`${each}.pem`));
    return this.write(`${name}-chain.pem`, (await Promise.all(files)).join(''));
  }
}

function leafExtensions(names, usage) {
  const lines = ['basicConstraints = CA:false'];
  if (names.length > 0) lines.push(`subjectAltName = ${names.join()}`);
  if (usage) lines.push(`extendedKeyUsage = ${usage}`);
  return `${lines.join('\n')}\n`;
}

/** `20300101000000Z` */
function time(date) {
  return `${date.toISOString().replace(/\D/g, '').slice(0, 14)}Z`;
}
