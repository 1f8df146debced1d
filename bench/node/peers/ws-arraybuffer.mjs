// npm `ws` as a program has it that wants what `@ohos.net.webSocket` gives: an ArrayBuffer for each
// binary message, not a slice of what was read.
import * as ws from './ws.mjs';

export async function connect(url, message, wire) {
  const connection = await ws.connect(url, (data) => message(new Uint8Array(data)), wire);
  connection.socket.binaryType = 'arraybuffer';
  return connection;
}
