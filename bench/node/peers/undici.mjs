// undici's WebSocket.
import { WebSocket } from 'undici';
import { connectBy } from './standard.mjs';

export const connect = connectBy(WebSocket);
