// arkws by the interface of browsers.
import { WebSocket } from 'arkws/web';
import { connectBy } from './standard.mjs';

export const connect = connectBy(WebSocket, (wire) => ({
  perMessageDeflate: wire === 'deflate',
  skipServerCertVerification: wire === 'tls',
}));
