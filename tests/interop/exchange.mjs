// One client's behaviour, whose ever it is, and what all of them have to do against an echo server.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, WebSocket as Undici } from 'undici';
import Ws from 'ws';

/** Payload sizes: around every boundary of the frame header, and up to 16 MiB. */
const SIZES = [0, 1, 2, 125, 126, 127, 4096, 65_535, 65_536, 65_537, 1 << 20, 16 << 20];

/**
 * Small messages that are under way together; fewer where every one is compressed, which is slow
 * with most peers.
 */
const MANY = 100_000;
const MANY_COMPRESSED = 10_000;

/** The most that our module sends in one message: OpenHarmony's limit. */
const MODULE_LARGEST = 5 * 1024 * 1024 - 16;

/** Messages that have come and not been taken. */
class Inbox {
  #messages = [];
  #waiting = null;
  #failure = null;

  put(message) {
    this.#messages.push(message);
    this.#wake();
  }

  fail(error) {
    this.#failure ??= error;
    this.#wake();
  }

  #wake() {
    this.#waiting?.();
    this.#waiting = null;
  }

  async take() {
    while (this.#messages.length === 0) {
      if (this.#failure) throw this.#failure;
      await new Promise((resolve) => (this.#waiting = resolve));
    }
    return this.#messages.shift();
  }
}

/** Npm `ws`. What all of these return: `{extensions, send(data), take(), close(code, reason)}`. */
export async function ws(url, options) {
  const socket = new Ws(url, { perMessageDeflate: false, ...options });
  const inbox = new Inbox();
  socket.on('message', (data, binary) => inbox.put(binary ? data : data.toString()));
  socket.on('error', (error) => inbox.fail(error));
  socket.on('close', (code, reason) => inbox.fail(new Error(`closed: ${code} ${reason}`)));
  await Promise.race([once(socket, 'open'), inbox.take()]);
  return {
    socket,
    extensions: socket.extensions,
    send: (data) => socket.send(data),
    take: () => inbox.take(),
    async close(code, reason) {
      const closed = once(socket, 'close');
      socket.close(code, reason);
      const [answer] = await closed;
      return answer;
    },
  };
}

/** Undici's `WebSocket`, which is Node's own. */
export async function undici(url, { ca } = {}) {
  const dispatcher = new Agent({ connect: { ca }, allowH2: false });
  const socket = new Undici(url, { dispatcher });
  socket.binaryType = 'arraybuffer';
  const inbox = new Inbox();
  socket.onmessage = ({ data }) => inbox.put(typeof data === 'string' ? data : Buffer.from(data));
  socket.onerror = ({ error, message }) => inbox.fail(error ?? new Error(message));
  socket.onclose = ({ code, reason }) => inbox.fail(new Error(`closed: ${code} ${reason}`));
  await Promise.race([new Promise((resolve) => (socket.onopen = resolve)), inbox.take()]);
  return {
    extensions: socket.extensions,
    send: (data) => socket.send(data),
    take: () => inbox.take(),
    async close(code, reason) {
      const closed = new Promise((resolve) => (socket.onclose = resolve));
      socket.close(code, reason);
      const answer = await closed;
      await dispatcher.close();
      return answer.code;
    },
  };
}

/** Our module. */
export async function arkws(url, options = {}) {
  const { default: webSocket } = await import('arkws');
  const socket = webSocket.createWebSocket();
  const inbox = new Inbox();
  socket.on('message', (_, data) => inbox.put(typeof data === 'string' ? data : Buffer.from(data)));
  socket.on('error', (error) => inbox.fail(error));
  socket.on('close', (_, { code, reason }) => inbox.fail(new Error(`closed: ${code} ${reason}`)));
  let extensions = '';
  socket.on('headerReceive', (header) => (extensions = header['sec-websocket-extensions'] ?? ''));
  const opened = new Promise((resolve) => socket.on('open', resolve));
  await socket.connect(url, options);
  await Promise.race([opened, inbox.take()]);
  return {
    extensions,
    largest: MODULE_LARGEST,
    send: (data) => socket.send(typeof data === 'string' ? data : Uint8Array.from(data).buffer),
    take: () => inbox.take(),
    async close(code, reason) {
      const closed = new Promise((resolve) =>
        socket.on('close', (_, result) => resolve(result.code)),
      );
      await socket.close({ code, reason });
      return closed;
    },
  };
}

export function binary(size) {
  const bytes = Buffer.allocUnsafe(size);
  for (let index = 0; index < size; index++) bytes[index] = index * 31 + size;
  return bytes;
}

/** Text of a size in bytes of UTF-8, with characters of one to four bytes each. */
export function text(size) {
  const pattern = 'aé€😀';
  const times = Math.floor(size / 10);
  return pattern.repeat(times) + 'a'.repeat(size - 10 * times);
}

/** Text and bytes of each size, one after the other. */
async function exchangeSizes(client, sizes) {
  for (const size of sizes) {
    for (const message of [text(size), binary(size)]) {
      client.send(message);
      const answer = await client.take();
      assert.equal(typeof answer, typeof message, `the kind of a message of ${size} bytes`);
      const same = typeof message === 'string' ? answer === message : answer.equals(message);
      assert.ok(same, `a message of ${size} bytes came back changed (${answer.length} long)`);
    }
  }
}

/** Small messages, sent without waiting for the answers. */
async function exchangeMany(client) {
  const many = client.extensions === '' ? MANY : MANY_COMPRESSED;
  const sending = (async () => {
    for (let number = 0; number < many; number++) {
      client.send(String(number));
      // The answers have to get a turn, or this measures how much can be queued.
      if (number % 1000 === 999) await new Promise(setImmediate);
    }
  })();
  for (let number = 0; number < many; number++) {
    assert.equal(await client.take(), String(number));
  }
  await sending;
}

/** All of it, and the end. */
export async function exchange(client) {
  await exchangeSizes(
    client,
    SIZES.map((size) => Math.min(size, client.largest ?? size)),
  );
  await exchangeMany(client);
  assert.equal(await client.close(1000, 'done'), 1000);
}
