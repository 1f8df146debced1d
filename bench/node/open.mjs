// Opens a connection, says so, ends: what `kinds/spawn.mjs` starts.
import { writeSync } from 'node:fs';

const [peer, url] = process.argv.slice(2);
const { connect } = await import(`./peers/${peer}.mjs`);
await connect(url, () => {});
writeSync(1, 'open\n');
process.exit();
