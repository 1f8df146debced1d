// Medians, and the Markdown table of a scenario.

// Columns: a title, its value of an outcome, digits.

const rate = (what) => [`${what}s/s`, ({ messages, wall }) => messages / wall, 0];
const cpu = (what) => [`CPU ns/${what}`, ({ cpu, messages }) => (cpu / messages) * 1e9, 1];
const field = (title, name, digits) => [title, (outcome) => outcome[name], digits];

const MEGABYTES = ['MB/s', ({ bytes, wall }) => bytes / wall / 1e6, 0];

/** What the tables of a kind of scenario show: first, what peers are compared by, and last. */
const COLUMNS = {
  'ping-pong': [[rate('message')], cpu('message'), [field('p50 µs', 'p50', 1), field('p99 µs', 'p99', 1)]],
  handshake: [[rate('connection')], cpu('connection'), []],
  idle: [[], field('bytes/connection', 'idle', 0), [field('after an echo', 'after', 0)]],
  spawn: [[], field('ms', 'toOpen', 1), []],
  size: [[], field('bytes', 'size', 0), []],
};
const THROUGHPUT = [[rate('message'), MEGABYTES], cpu('message'), []];

const columnsOf = ({ kind, wire }) => {
  const [before, compared, after] = COLUMNS[kind] ?? THROUGHPUT;
  const compresses = kind === 'send' && wire === 'deflate';
  return [before, compared, compresses ? [field('compressed bytes', 'compressed', 1)] : after];
};

/** Whom the others are compared with. */
const REFERENCES = ['ws', 'ws-corked', 'ws-arraybuffer'];

/** The table of a scenario; `outcomes` by the names of the peers. */
export function table(scenario, outcomes) {
  const { name, about } = scenario;
  const [before, compared, after] = columnsOf(scenario);
  const references = REFERENCES.filter((reference) => outcomes.has(reference));
  const value = (peer, [, of]) => median(outcomes.get(peer).map(of));
  const shown = (column) => [column[0], (peer) => value(peer, column).toFixed(column[2])];
  const ratio = (other) => [`to \`${other}\``, (peer) => (value(peer, compared) / value(other, compared)).toFixed(2)];
  const columns = [...before.map(shown), shown(compared), ...references.map(ratio), ...after.map(shown)];
  const titles = ['peer', ...columns.map(([title]) => title)];
  const rows = [...outcomes.keys()].map((peer) => [peer, ...columns.map(([, cell]) => cell(peer))]);
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const rule = `|---|${'---:|'.repeat(titles.length - 1)}`;
  return [`### ${name}: ${about}`, '', line(titles), rule, ...rows.map(line), ''].join('\n');
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
