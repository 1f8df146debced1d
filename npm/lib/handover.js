// Connections that an HTTP server of Node.js has accepted, on their way to a server object.
'use strict';

const { fromFailure, native, parameterError } = require('./core.js');
const { atExit } = require('./exit.js');

/** What a head may hold: it is written in Latin-1, and split at line ends. */
const LINE = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * What a program has given as a request, as text; an error with code 401 is thrown if it is none of
 * HTTP/1.
 */
function headOf(request) {
  const { method, url, httpVersion, rawHeaders } = request ?? {};
  const start = [method, url, httpVersion];
  if (!start.every(isLine) || !/^1\.\d$/.test(httpVersion)) {
    throw parameterError('the request is none that a server of node:http has got');
  }
  // Not its own methods: an array of the program's may have others.
  const fields = Array.isArray(rawHeaders) ? Array.from(rawHeaders) : [undefined];
  if (fields.length % 2 !== 0 || !fields.every(isLine)) {
    throw parameterError('the rawHeaders of the request are no header fields');
  }
  let head = `${method} ${url} HTTP/${httpVersion}\r\n`;
  for (let i = 0; i < fields.length; i += 2) head += `${fields[i]}: ${fields[i + 1]}\r\n`;
  return `${head}\r\n`;
}

const isLine = (value) => typeof value === 'string' && LINE.test(value);

/** Whether this is a stream that can be written to and read. */
function isStream(value) {
  return (
    value !== undefined &&
    value !== null &&
    ['on', 'once', 'read', 'write', 'end', 'pause', 'resume', 'destroy'].every(
      (name) => typeof value[name] === 'function',
    )
  );
}

/** Whoever has been handed over is a server object's: others would disturb its client. */
const handedOver = new WeakSet();

/**
 * Hands the connection of `socket` to the server object with this number. `head` is the text of its
 * request, `rest` the bytes that followed it. Returns whether the server has taken it (an event
 * tells when its connection is over), or an error if it takes none.
 */
function handOver(server, head, socket, rest) {
  if (handedOver.has(socket)) throw parameterError('the socket has been handed over already');
  if (isGone(socket)) return false;
  const handle = handleOf(socket);
  if (handle !== undefined) {
    handle.reading = false;
    handle.readStop();
    const unread = readAll(socket);
    // To read may have started it again.
    handle.reading = false;
    handle.readStop();
    const read = bytesOf(Buffer.concat([Buffer.from(head, 'latin1'), rest, ...unread]));
    const taken = native().handOverSocket(server, handle.fd, read);
    if (taken === true) {
      handedOver.add(socket);
      // Ours is another descriptor of the same connection.
      socket.destroy();
      return true;
    }
    if (taken !== false) return fromFailure(taken);
    rest = Buffer.concat([rest, ...unread]);
  }
  const read = bytesOf(Buffer.concat([Buffer.from(head, 'latin1'), rest]));
  const { remoteAddress, remotePort } = socket;
  const number = native().handOverStream(
    server,
    read,
    typeof remoteAddress === 'string' ? remoteAddress : undefined,
    typeof remotePort === 'number' ? remotePort : undefined,
    descriptorOf(socket),
  );
  if (typeof number !== 'number') return fromFailure(number);
  handedOver.add(socket);
  carry(number, socket);
  return true;
}

/** Nobody reads what would be written to it: also if somebody else has answered its client. */
const isGone = ({ destroyed, writableEnded }) => destroyed === true || writableEnded === true;

/**
 * The handle of a socket whose bytes are those of its descriptor: of TCP or a Unix socket, and
 * nothing else written to it yet. undefined: JavaScript has to carry them.
 */
function handleOf(socket) {
  const net = process.getBuiltinModule?.('node:net') ?? require('node:net');
  const handle = socket._handle;
  const isPlain =
    Object.getPrototypeOf(socket) === net.Socket.prototype &&
    ['TCP', 'Pipe'].includes(handle?.constructor?.name) &&
    typeof handle.readStop === 'function' &&
    handle.fd >= 0;
  return isPlain && socket.writableLength === 0 ? handle : undefined;
}

/** The descriptor under a socket of TCP or TLS; undefined: there is none that is known. */
function descriptorOf(socket) {
  const { Socket } = process.getBuiltinModule?.('node:net') ?? require('node:net');
  const fd = socket instanceof Socket ? socket._handle?.fd : undefined;
  return fd >= 0 ? fd : undefined;
}

/** What Node.js has read, and nobody has taken. */
function readAll(socket) {
  const chunks = [];
  for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) {
    chunks.push(Buffer.from(chunk, socket.readableEncoding ?? undefined));
  }
  return chunks;
}

/** A copy of bytes that is an ArrayBuffer. */
const bytesOf = ({ buffer, byteOffset, byteLength }) =>
  buffer.slice(byteOffset, byteOffset + byteLength);

/** The streams whose bytes are carried, by their numbers; of which a write is under way. */
const streams = new Map();
const writing = new Set();

/** Ends the wait for the end of the process, for as long as there are such streams. */
let stay;

/** The process ends: what was sent leaves, as far as streams take it without the event loop. */
function leave(isProcess) {
  const left = native().leaveStreams(isProcess);
  for (let i = 0; i < left.length; i += 3) {
    const [number, given, since] = left.slice(i, i + 3);
    // Of TLS only one write leaves at once.
    const bytes = writing.has(number) ? since : Buffer.concat([given, since]);
    if (bytes.length === 0) continue;
    try {
      streams.get(number)?.write(bytes);
    } catch {
      // The program's own: there is nobody left to tell.
    }
  }
}

/** Carries the bytes between a stream and the native half, a chunk at a time. */
function carry(number, socket) {
  stay ??= atExit(leave);
  streams.set(number, socket);
  socket.setTimeout?.(0);
  socket.setNoDelay?.(true);
  const lost = () => native().streamLost(number);
  socket.on('data', (chunk) => {
    socket.pause();
    try {
      native().streamPush(number, bytesOf(Buffer.from(chunk)));
    } catch (error) {
      lose(number, socket, error);
    }
  });
  socket.on('end', () => native().streamEnded(number));
  socket.on('error', lost);
  socket.on('close', lost);
  if (socket.readableEnded) native().streamEnded(number);
  if (socket.isPaused?.()) socket.resume();
}

/** A stream of the program's has thrown, or given what are no bytes: it can be used no more. */
function lose(number, socket, error) {
  native().streamLost(number);
  socket.destroy(error);
}

/** What the native half asks for. */
function streamWrite({ stream, bytes }) {
  const socket = streams.get(stream);
  if (socket === undefined) return;
  writing.add(stream);
  try {
    socket.write(bytes, () => {
      writing.delete(stream);
      native().streamWritten(stream);
    });
  } catch (error) {
    lose(stream, socket, error);
  }
}

function streamRead(number) {
  streams.get(number)?.resume();
}

function streamEnd(number) {
  streams.get(number)?.end();
}

function streamGone(number) {
  const socket = streams.get(number);
  streams.delete(number);
  writing.delete(number);
  if (streams.size === 0) {
    stay?.();
    stay = undefined;
  }
  if (socket === undefined || socket.destroyed) return;
  // What was written leaves first, if the end was.
  if (socket.writableEnded && !socket.writableFinished) {
    socket.once('finish', () => socket.destroy());
  } else {
    socket.destroy();
  }
}

/** Refuses a request in HTTP, and ends its connection. */
function refuse(socket, status, reason) {
  if (socket.destroyed || handedOver.has(socket)) return;
  socket.on('error', () => {});
  socket.once('finish', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(reason)}\r\n\r\n${reason}`,
  );
}

module.exports = {
  handOver,
  headOf,
  isStream,
  refuse,
  streamEnd,
  streamGone,
  streamRead,
  streamWrite,
};
