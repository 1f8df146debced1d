// Messages for many clients of a server object, and the rooms that these are in.
import { answer, isTooLong } from './answers.mjs';
import { clientOf } from './connection.mjs';
import { fromFailure, mistakeOf, parameterError } from './errors.mjs';
import { isObject } from './options.mjs';
import { connectionOf, isData, recipientOf } from './recipient.mjs';
import { native } from './runtime.mjs';

/**
 * Sends to all clients of a server object, or those in a room, but `except`, for a call of `api`.
 */
export function sendToMany(server, api, data, except, room) {
  let exceptions;
  try {
    // Not `map`: an array of the program's may have one of its own.
    const all = Array.from(Array.isArray(except) ? except : [except]);
    // One that has left stands for nobody, even if another client has its address by now.
    exceptions = all.filter((one) => !hasLeft(server, one)).map(connectionOf);
  } catch (thrown) {
    return answer(api, undefined, mistakeOf(thrown));
  }
  if (!isData(data) || exceptions.includes(undefined)) {
    const detail = `${api.name} takes data, and connections to leave out`;
    return answer(api, undefined, parameterError(detail));
  }
  const count =
    typeof data === 'string' && isTooLong(data)
      ? native().refuseText(server.number, data.length)
      : native().broadcast(server.number, data, exceptions, room);
  return typeof count === 'number'
    ? answer(api, undefined, undefined, count)
    : answer(api, undefined, fromFailure(count));
}

/** Whether this is a client of this server that is not here any more. */
function hasLeft(server, connection) {
  const id = isObject(connection) ? clientOf(connection, server.number) : undefined;
  return id !== undefined && !server.clients.has(id);
}

/** A native function takes a client into a room, or out of it, for a call of `api`. */
export function moveClient(server, api, name, connection, room) {
  let which;
  try {
    which = recipientOf(connection, server.number);
  } catch (thrown) {
    return answer(api, undefined, mistakeOf(thrown));
  }
  if (which === undefined) {
    return answer(api, undefined, parameterError(`${api.name} takes a connection`));
  }
  const failure = native()[name](server.number, room, which.who, which.port);
  if (failure === undefined) return answer(api);
  return server.refuse(api, fromFailure(failure), connection);
}
