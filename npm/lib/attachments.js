// The HTTP servers of Node.js that server objects are attached to: one listener of `upgrade` for
// all objects of one of them.
'use strict';

const { parameterError } = require('./core.js');
const { refuse } = require('./handover.js');

/** By HTTP server: what takes its requests to upgrade, by their paths; `undefined`: all others. */
const attachments = new WeakMap();

/** Whether this is a server of `node:http` or `node:https`, or acts like one. */
function isHttpServer(value) {
  if (typeof value !== 'object' || value === null) return false;
  const has = (name) => typeof value[name] === 'function';
  // Servers of `node:net` that know nothing of HTTP/1, and those of `ws`, have no such requests.
  const isOther =
    (has('getConnections') && value.headersTimeout === undefined) || has('handleUpgrade');
  return ['on', 'removeListener', 'listenerCount', 'address'].every(has) && !isOther;
}

/**
 * From now on `take(request, socket, head)` gets the requests of `server` for this path. Returns
 * what ends that. Throws an error with code 401 if another server object has the path.
 */
function attach(server, path, take) {
  let paths = attachments.get(server)?.paths;
  if (paths?.has(path)) {
    const what = path === undefined ? 'without a path' : `with the path ${path}`;
    throw parameterError(`server: another server object is attached to it ${what}`);
  }
  if (paths === undefined) {
    paths = new Map();
    const listener = (request, socket, head) => dispatch(server, paths, request, socket, head);
    server.on('upgrade', listener);
    attachments.set(server, { paths, listener });
  }
  paths.set(path, take);
  return () => {
    if (paths.get(path) !== take) return;
    paths.delete(path);
    if (paths.size > 0) return;
    const { listener } = attachments.get(server);
    attachments.delete(server);
    try {
      server.removeListener('upgrade', listener);
    } catch {
      // A program's own: its listener has no paths.
    }
  };
}

/** Where an HTTP server listens, as server objects say it. */
function addressOf(server) {
  const address = server.address();
  if (typeof address === 'string') return { address, port: 0 };
  return address === null ? undefined : { address: address.address, port: address.port };
}

function dispatch(server, paths, request, socket, head) {
  const [path] = request.url.split('?', 1);
  const take = paths.get(path) ?? paths.get(undefined);
  if (take !== undefined) return take(request, socket, head);
  // Another listener may want it. If there is none, nobody would ever answer.
  if (server.listenerCount('upgrade') > 1) return undefined;
  return refuse(socket, '404 Not Found', 'there is no WebSocket server at this path');
}

module.exports = { addressOf, attach, isHttpServer };
