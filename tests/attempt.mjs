// Tries URLs one after the other with the options given, and prints as JSON how each went.
import { readFileSync } from 'node:fs';
import webSocket from 'arkws';
import { connected } from '../npm/test/events.mjs';

const attempts = JSON.parse(readFileSync(0, 'utf8'));
const outcomes = [];
for (const { url, options } of attempts) {
  const ws = webSocket.createWebSocket();
  try {
    await connected(url, options, ws);
    outcomes.push({ peer: ws.stats().remoteAddress });
    await ws.close();
  } catch ({ code, cause, message }) {
    outcomes.push({ code, cause, message });
  }
}
console.log(JSON.stringify(outcomes));
