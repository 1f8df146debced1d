// The package as CommonJS sees it. Checked, never run.
import { expectTypeOf } from 'expect-type';
import arkws = require('arkws');
import platform = require('@ohos.net.webSocket');

expectTypeOf(arkws.createWebSocket()).toEqualTypeOf<arkws.webSocket.WebSocket>();
expectTypeOf(arkws.webSocket.createWebSocket()).toEqualTypeOf<arkws.webSocket.WebSocket>();
expectTypeOf(
  arkws.default.createWebSocketServer(),
).toEqualTypeOf<arkws.webSocket.WebSocketServer>();
expectTypeOf(arkws.TlsProtocol).toEqualTypeOf<typeof arkws.webSocket.TlsProtocol>();
expectTypeOf(arkws.setApiVersion).toEqualTypeOf<(level: number | undefined) => void>();
expectTypeOf(platform.default.createWebSocket()).toEqualTypeOf<arkws.webSocket.WebSocket>();
