// What the contract's tests share: waiting for events and for answers.
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

/** A new client with an open connection; closed after the tests of `t`. */
export async function connected(t, url, options = {}) {
  const ws = arkws.createWebSocket();
  t.after(() => ws.close().catch(() => {}));
  const open = next(ws, 'open');
  await ws.connect(url, options);
  await open;
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

/** The arguments of a callback: `called(callback => call)`. */
export function called(call) {
  return new Promise((resolve) => call((...args) => resolve(args)));
}
