// What a test of a program does with a connection while time stands still: `exercise(arkws, url)`.
'use strict';

const assert = require('node:assert');

/** Takes a while, by no clock: they stand still. */
function work() {
  let sum = 0;
  for (let i = 0; i < 300_000; i++) sum += i % 7;
  return sum;
}

module.exports = async function exercise(arkws, url) {
  const ws = arkws.createWebSocket();
  const next = (type) =>
    new Promise((resolve) => {
      const listener = (...args) => {
        ws.off(type, listener);
        resolve(args);
      };
      ws.on(type, listener);
    });

  const open = next('open');
  assert.equal(await ws.connect(url), true);
  await open;

  // One message and its echo; its answer by a promise and by a callback.
  const echo = next('message');
  assert.equal(await ws.send('one'), true);
  assert.equal((await echo)[1], 'one');
  const sent = await new Promise((resolve) =>
    ws.send('two', (error, value) => resolve(error ?? value)),
  );
  assert.equal(sent, true);
  await next('message');

  // One after the other, more than leave without a turn of the event loop.
  let echoes = 0;
  const all = new Promise((resolve) => ws.on('message', () => ++echoes === 500 && resolve()));
  for (let i = 0; i < 500; i++) await ws.send('again');
  await all;
  ws.off('message');

  // More messages at once than are delivered without a turn of the event loop.
  let poured = 0;
  const last = new Promise((resolve) =>
    ws.on('message', () => (work(), ++poured === 500 && resolve())),
  );
  await ws.send('pour');
  await last;

  const close = next('close');
  assert.equal(await ws.close(), true);
  assert.equal((await close)[1].code, 1000);
};
