// `arkws/vite`, a plugin for Vite and vitest: ArkTS, and the platform's modules.
import { createRequire } from 'node:module';
import { dirname, isAbsolute, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const files = require('./hooks/files.js');
const { knownNames } = require('./hooks/modules.js');
const { PLATFORM } = require('./hooks/names.js');
const { find } = require('./hooks/resolve.js');
const { stubOf } = require('./hooks/stubs.js');
const { sharedImporter } = require('./runners/projects.js');
const { isArkTs, transform } = require('./runners/transform.js');

const MODULES = require.resolve('./hooks/modules.js');
const PACKAGE = dirname(fileURLToPath(import.meta.url)) + sep;
/** What begins the id of a platform's module; a file of the importing project follows. */
const ID = '\0arkws:';

export default function arkws() {
  let root;
  return {
    name: 'arkws',
    enforce: 'pre',

    config() {
      // Node.js loads arkws itself, also where it is linked and looks like a part of the program.
      const external = [new RegExp(`^${PACKAGE.replaceAll(/[^\w/]/g, '\\$&')}`)];
      return { test: { server: { deps: { external } } } };
    },

    configResolved(config) {
      root = config.root;
    },

    resolveId(specifier, importer) {
      const file = fileOf(importer);
      if (PLATFORM.test(specifier)) {
        const stub = stubOf(specifier, file);
        if (stub !== undefined) return stub;
        const shared = sharedImporter(specifier, file ?? root, root);
        return `${ID}${specifier}?importer=${encodeURIComponent(shared)}`;
      }
      if (file === undefined || !files.isArkTs(file)) return undefined;
      const [name, query = ''] = specifier.split(/(?=\?)/);
      const found = find(name, file);
      return found === undefined ? undefined : found + query;
    },

    load(id) {
      if (!id.startsWith(ID)) return undefined;
      const { pathname, searchParams } = new URL(id.slice(1));
      return moduleSource(pathname, searchParams.get('importer'));
    },

    transform(code, id) {
      const file = fileOf(id);
      if (file === undefined || !isArkTs(file)) return undefined;
      return transform(code, file, 'module');
    },
  };
}

/** The file of an id, which may have a query; undefined if it is none's. */
function fileOf(id) {
  const path = id?.split('?')[0];
  return path !== undefined && isAbsolute(path) ? path : undefined;
}

/**
 * An ES module with the members of a platform's module. They are Node.js's own, so that they are
 * the same for all that runs in a process.
 */
function moduleSource(name, importer) {
  const names = knownNames(name).filter((key) => key !== 'default');
  const modules = JSON.stringify(MODULES);
  return [
    "import { createRequire } from 'node:module';",
    `const { platformModule } = createRequire(${modules})(${modules});`,
    `const module = platformModule(${JSON.stringify(name)}, ${JSON.stringify(importer)});`,
    `export default 'default' in module ? module.default : module;`,
    ...names.map((key, index) => `const value${index} = module[${JSON.stringify(key)}];`),
    `export { ${names.map((key, index) => `value${index} as ${JSON.stringify(key)}`).join(', ')} };`,
    // Names that we have not are stand-ins: which ones, only the importing files know. This is
    // Vite's object for what a module exports.
    "if (typeof __vite_ssr_exports__ === 'object')",
    '  Object.setPrototypeOf(__vite_ssr_exports__, module);',
  ].join('\n');
}
