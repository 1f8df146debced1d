// The ways in which messages can be compressed: the flags of a program, and the options of npm
// `ws`.
export const MODES = [
  { name: 'without compression', flags: [], ws: { perMessageDeflate: false } },
  {
    name: 'with permessage-deflate',
    flags: ['--deflate'],
    ws: { perMessageDeflate: { threshold: 0 } },
  },
  {
    name: 'with permessage-deflate, without context takeover',
    flags: ['--deflate', '--no-context-takeover'],
    ws: {
      perMessageDeflate: {
        threshold: 0,
        serverNoContextTakeover: true,
        clientNoContextTakeover: true,
      },
    },
  },
];
