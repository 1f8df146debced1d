// Who is measured, and with what program. What each of them does is in `peers/NAME.mjs`:
//
// - `connect(url, message, wire)` resolves when the connection is open, to an object with
//   `send(data)`, `sendLast(data)`, whose promise tells by the library's natural signal that all so
//   far has been handed over, and `close()`, which resolves when all is over. Data is a string or
//   an ArrayBuffer; `message` gets strings and Uint8Arrays; `wire` is `plain`, `deflate` or `tls`.
// - `serve(task)`, where there is a server, starts one that does the task (`echo`, or `broadcast`:
//   everybody gets what anybody sends) and returns its port.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const bun = fileURLToPath(new URL('node_modules/.bin/bun', import.meta.url));

const node = (name, missing = () => undefined) => ({ name, command: process.execPath, missing });

/**
 * All peers, in the order of the tables; the first three are what the others are compared with.
 * `takes`: its scenarios.
 */
export const PEERS = [
  node('ws'),
  node('ws-corked'),
  {
    ...node('ws-arraybuffer'),
    takes: ({ kind, content }) => kind === 'receive' && content === 'binary',
  },
  node('undici'),
  node('built-in', () =>
    globalThis.WebSocket === undefined
      ? `Node.js ${process.version} has no WebSocket of its own`
      : undefined,
  ),
  {
    name: 'bun',
    command: bun,
    missing() {
      const { status, error } = spawnSync(bun, ['--version']);
      return status === 0
        ? undefined
        : `its program does not start (${error?.message ?? `status ${status}`})`;
    },
  },
  node('arkws'),
  node('arkws-web'),
  {
    ...node('arkws-uint8array'),
    takes: ({ kind, content }) => (kind === 'receive' || kind === 'window') && content === 'binary',
  },
];
