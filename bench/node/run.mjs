// Rounds of peers, interleaved (A B C A B C …), each in a process of its own; the tables of their
// medians. `cargo xtask bench node` builds what is measured and starts this.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { PEERS } from './peers.mjs';
import { SCENARIOS } from './scenarios.mjs';
import { table } from './table.mjs';

/** A process that takes longer than this hangs. Milliseconds. */
const PATIENCE = 60_000;

const { values: options, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, peers: { type: 'string' } },
  allowPositionals: true,
});

console.log(
  `Node.js ${process.version}; ${['ws', 'bufferutil', 'undici', 'bun'].map(versionOf).join(', ')}\n`,
);
const peers = named('peer', PEERS, options.peers?.split(',')).filter(({ name, missing }) => {
  const reason = missing();
  if (reason !== undefined) console.log(`${name} is left out: ${reason}\n`);
  return reason === undefined;
});
for (const scenario of named('scenario', SCENARIOS, positionals)) {
  const takesPart = ({ name, takes }) =>
    (takes?.(scenario) ?? true) && (scenario.peers?.includes(name) ?? true);
  // A peer that fails is left out of the other rounds.
  const able = new Set(peers.filter(takesPart));
  const outcomes = new Map([...able].map(({ name }) => [name, []]));
  for (let round = 1; round <= Number(options.rounds); round++) {
    for (const peer of able) {
      progress(`${scenario.name}: round ${round} of ${options.rounds}, ${peer.name}`);
      const outcome = measure(peer, scenario);
      if (outcome !== undefined) {
        outcomes.get(peer.name).push(outcome);
      } else {
        able.delete(peer);
        outcomes.delete(peer.name);
      }
    }
  }
  progress('');
  console.log(table(scenario, outcomes));
}

function versionOf(name) {
  const { version } = JSON.parse(
    readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url)),
  );
  return `${name} ${version}`;
}

/** Those of `all` that are wanted, or all of them. */
function named(what, all, names) {
  if (names === undefined || names.length === 0) return all;
  return names.map((name) => {
    const found = all.find((one) => one.name === name);
    if (found !== undefined) return found;
    const known = all.map((one) => one.name).join(', ');
    console.error(`there is no ${what} ${JSON.stringify(name)}; there are: ${known}`);
    process.exit(2);
  });
}

function measure({ name, command }, scenario) {
  const program = fileURLToPath(new URL('peer.mjs', import.meta.url));
  const { status, signal, stdout } = spawnSync(command, [program, name, scenario.name], {
    encoding: 'utf8',
    // Whoever works behind a proxy: the benches talk to this machine alone.
    env: { ...process.env, no_proxy: '*' },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: PATIENCE,
  });
  if (status === 0) return JSON.parse(stdout);
  process.exitCode = 1;
  console.log(`${name} failed in ${scenario.name}: ${signal ?? `status ${status}`}\n`);
  return undefined;
}

function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}
