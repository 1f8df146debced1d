// Makes one file of `core/`, `dist/core.js`, which `lib/` requires: the oldest Node.js cannot
// `require` ES modules, and what programs import and require has to share its objects.
// `cargo xtask npm` runs this.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { argv, pid } from 'node:process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));

/** Where it is. */
export const FILE = `${FOLDER}dist/core.js`;

/** What is in it. */
export async function bundled() {
  const { outputFiles } = await build({
    absWorkingDir: FOLDER,
    entryPoints: ['core/bundle.mjs'],
    bundle: true,
    format: 'cjs',
    platform: 'neutral',
    target: 'node20.6',
    // Of ES modules esbuild makes sloppy code.
    banner: { js: "// Made of core/ by bundle.mjs.\n'use strict';" },
    write: false,
  });
  return outputFiles[0].text;
}

async function write(text) {
  const before = await readFile(FILE, 'utf8').catch(() => undefined);
  if (before === text) return;
  await mkdir(`${FOLDER}dist`, { recursive: true });
  // A program that starts now sees the old one, or the new one.
  const fresh = `${FILE}.${pid}`;
  await writeFile(fresh, text);
  await rename(fresh, FILE);
}

if (argv[1] === fileURLToPath(import.meta.url)) await write(await bundled());
