// Waiting for what an arkws object does: events, messages, open connections, answers.
import arkws from 'arkws';

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

/** The values of the next `count` messages. */
export function messages(ws, count) {
  return new Promise((resolve) => {
    const values = [];
    const listener = (_, value) => {
      values.push(value);
      if (values.length < count) return;
      ws.off('message', listener);
      resolve(values);
    };
    ws.on('message', listener);
  });
}

/** A client with an open connection. If it cannot connect, its `error` event is thrown. */
export async function connected(url, options = {}, ws = arkws.createWebSocket()) {
  const open = next(ws, 'open');
  let onError;
  const failed = new Promise((_, reject) => ws.on('error', (onError = reject)));
  try {
    await ws.connect(url, options);
    await Promise.race([open, failed]);
  } finally {
    ws.off('error', onError);
  }
  return ws;
}

/** A new client with an open connection; closed after the tests of `t`. */
export function openClient(t, url, options = {}) {
  const ws = arkws.createWebSocket();
  t.after(() => ws.close().catch(() => {}));
  return connected(url, options, ws);
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

/** The arguments of a callback: `called(callback => call)`. */
export function called(call) {
  return new Promise((resolve) => call((...args) => resolve(args)));
}

/** A promise that others settle. */
export function deferred() {
  let resolve;
  const promise = new Promise((given) => (resolve = given));
  return { promise, resolve };
}
