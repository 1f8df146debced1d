// The package for `import`.
import arkws from './index.js';

export default arkws.webSocket;
export const {
  BusinessError,
  TlsProtocol,
  createWebSocket,
  createWebSocketServer,
  getApiVersion,
  networkChanged,
  setApiVersion,
  setPolicy,
  webSocket,
} = arkws;
