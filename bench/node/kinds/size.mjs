// The native module as it would be shipped: without its symbols.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export function run() {
  const packageRoot = dirname(createRequire(import.meta.url).resolve('arkws/package.json'));
  const module = join(packageRoot, `native/arkws.${process.platform}-${process.arch}.node`);
  const folder = mkdtempSync(join(tmpdir(), 'arkws-bench-'));
  try {
    const stripped = join(folder, 'stripped.node');
    execFileSync('strip', ['-o', stripped, module]);
    return { size: statSync(stripped).size };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
