// Where a server gets its clients from, as its configuration says: a port of its own, or elsewhere.
'use strict';

const { isHttpServer } = require('./attachments.js');
const { parameterError } = require('./errors.js');

/** The options that say it, but for `serverPort`, which the others exclude. */
const ELSEWHERE = ['fd', 'path', 'server', 'noServer'];

/** What the native half is told of it: all options that are about it, most of them undefined. */
function listening(config) {
  const given = {};
  for (const name of ELSEWHERE) {
    const value = config[name];
    if (value !== undefined) given[name] = value;
  }
  const { path } = given;
  // Of a server that is given it is no place, but what is served there.
  if ('server' in given) delete given.path;
  const { serverPort, serverIP, reusePort } = config;
  if (reusePort !== undefined && typeof reusePort !== 'boolean') {
    throw parameterError('reusePort is not a boolean');
  }
  const names = Object.keys(given);
  if (names.length === 0) {
    return {
      ...nowhere(),
      serverPort: port(serverPort),
      serverIP: typeof serverIP === 'string' ? serverIP : undefined,
      reusePort: reusePort ?? isClusterWorker(),
    };
  }
  for (const [name, value] of Object.entries({ serverPort, serverIP, reusePort })) {
    if (value !== undefined) names.push(name);
  }
  if (names.length > 1) {
    throw parameterError(`${names.join(' and ')} exclude each other: each says where to listen`);
  }
  if ('fd' in given) return { ...nowhere(), fd: descriptor(given.fd) };
  if ('path' in given) return { ...nowhere(), path: socketPath(path) };
  if ('noServer' in given) {
    if (given.noServer !== true) throw parameterError('noServer is not true');
    return { ...nowhere(), noServer: true };
  }
  if (!isHttpServer(given.server)) {
    const detail =
      'server is none of node:http or node:https: of an app, createServer(app) makes one';
    throw parameterError(detail);
  }
  return { ...nowhere(), server: given.server, path: urlPath(path), noServer: true };
}

/** All of the options, without a value. */
const nowhere = () => ({
  serverIP: undefined,
  serverPort: undefined,
  reusePort: undefined,
  fd: undefined,
  path: undefined,
  server: undefined,
  noServer: undefined,
});

/** To listen at a port of the system's choice is said with 0. */
function port(value) {
  if (typeof value === 'number') return value;
  throw parameterError('serverPort is missing, or no number');
}

function descriptor(value) {
  if (Number.isInteger(value) && value >= 0 && value < 2 ** 31) return value;
  throw parameterError('fd is no number of a descriptor');
}

function socketPath(value) {
  if (typeof value === 'string' && value !== '') return value;
  throw parameterError('path is no string, or empty');
}

function urlPath(value) {
  const isPath = value === undefined || (typeof value === 'string' && /^\/[^?#]*$/.test(value));
  if (isPath) return value;
  throw parameterError('path is no path of a URL: it begins with /, and has no query');
}

/**
 * Whether the process is one of several that serve the same ports, as `node:cluster` has them, and
 * the cluster mode of pm2. Only Linux and FreeBSD know ports that several processes share evenly.
 */
function isClusterWorker() {
  if (typeof process !== 'object' || !['linux', 'freebsd'].includes(process.platform)) return false;
  try {
    const cluster = process.getBuiltinModule?.('node:cluster') ?? require('node:cluster');
    return cluster.isWorker === true;
  } catch {
    // A runtime that has none.
    return false;
  }
}

module.exports = { listening };
