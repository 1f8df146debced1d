// Resolves the platform's module names to ours.
//
// `resolve` is a hook for both of Node's interfaces: `module.registerHooks` calls it synchronously,
// for `import` and `require`; `module.register` calls it on the loader's thread, for `import` only.
// So it never looks at what `nextResolve` returns.
'use strict';

const path = require('node:path');
const { pathToFileURL } = require('node:url');

const FILES = new Map(
  Object.entries({
    '@ohos.net.webSocket': 'ohos.net.webSocket.js',
    '@kit.NetworkKit': 'kit.NetworkKit.js',
    '@ohos.base': 'ohos.base.js',
    '@kit.BasicServicesKit': 'kit.BasicServicesKit.js',
    '@kit.ArkTS': 'kit.ArkTS.js',
    '@kit.PerformanceAnalysisKit': 'kit.PerformanceAnalysisKit.js',
    '@ohos.buffer': 'ohos.buffer.js',
    '@ohos.events.emitter': 'ohos.events.emitter.js',
    '@ohos.hilog': 'ohos.hilog.js',
    '@ohos.net.connection': 'ohos.net.connection.js',
    '@ohos.util': 'ohos.util.js',
  }).map(([name, file]) => [name, path.join(__dirname, '..', 'platform', file)]),
);

/**
 * The names that only the platform uses: `@ohos.hilog`, `@kit.ArkUI`, `@system.app`. No npm package
 * can have one.
 */
const PLATFORM = /^@(ohos|kit|system)\.[\w.]+$/;

/** The file that stands for a platform module; `undefined` if `name` is none. */
function find(name) {
  const file = FILES.get(name);
  if (file === undefined && PLATFORM.test(name)) {
    const known = [...FILES.keys()].join(', ');
    const error = new Error(
      `Cannot find module '${name}': of OpenHarmony's modules arkws has ${known}`,
    );
    error.code = 'MODULE_NOT_FOUND';
    throw error;
  }
  return file;
}

function resolve(specifier, context, nextResolve) {
  const file = find(specifier);
  if (file === undefined) return nextResolve(specifier, context);
  return { url: pathToFileURL(file).href, format: 'commonjs', shortCircuit: true };
}

exports.find = find;
exports.resolve = resolve;
