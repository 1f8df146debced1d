// The network that `@ohos.net.connection` tells of: it is there, until a test says otherwise.
'use strict';

const { networkChanged } = require('../lib');

/** The platform's numbers: an internet that works, over Wi-Fi, without a price. */
const CAPABILITIES = Object.freeze({
  bearerTypes: Object.freeze([1]),
  networkCap: Object.freeze([11, 12, 15, 16]),
});

/** The first number of a network; the platform's are 100 or more. */
const FIRST = 100;

/** Called with the name of what has happened, and the network. */
const watchers = new Set();
let newest = FIRST;
let current = { netId: newest, capabilities: CAPABILITIES };

function tell(event, network) {
  for (const watcher of [...watchers]) watcher(event, network);
}

function lose() {
  if (current === undefined) return;
  const lost = current;
  current = undefined;
  tell('lost', lost);
}

function restore(capabilities = {}) {
  lose();
  current = { netId: ++newest, capabilities: { ...CAPABILITIES, ...capabilities } };
  tell('available', current);
  networkChanged();
}

module.exports = {
  current: () => current,
  /** What a test may do: see testing.d.ts. */
  network: { lose, restore },
  watchers,
};
