// One peer in one scenario: prints what it cost, as a line of JSON.
import { writeSync } from 'node:fs';
import { SCENARIOS } from './scenarios.mjs';

// A process that is ended by a signal takes its counterpart along too.
process.on('SIGTERM', () => process.exit(1));

const [peer, name] = process.argv.slice(2);
const scenario = SCENARIOS.find((one) => one.name === name);
const { run } = await import(`./kinds/${scenario.kind}.mjs`);
const outcome = await run(await import(`./peers/${peer}.mjs`), scenario, peer);
writeSync(1, `${JSON.stringify(outcome)}\n`);
// Connections may still be open: the counterpart goes with this process.
process.exit();
