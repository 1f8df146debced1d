// The module in Node.js. `index.js` and `platform/` above give it its names; what it is, `core/`
// says, which knows nothing of Node.js.
//
// | file | what it holds |
// |---|---|
// | `core.js`, `host.js` | loads the core; what that gets of Node.js |
// | `native.js` | finds and loads the native half |
// | `upgrades.js` | a server object that gets its clients from HTTP servers of Node.js |
// | `attachments.js`, `handover.js` | those servers; their sockets on the way |
// | `web/` | the web's own API, over the same native half |
'use strict';

const { start } = require('./core.js');
const { host } = require('./host.js');

module.exports = start(host);
