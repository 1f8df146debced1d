// Waiting for what an arkws object does: events, open connections, rejections.
import webSocket from 'arkws';

/** The arguments of the next event of a type. */
export function next(object, type) {
  return new Promise((resolve) => {
    const listener = (...args) => {
      object.off(type, listener);
      resolve(args);
    };
    object.on(type, listener);
  });
}

/** The arguments of the next `count` events of a type. */
export function several(object, type, count) {
  return new Promise((resolve) => {
    const events = [];
    const listener = (...args) => {
      events.push(args);
      if (events.length < count) return;
      object.off(type, listener);
      resolve(events);
    };
    object.on(type, listener);
  });
}

/** A client with an open connection. */
export async function connected(url, options = {}, ws = webSocket.createWebSocket()) {
  const open = next(ws, 'open');
  const failed = next(ws, 'error').then(([error]) => Promise.reject(error));
  await ws.connect(url, options);
  await Promise.race([open, failed]);
  return ws;
}

/** The error that a promise is rejected with. */
export function rejection(promise) {
  return promise.then(
    (value) => {
      throw new Error(`resolved to ${value} instead of being rejected`);
    },
    (error) => error,
  );
}
