// What is measured: the names are those of the Rust benches. What a kind of scenario does is in `kinds/KIND.mjs`.

const K = 1 << 10;
const M = 1 << 20;

const row = (name, about, kind, size, text = false) => ({ name, about, kind, size, text });

/** All scenarios, in the order of the tables. */
export const SCENARIOS = [
  row('recv-16', 'receive 16 B binary', 'receive', 16),
  row('recv-text-16', 'receive 16 B text', 'receive', 16, true),
  row('recv-1k', 'receive 1 KiB binary', 'receive', K),
  row('recv-text-1k', 'receive 1 KiB text, some of it not ASCII', 'receive', K, true),
  row('recv-64k', 'receive 64 KiB binary', 'receive', 64 * K),
  row('recv-1m', 'receive 1 MiB binary', 'receive', M),
  row('send-16', 'send 16 B binary', 'send', 16),
  row('send-text-16', 'send 16 B text', 'send', 16, true),
  row('send-1k', 'send 1 KiB binary', 'send', K),
  row('send-text-1k', 'send 1 KiB text, some of it not ASCII', 'send', K, true),
  row('send-64k', 'send 64 KiB binary', 'send', 64 * K),
  row('send-1m', 'send 1 MiB binary', 'send', M),
  row('ping-pong', '16 B there and back', 'ping-pong', 16),
  row('window-16', 'echo, 16 B, 64 in flight', 'window', 16),
  row('handshake', 'connect and close', 'handshake', 0),
  row('idle', 'resident memory of an idle connection, 5,000 at once', 'idle', 16),
  row('spawn', 'from the start of a process to its first open connection', 'spawn', 0),
];
