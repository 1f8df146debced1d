// The web's API, as TypeScript sees it. Checked, never run.
import { expectTypeOf } from 'expect-type';
import 'arkws/global';
import {
  CloseEvent,
  MessageEvent,
  WebSocket,
  WebSocketError,
  WebSocketStream,
  type WebSocketInit,
} from 'arkws/web';

const ws = new WebSocket('ws://host', ['chat']);
new WebSocket(new URL('ws://host'), 'chat');
new WebSocket('ws://host', { protocols: 'chat', headers: { a: 'b' }, maxRedirects: 1, caPath: 'x' });
new WebSocket('ws://host', { headers: [['a', 'b']] });
new WebSocket('ws://host', { headers: new Headers() });
// @ts-expect-error none of the web's
const reconnects: WebSocketInit = { reconnect: true };
// @ts-expect-error no URL
new WebSocket();

expectTypeOf(ws.readyState).toEqualTypeOf<0 | 1 | 2 | 3>();
expectTypeOf(WebSocket.OPEN).toEqualTypeOf<1>();
ws.binaryType = 'arraybuffer';
// @ts-expect-error none of the standard's
ws.binaryType = 'nodebuffer';
// @ts-expect-error it can only be read
ws.url = 'ws://other';

ws.onmessage = ({ data, origin }) => expectTypeOf(origin).toEqualTypeOf<string>();
ws.onmessage = null;
ws.onerror = ({ error, message }) => expectTypeOf(error).toEqualTypeOf<Error>();
ws.addEventListener('close', ({ code, reason, wasClean }) => {
  expectTypeOf(code).toEqualTypeOf<number>();
  expectTypeOf(wasClean).toEqualTypeOf<boolean>();
});
ws.addEventListener('own', (event) => expectTypeOf(event).toEqualTypeOf<Event>(), { once: true });

ws.send('text');
ws.send(new Uint8Array(1));
ws.send(new ArrayBuffer(1));
ws.send(new Blob([]));
// @ts-expect-error a number
ws.send(1);
ws.close();
ws.close(3000, 'done');

expectTypeOf(new MessageEvent<string>('message', { data: 'x' }).data).toEqualTypeOf<string>();
expectTypeOf(new CloseEvent('close', { code: 1 }).code).toEqualTypeOf<number>();

const stream = new WebSocketStream('ws://host', { protocols: ['a'], signal: AbortSignal.timeout(1) });
stream.opened.then(({ readable, writable }) => {
  expectTypeOf(readable).toEqualTypeOf<ReadableStream<string | Uint8Array>>();
  writable.getWriter().write('x');
});
stream.closed.then(({ closeCode }) => expectTypeOf(closeCode).toEqualTypeOf<number>());
stream.close({ closeCode: 3000 });
expectTypeOf(new WebSocketError('x', { reason: 'y' }).closeCode).toEqualTypeOf<number | null>();

export { reconnects };
