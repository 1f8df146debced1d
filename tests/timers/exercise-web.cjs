// The same by the web's API: `exerciseWeb(web, url)`.
'use strict';

const assert = require('node:assert');

/** The next event of a type. */
const next = (target, type) =>
  new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));

module.exports = async function exerciseWeb({ WebSocket, WebSocketStream }, url) {
  const ws = new WebSocket(url);
  await next(ws, 'open');

  // A message and its echo; what has left waits no more.
  ws.send('one');
  assert.equal(ws.bufferedAmount, 3);
  assert.equal((await next(ws, 'message')).data, 'one');
  assert.equal(ws.bufferedAmount, 0);

  // One after the other.
  for (let i = 0; i < 100; i++) {
    ws.send('again');
    await next(ws, 'message');
  }

  // Many at once: each event is a task, so that whoever awaits one by one gets all of them.
  ws.send('pour');
  for (let i = 0; i < 500; i++) {
    assert.equal((await next(ws, 'message')).data, `message ${i}`);
  }

  // What a task has sent leaves, though others are to come.
  ws.send('pour');
  for (let i = 0; i < 500; i++) {
    await next(ws, 'message');
    if (i % 100 === 0) ws.send('between');
  }
  for (let i = 0; i < 5; i++) assert.equal((await next(ws, 'message')).data, 'between');

  ws.close(1000);
  assert.equal((await next(ws, 'close')).code, 1000);

  const stream = new WebSocketStream(url);
  const { readable, writable } = await stream.opened;
  const reader = readable.getReader();
  const writer = writable.getWriter();
  await writer.write('pour');
  for (let i = 0; i < 500; i++) assert.equal((await reader.read()).value, `message ${i}`);
  stream.close({ closeCode: 1000 });
  assert.equal((await reader.read()).done, true);
  assert.equal((await stream.closed).closeCode, 1000);
};
