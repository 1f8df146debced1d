// Runs a module for OpenHarmony, in a context that has the language alone, over stand-ins for what
// it imports of the platform. Its parent names the module's file, and then asks for functions.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { createContext, SourceTextModule, SyntheticModule } from 'node:vm';
import { nativeModule } from '../../npm/test/support.mjs';

const require = createRequire(import.meta.url);
const FILE = pathToFileURL(process.argv[2]);

const connection = require('../../npm/platform/ohos.net.connection.js');
const { network } = require('../../npm/platform/network.js');
const util = require('../../npm/platform/ohos.util.js');

const warnings = [];
const hilog = {
  warn: (_domain, _tag, format, ...args) =>
    warnings.push(format.replaceAll('%{public}s', () => args.shift())),
  debug() {},
};

const OTHERS = {
  '@ohos.hilog': hilog,
  '@ohos.net.connection': connection,
  '@ohos.util': util,
  'libarkws.so': require(nativeModule),
};

// By these a module of the system finds others.
const context = createContext({
  requireInternal: (name) => (name === 'net.webSocket' ? OTHERS['libarkws.so'] : undefined),
  requireNapi: (name) => OTHERS[`@ohos.${name}`],
});

const modules = new Map();

async function load(url) {
  return new SourceTextModule(await readFile(url, 'utf8'), { context, identifier: url.href });
}

function resolve(name, { identifier }) {
  if (!name.startsWith('.')) {
    return new SyntheticModule(
      ['default'],
      function () {
        this.setExport('default', OTHERS[name]);
      },
      { context },
    );
  }
  const { href } = new URL(name, identifier);
  if (!modules.has(href)) modules.set(href, load(new URL(href)));
  return modules.get(href);
}

const arkws = await load(FILE);
await arkws.link(resolve);
await arkws.evaluate();
const { default: webSocket } = arkws.namespace;

const next = (object, type) => new Promise((done) => object.once(type, (...args) => done(args)));

const functions = {
  async echo(url, text) {
    const ws = webSocket.createWebSocket();
    const message = next(ws, 'message');
    await ws.connect(url);
    await ws.send(text);
    const [, echoed] = await message;
    const closed = next(ws, 'close');
    await ws.close();
    await closed;
    return echoed;
  },

  mistake() {
    webSocket.createWebSocket().on('opne', () => {});
    return warnings.at(-1);
  },

  /** After which attempt a client is back that would wait for an hour. */
  async reconnect(url) {
    const hour = 3_600_000;
    const ws = webSocket.createWebSocket();
    const waits = next(ws, 'reconnecting');
    await ws.connect(url, { reconnect: { initialDelay: hour, maxDelay: hour, jitter: false } });
    await waits;
    const back = next(ws, 'reconnected');
    network.restore();
    const [{ attempts }] = await back;
    const closed = next(ws, 'close');
    await ws.close();
    await closed;
    return attempts;
  },
};

process.on('message', async ([name, ...args]) => {
  try {
    process.send({ value: await functions[name](...args) });
  } catch (error) {
    process.send({ error: error.stack });
  }
});
process.send('ready');
