// The web's own API, for `import`.
import web from './web.js';

export const { CloseEvent, MessageEvent, WebSocket, WebSocketError, WebSocketStream } = web;
