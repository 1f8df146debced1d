// Loads the module many times over, as test runners do: `loading.mjs KIND`. Says what is left.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { createContext, runInContext } from 'node:vm';

const TIMES = 50;
const require = createRequire(import.meta.url);
const index = require.resolve('arkws');

/** How the module is loaded anew. */
const KINDS = {
  /** `require`, which forgets it. */
  cache() {
    // One of its own: a `require` keeps what it has loaded.
    const instance = createRequire(import.meta.url)(index);
    for (const file of Object.keys(require.cache)) {
      if (file.startsWith(dirname(index)) && !file.endsWith('.node')) delete require.cache[file];
    }
    return { instance, global: {} };
  },
  /** Contexts with globals and modules of their own. */
  contexts() {
    const { setImmediate, setTimeout, clearTimeout, Buffer } = globalThis;
    const own = {
      process: { ...process, env: process.env, nextTick: process.nextTick },
      setImmediate,
      setTimeout,
    };
    Object.setPrototypeOf(own.process, process);
    const global = createContext({ ...own, clearTimeout, Buffer });
    const modules = new Map();
    const load = (file) => {
      if (modules.has(file)) return modules.get(file).exports;
      const module = { exports: {} };
      modules.set(file, module);
      const source = `(function (module, exports, require, __dirname) {${readFileSync(file, 'utf8')}\n})`;
      const from = createRequire(file);
      const find = (name) => (name.startsWith('.') ? load(from.resolve(name)) : from(name));
      runInContext(source, global, { filename: file })(module, module.exports, find, dirname(file));
      return module.exports;
    };
    return { instance: load(index), global };
  },
};

const once = (object, type) =>
  new Promise((resolve) => object.on(type, (...args) => resolve(args)));

/** A client and a server of that instance exchange a message. */
async function exchange({ createWebSocket, createWebSocketServer }) {
  const server = createWebSocketServer();
  await server.start({
    serverIP: '127.0.0.1',
    serverPort: 0,
    maxConcurrentClientsNumber: 10,
    maxConnectionsForOneClient: 10,
  });
  server.on('messageReceive', ({ data, clientConnection }) => server.send(data, clientConnection));
  const ws = createWebSocket();
  const message = once(ws, 'message');
  const closed = [once(ws, 'close'), once(server, 'close')];
  ws.on('open', () => ws.send('hello'));
  await ws.connect(`ws://127.0.0.1:${server.listAddress().port}`, { proxy: 'no-proxy' });
  await message;
  await ws.close();
  await Promise.all(closed);
  await server.stop();
}

/** What is there is collected; finalizers run between turns of the event loop. */
async function collect() {
  for (let i = 0; i < 10; i++) {
    gc();
    await turn();
    await turn();
  }
}

const heap = () => process.memoryUsage().heapUsed;

async function load(kind, uses) {
  const { instance, global } = KINDS[kind]();
  if (uses) await exchange(instance);
  else instance.createWebSocket();
  return [new WeakRef(instance.createWebSocket), new WeakRef(global)];
}

const [, , kind, use] = process.argv;
const left = [];
let before;
for (let i = 0; i < TIMES; i++) {
  left.push(...(await load(kind, use === 'used')));
  if (i === 9) {
    await collect();
    before = heap();
  }
}
// Node.js keeps the module that was required last.
await load(kind, false);
await collect();
// What ends an object's last connection comes from the network thread, a little after its last
// event.
for (let turns = 0; turns < 10 && left.some((each) => each.deref()); turns++) await collect();
console.log(
  JSON.stringify({ left: left.filter((each) => each.deref()).length, grown: heap() - before }),
);
