// What is measured: the names are those of the Rust benches. What a kind of scenario does is in
// `kinds/KIND.mjs`.

const K = 1 << 10;
const M = 1 << 20;

const row = (name, about, kind, size, more) => ({
  name,
  about,
  kind,
  size,
  content: 'binary',
  wire: 'plain',
  ...more,
});

/** Text with some non-ASCII. */
const text = { content: 'text' };
/** Those who compress both ways. */
const deflate = { content: 'json', wire: 'deflate', peers: ['ws', 'bun', 'arkws', 'arkws-web'] };
/** Those who can be told not to look at the certificate. */
const tls = { wire: 'tls', peers: ['ws', 'ws-corked', 'bun', 'arkws', 'arkws-web'] };
/**
 * Whose server is measured: ours serves ten connections of each of ten addresses, as the platform
 * has it.
 */
const server = (task, connections) => ({
  task,
  connections,
  peers: ['ws', 'ws-corked', 'bun', 'arkws'],
});

/** All scenarios, in the order of the tables. */
export const SCENARIOS = [
  row('recv-16', 'receive 16 B binary', 'receive', 16),
  row('recv-text-16', 'receive 16 B text', 'receive', 16, text),
  row('recv-1k', 'receive 1 KiB binary', 'receive', K),
  row('recv-text-1k', 'receive 1 KiB text, some of it not ASCII', 'receive', K, text),
  row('recv-64k', 'receive 64 KiB binary', 'receive', 64 * K),
  row('recv-1m', 'receive 1 MiB binary', 'receive', M),
  row('recv-16m', 'receive 16 MiB binary', 'receive', 16 * M),
  row('send-16', 'send 16 B binary', 'send', 16),
  row('send-text-16', 'send 16 B text', 'send', 16, text),
  row('send-1k', 'send 1 KiB binary', 'send', K),
  row('send-text-1k', 'send 1 KiB text, some of it not ASCII', 'send', K, text),
  row('send-64k', 'send 64 KiB binary', 'send', 64 * K),
  row('send-1m', 'send 1 MiB binary', 'send', M),
  row('ping-pong', '16 B there and back', 'ping-pong', 16),
  row('window-16', 'echo, 16 B, 64 in flight', 'window', 16),
  row('window-text-16', 'echo, 16 B text, 64 in flight', 'window', 16, text),
  row('window-1k', 'echo, 1 KiB, 64 in flight', 'window', K),
  row('window-64k', 'echo, 64 KiB, 64 in flight', 'window', 64 * K),
  row('handshake', 'connect and close', 'handshake', 0),
  row('idle', 'resident memory of an idle connection, 5,000 at once', 'idle', 16),
  row('spawn', 'from the start of a process to its first open connection', 'spawn', 0),
  row(
    'server-echo-16',
    'a server echoes 16 B, 50 clients with 16 in flight each',
    'server',
    16,
    server('echo', 50),
  ),
  row(
    'server-echo-1k',
    'a server echoes 1 KiB, 50 clients with 16 in flight each',
    'server',
    K,
    server('echo', 50),
  ),
  row(
    'server-broadcast-64',
    'a server sends 64 B to 100 clients',
    'server',
    64,
    server('broadcast', 100),
  ),
  row(
    'server-broadcast-1k',
    'a server sends 1 KiB to 100 clients',
    'server',
    K,
    server('broadcast', 100),
  ),
  row('deflate-recv-1k', 'receive 1 KiB JSON, compressed', 'receive', K, deflate),
  row('deflate-recv-16k', 'receive 16 KiB JSON, compressed', 'receive', 16 * K, deflate),
  row('deflate-send-1k', 'send 1 KiB JSON, compressed', 'send', K, deflate),
  row('deflate-send-16k', 'send 16 KiB JSON, compressed', 'send', 16 * K, deflate),
  row('wss-recv-16', 'receive 16 B binary over TLS', 'receive', 16, tls),
  row('wss-recv-1k', 'receive 1 KiB binary over TLS', 'receive', K, tls),
  row('wss-recv-64k', 'receive 64 KiB binary over TLS', 'receive', 64 * K, tls),
  row('wss-send-16', 'send 16 B binary over TLS', 'send', 16, tls),
  row('wss-send-1k', 'send 1 KiB binary over TLS', 'send', K, tls),
  row('wss-send-64k', 'send 64 KiB binary over TLS', 'send', 64 * K, tls),
  row('size', 'the native module, stripped', 'size', 0, { peers: ['arkws'] }),
];
