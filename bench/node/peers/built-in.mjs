// The WebSocket that comes with Node.js: the undici of its release.
import { connectBy } from './standard.mjs';

export const connect = connectBy(globalThis.WebSocket);
