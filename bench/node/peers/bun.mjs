// bun's WebSocket, run by bun.
import { connectBy } from './standard.mjs';

export const connect = connectBy(globalThis.WebSocket);
