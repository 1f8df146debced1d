// Runs the core's own ES modules, and a program over them, where there is nothing but the language:
// in a context of its own, which lacks all of Node.js. Its parent asks for functions of the
// program.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import process from 'node:process';
import { SourceTextModule, createContext, runInContext } from 'node:vm';
import { nativeModule } from '../support.mjs';

const CORE = new URL('../../core/', import.meta.url);
const PROGRAM = new URL('program.mjs', import.meta.url);

const context = createContext({});
// V8 gives these to all contexts, and no other engine has the latter.
runInContext('delete globalThis.console', context);
runInContext('delete Error.captureStackTrace; delete Error.stackTraceLimit', context);

const modules = new Map();

async function load(url) {
  const source = await readFile(url, 'utf8');
  return new SourceTextModule(source, { context, identifier: url.href });
}

/** The module that another imports: none but those of the core. */
function resolve(name, { identifier }) {
  const { href } = new URL(name, identifier);
  if (!href.startsWith(CORE.href)) throw new Error(`${identifier} imports ${name}`);
  if (!modules.has(href)) modules.set(href, load(new URL(href)));
  return modules.get(href);
}

const program = await load(PROGRAM);
await program.link(resolve);
await program.evaluate();

const told = { warnings: [], uncaught: [] };

program.namespace.begin({
  loadNative: () => createRequire(import.meta.url)(nativeModule),
  warn: (_, code) => told.warnings.push(code),
  mainModule: () => undefined,
  encodeText: (text) => Uint8Array.from(new TextEncoder().encode(text)),
  decodeText: (bytes) => new TextDecoder().decode(bytes),
  reportUncaught: (error) => told.uncaught.push(error.message),
});

const { functions } = program.namespace;
const others = {
  globals: () =>
    runInContext('Reflect.ownKeys(globalThis).filter((name) => typeof name === "string")', context),
  modules: () => [...modules.keys()].map((href) => href.slice(CORE.href.length)),
  told: () => told,
};

process.on('message', async ({ id, name, args }) => {
  try {
    process.send({ id, value: await (functions[name] ?? others[name])(...args) });
  } catch (error) {
    process.send({ id, error: { message: error.message, stack: error.stack } });
  }
});
process.send({ id: 'ready' });
