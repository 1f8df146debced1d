// Medians, and the Markdown table of a scenario, with three significant digits.

// Columns: a title, and its value of an outcome.

const rate = (what) => [`${what}s/s`, ({ messages, wall }) => messages / wall];
const cpu = (what) => [`CPU ns/${what}`, ({ cpu, messages }) => (cpu / messages) * 1e9];
const field = (title, name) => [title, (outcome) => outcome[name]];

const MEGABYTES = ['MB/s', ({ bytes, wall }) => bytes / wall / 1e6];

/** What the tables of a kind of scenario show: first, what peers are compared by, and last. */
const COLUMNS = {
  'ping-pong': [
    [rate('message')],
    cpu('message'),
    [field('p50 µs', 'p50'), field('p99 µs', 'p99')],
  ],
  handshake: [[rate('connection')], cpu('connection'), []],
  idle: [[], field('bytes/connection', 'idle'), [field('after an echo', 'after')]],
  spawn: [[], field('ms', 'toOpen'), []],
  size: [[], field('bytes', 'size'), []],
};
const THROUGHPUT = [[rate('message'), MEGABYTES], cpu('message'), []];

const columnsOf = ({ kind, wire }) => {
  const [before, compared, after] = COLUMNS[kind] ?? THROUGHPUT;
  const compresses = kind === 'send' && wire === 'deflate';
  return [before, compared, compresses ? [field('compressed bytes', 'compressed')] : after];
};

/** 239577.7 is 240,000, and 0.04378 is 0.0438. */
const digits = new Intl.NumberFormat('en', {
  minimumSignificantDigits: 3,
  maximumSignificantDigits: 3,
});

/** Whom the others are compared with. */
const REFERENCES = ['ws', 'ws-corked', 'ws-arraybuffer'];

/** The table of a scenario; `outcomes` by the names of the peers. */
export function table(scenario, outcomes) {
  const { name, about } = scenario;
  const [before, compared, after] = columnsOf(scenario);
  const references = REFERENCES.filter((reference) => outcomes.has(reference));
  const value = (peer, [, of]) => median(outcomes.get(peer).map(of));
  const shown = (column) => [column[0], (peer) => digits.format(value(peer, column))];
  const ratio = (other) => [
    `to \`${other}\``,
    (peer) => digits.format(value(peer, compared) / value(other, compared)),
  ];
  const columns = [
    ...before.map(shown),
    shown(compared),
    ...references.map(ratio),
    ...after.map(shown),
  ];
  const titles = ['peer', ...columns.map(([title]) => title)];
  const rows = [...outcomes.keys()].map((peer) => [peer, ...columns.map(([, cell]) => cell(peer))]);
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const rule = `|---|${'---:|'.repeat(titles.length - 1)}`;
  return [`### ${name}: ${about}`, '', line(titles), rule, ...rows.map(line), ''].join('\n');
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
