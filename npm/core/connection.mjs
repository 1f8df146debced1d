// A client of a server, as the program has it: one object from the client's request to the last
// event that names it.
import { foreignError, warnOfForeign } from './errors.mjs';
import { unflatten } from './headers.mjs';

/** The name of the class in the words of errors. */
const KIND = 'WebSocketConnection';

// What only the server may do with a connection.

/** The id of a connection that the server with this number has made; else undefined. */
export let clientOf;
/** The client is in, with this sub-protocol. */
export let agree;

/**
 * Only address and port are properties of its own: programs print connections, and what clients
 * send in header fields, or programs keep in `data`, is not to be printed.
 */
export class WebSocketConnection {
  /** The number of the server. */
  #server;
  /** The client's id there. */
  #client;
  /** Target and header fields as lines; the target only, once the fields have been asked for. */
  #head;
  #headers;
  #protocol = '';
  #data;
  /** Where the client is, as trusted proxies say; undefined: at the other end. */
  #remoteAddress;

  /** What the client has shown in TLS: the bytes of its certificate, and its common name. */
  #certificate;
  #commonName;
  #peerCertificate;

  constructor(server, client, given) {
    const { clientIP, clientPort, head, remoteAddress } = given;
    // No listener may tell others that it is somebody else.
    Object.defineProperty(this, 'clientIP', { value: clientIP, enumerable: true });
    Object.defineProperty(this, 'clientPort', { value: clientPort, enumerable: true });
    this.#server = server;
    this.#client = client;
    this.#head = head;
    this.#remoteAddress = remoteAddress;
    this.#certificate = given.certificate;
    this.#commonName = given.commonName;
  }

  static {
    clientOf = (object, server) =>
      #client in object && object.#server === server ? object.#client : undefined;
    agree = (connection, protocol) => {
      connection.#protocol = protocol;
    };
  }

  get remoteAddress() {
    if (!(#client in this)) return warnOfForeign('remoteAddress', KIND);
    return this.#remoteAddress ?? this.clientIP;
  }

  get peerCertificate() {
    if (!(#client in this)) return warnOfForeign('peerCertificate', KIND);
    if (this.#certificate !== undefined) {
      const { buffer: raw } = new Uint8Array(this.#certificate);
      this.#peerCertificate = { subject: { CN: this.#commonName }, raw };
      this.#certificate = undefined;
    }
    return this.#peerCertificate;
  }

  get path() {
    if (!(#client in this)) return warnOfForeign('path', KIND);
    const end = this.#head.indexOf('\n');
    return end < 0 ? this.#head : this.#head.slice(0, end);
  }

  get headers() {
    if (!(#client in this)) return warnOfForeign('headers', KIND);
    if (this.#headers === undefined) {
      const [target, ...fields] = this.#head.split('\n');
      this.#headers = unflatten(fields);
      this.#head = target;
    }
    return this.#headers;
  }

  get protocol() {
    return #client in this ? this.#protocol : warnOfForeign('protocol', KIND);
  }

  get data() {
    return #client in this ? this.#data : warnOfForeign('data', KIND);
  }

  set data(value) {
    if (!(#client in this)) throw foreignError('data', KIND);
    this.#data = value;
  }
}
