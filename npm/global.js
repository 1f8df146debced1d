// `import 'arkws/global'`: the web's own API in the place of Node.js's.
'use strict';

const web = require('./web.js');

for (const [name, value] of Object.entries(web)) {
  if (name === 'MessageEvent') continue;
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}

// Node.js's own is also that of `MessagePort` and others: there it stays, and ours are instances.
const { MessageEvent } = globalThis;
if (typeof MessageEvent === 'function')
  Object.setPrototypeOf(web.MessageEvent.prototype, MessageEvent.prototype);
else globalThis.MessageEvent = web.MessageEvent;
