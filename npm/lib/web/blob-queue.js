// What is sent behind a Blob waits until the Blob has been read: messages keep their order.
'use strict';

class BlobQueue {
  /** Bytes that wait. */
  bytes = 0;
  /** Code and reason of the close that follows; undefined: none does yet. */
  close;
  #connection;
  #entries = [];

  constructor(connection) {
    this.#connection = connection;
  }

  /** Adds a Blob, a string, or a buffer or view, of which the bytes are taken now. */
  add(data) {
    const entry = entryOf(data);
    this.bytes += entry.size;
    this.#entries.push(entry);
    if (this.#entries.length === 1) this.#send();
  }

  async #send() {
    let failure;
    while (this.#entries.length > 0 && failure === undefined) {
      const [{ data, size }] = this.#entries;
      try {
        const bytes = await data;
        this.#connection.send(bytes);
        this.bytes -= size;
      } catch (error) {
        failure = error;
      }
      this.#entries.shift();
    }
    this.#connection.blobsSent(failure);
  }
}

/** What is to be sent, or a promise of it, and how many bytes that is. */
function entryOf(data) {
  if (typeof data === 'string') return { data, size: Buffer.byteLength(data) };
  if (data instanceof Blob) {
    const bytes = data.arrayBuffer();
    // It is awaited later.
    bytes.catch(() => {});
    return { data: bytes, size: data.size };
  }
  const copy = ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice()
    : data.slice(0);
  return { data: copy, size: copy.byteLength };
}

module.exports = { BlobQueue };
