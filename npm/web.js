// The web's own API: `require('arkws/web')`.
'use strict';

const { CloseEvent, MessageEvent } = require('./lib/web/events.js');
const { WebSocketStream } = require('./lib/web/stream.js');
const { WebSocket } = require('./lib/web/websocket.js');
const { WebSocketError } = require('./lib/web/websocket-error.js');

module.exports = { CloseEvent, MessageEvent, WebSocket, WebSocketError, WebSocketStream };
