// Medians, and the Markdown table of a scenario.

/** Title, value of an outcome, digits. */
const RATE = ({ messages, wall }) => messages / wall;
const COST = ({ cpu, messages }) => (cpu / messages) * 1e9;
const THROUGHPUT = [
  ['messages/s', RATE, 0],
  ['MB/s', ({ bytes, wall }) => bytes / wall / 1e6, 0],
];
const CPU = ['CPU ns/message', COST, 1];

/** What the tables of a kind of scenario show: first, what peers are compared by, and last. */
const COLUMNS = {
  'ping-pong': [THROUGHPUT, CPU, [['p50 µs', ({ p50 }) => p50, 1], ['p99 µs', ({ p99 }) => p99, 1]]],
  handshake: [[['connections/s', RATE, 0]], ['CPU ns/connection', COST, 0], []],
  idle: [[], ['bytes/connection', ({ idle }) => idle, 0], [['after an echo', ({ after }) => after, 0]]],
  spawn: [[], ['ms', ({ toOpen }) => toOpen, 1], []],
};

/** Whom the others are compared with. */
const REFERENCES = ['ws', 'ws-corked'];

/** The table of a scenario; `outcomes` by the names of the peers. */
export function table({ name, about, kind }, outcomes) {
  const [before, compared, after] = COLUMNS[kind] ?? [THROUGHPUT, CPU, []];
  const references = REFERENCES.filter((reference) => outcomes.has(reference));
  const value = (peer, [, of]) => median(outcomes.get(peer).map(of));
  const titles = [
    'peer',
    ...[...before, compared].map(([title]) => title),
    ...references.map((reference) => `to \`${reference}\``),
    ...after.map(([title]) => title),
  ];
  const rows = [...outcomes.keys()].map((peer) => [
    peer,
    ...[...before, compared].map((column) => value(peer, column).toFixed(column[2])),
    ...references.map((reference) => (value(peer, compared) / value(reference, compared)).toFixed(2)),
    ...after.map((column) => value(peer, column).toFixed(column[2])),
  ]);
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const rule = `|---|${'---:|'.repeat(titles.length - 1)}`;
  return [`### ${name}: ${about}`, '', line(titles), rule, ...rows.map(line), ''].join('\n');
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
