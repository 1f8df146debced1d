// The native module as it would be shipped: without its symbols.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export function run() {
  const require = createRequire(import.meta.url);
  const packageRoot = dirname(require.resolve('arkws/package.json'));
  const { platformArchAbi } = require(join(packageRoot, 'lib/abi.js'));
  const module = join(packageRoot, `native/arkws.${platformArchAbi()}.node`);
  const folder = mkdtempSync(join(tmpdir(), 'arkws-bench-'));
  try {
    const stripped = join(folder, 'stripped.node');
    execFileSync('strip', ['-o', stripped, module]);
    return { size: statSync(stripped).size };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
