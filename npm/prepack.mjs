// Runs before npm packs this package, or a platform's package beside it: none leaves without its
// native module, or with one that was built for development or for another kind of machine.
import { existsSync, readFileSync } from 'node:fs';

const SCOPE = '@arkws/';
/** What `lib/` requires, made of the package's ES modules. */
const CORE = 'dist/core.js';
/** The licences of what the module is linked with. */
const NOTICES = 'THIRD-PARTY-NOTICES.txt';
/** In bytes. An optimised module has four million, one for development five times as many. */
const MODULE_AT_MOST = 8_000_000;
/** `e_machine` of ELF files. */
const MACHINES = { x64: 62, arm64: 183 };
/** The C libraries, as ELF files name them. */
const LIBRARIES = { gnu: ['libc.so.6'], musl: ['libc.so', 'libc.musl-x86_64.so.1'] };
/** Where the system's loader looks up Node-API; a package is for Node.js, which has it itself. */
const NOT_FOR_NODE = 'libace_napi.z.so';
/** What Node.js calls when it has loaded a module. */
const ENTRY = 'napi_register_module_v1';

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const problems = manifest.name.startsWith(SCOPE) ? problemsOfPlatform() : problemsOfArkws();
if (problems.length > 0) {
  console.error(`${manifest.name} is not packed: ${problems.join('; ')}`);
  process.exit(1);
}

/** The package `arkws` has no module of its own: it names the packages that have one. */
function problemsOfArkws() {
  const platforms = Object.entries(manifest.optionalDependencies ?? {}).filter(([name]) =>
    name.startsWith(SCOPE),
  );
  if (platforms.length === 0)
    return ['it names no package of a platform: `cargo xtask packages` makes one that does'];
  if (!existsSync(CORE)) return [`it has no ${CORE}, which \`cargo xtask npm\` makes`];
  return platforms
    .filter(([, version]) => version !== manifest.version)
    .map(([name, version]) => `it is version ${manifest.version}, but wants ${name} ${version}`);
}

function problemsOfPlatform() {
  const file = manifest.main;
  if (!existsSync(NOTICES)) return [`it has no ${NOTICES}`];
  let module;
  try {
    module = readFileSync(file);
  } catch (error) {
    return [`it has no native module: ${error.message}`];
  }
  const problems = [];
  if (module.length > MODULE_AT_MOST)
    problems.push(`${file} has ${module.length} bytes, as one that was built for development`);
  if (!module.includes(`${ENTRY}\0`)) problems.push(`${file} is no module of Node.js`);
  if (['linux', 'openharmony'].includes(manifest.os[0])) problems.push(...problemsOfElf(module));
  return problems;
}

function problemsOfElf(module) {
  const { cpu, libc, main } = manifest;
  if (module.toString('latin1', 0, 6) !== '\x7fELF\x02\x01') return [`${main} is no ELF file`];
  const problems = [];
  const machine = module.readUInt16LE(18);
  if (machine !== MACHINES[cpu[0]])
    problems.push(`${main} is for ELF's machine ${machine}, not for ${cpu[0]}`);
  const debugging = sectionsOf(module).filter((name) => /^\.(symtab|z?debug_)/.test(name));
  if (debugging.length > 0)
    problems.push(`${main} was built for development: it has ${debugging.join(', ')}`);
  const names = (library) => module.includes(`\0${library}\0`);
  const others = Object.entries(LIBRARIES).filter(
    ([name]) => libc && !libc.includes(name.replace('gnu', 'glibc')),
  );
  for (const [name, libraries] of others)
    if (libraries.some(names)) problems.push(`${main} is for ${name}`);
  if (names(NOT_FOR_NODE)) problems.push(`${main} needs ${NOT_FOR_NODE}, which is not Node.js`);
  return problems;
}

/** The names of an ELF file's sections. */
function sectionsOf(elf) {
  const start = Number(elf.readBigUInt64LE(40));
  const [size, count, names] = [58, 60, 62].map((at) => elf.readUInt16LE(at));
  const headers = Array.from({ length: count }, (_, index) => start + index * size);
  if (count === 0) return [];
  const table = Number(elf.readBigUInt64LE(headers[names] + 24));
  return headers.map((header) => {
    const from = table + elf.readUInt32LE(header);
    return elf.toString('latin1', from, elf.indexOf(0, from));
  });
}
