// The web's own API: `require('arkws/web')`.
'use strict';

const { CloseEvent, MessageEvent } = require('./lib/web/events.js');
const { WebSocket } = require('./lib/web/websocket.js');

module.exports = { CloseEvent, MessageEvent, WebSocket };
