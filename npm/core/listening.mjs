// Where a server gets its clients from, as its configuration says: a port of its own, or elsewhere.
import { parameterError } from './errors.mjs';
import { host } from './host.mjs';

/** The options that say it, but for `serverPort`, which the others exclude. */
const ELSEWHERE = ['fd', 'path', 'server', 'noServer'];

/** What the native half is told of it: all options that are about it, most of them undefined. */
export function listening(config) {
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
      reusePort: reusePort ?? host.isClusterWorker?.() ?? false,
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
  if (host.Upgrades === undefined) {
    throw parameterError(
      'server and noServer are for HTTP servers, which this runtime has none of',
    );
  }
  if ('noServer' in given) {
    if (given.noServer !== true) throw parameterError('noServer is not true');
    return { ...nowhere(), noServer: true };
  }
  if (!host.Upgrades.isHttpServer(given.server)) {
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
