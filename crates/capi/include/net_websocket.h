/*
 * A WebSocket client with the functions of OpenHarmony's header of this name, from API 11.
 * Link with libnet_websocket (`-lnet_websocket`, or what `pkg-config --libs arkws` says).
 *
 * What this header does not reach is in arkws.h: certificates, proxies, time-outs, the kind of a
 * message, errors in words, servers, callbacks in an event loop of the program's own.
 *
 * Threads. Every function may be called from any thread, from several at once, and from inside a
 * callback. All callbacks of all clients come one after the other, in order, from one thread of
 * the library; none comes from inside a call. What a callback does holds up the other callbacks.
 *
 * Order, on one connection: `onOpen`, `onMessage` any number of times, `onError` if it failed,
 * `onClose`. An attempt that fails gives `onError` alone. Then the client can connect again, also
 * from inside that last callback.
 *
 * Text or binary. OH_WebSocketClient_Send sends text if the `length` bytes are valid UTF-8 and
 * none of them is NUL, else binary. arkws.h has functions that send what they are told.
 *
 * TLS. A server of `wss` must show a certificate that the system's roots stand for and that has
 * the name of the URL. (The platform's library accepts any certificate.)
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#ifndef NET_WEBSOCKET_H
#define NET_WEBSOCKET_H

/* Programs written for the platform rely on what its header brings along. */
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "net_websocket_type.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Makes a client. Any callback may be NULL: its event is then dropped.
 *
 * Returns the client, to be freed with OH_WebSocketClient_Destroy, or NULL if there are 100
 * already, the platform's limit.
 */
struct WebSocket *OH_WebSocketClient_Constructor(WebSocket_OnOpenCallback onOpen,
                                                 WebSocket_OnMessageCallback onMessage,
                                                 WebSocket_OnErrorCallback onError,
                                                 WebSocket_OnCloseCallback onclose);

/*
 * Adds a field to `client->requestOptions.headers`. Both strings are copied; `header.next` is
 * ignored.
 *
 * Returns WEBSOCKET_OK, or why nothing was added:
 * WEBSOCKET_CLIENT_NULL, WEBSOCKET_CLIENT_NOT_CREATED;
 * WEBSOCKET_NO_HEADER_CONTEXT: the name or the value is NULL;
 * WEBSOCKET_HEADER_EXCEEDED: there are 8192 fields.
 */
int OH_WebSocketClient_AddHeader(struct WebSocket *client, struct WebSocket_Header header);

/*
 * Starts to connect to `url`, which begins with ws:// or wss://. The fields of the request are
 * those of `options.headers`, for example `client->requestOptions`; all strings are copied.
 *
 * Returns WEBSOCKET_OK when the attempt has begun: `onOpen` or `onError` tells what came of it.
 * Else why there is no attempt, and then no callback follows:
 * WEBSOCKET_CLIENT_NULL, WEBSOCKET_CLIENT_NOT_CREATED;
 * WEBSOCKET_CONNECTION_PARSE_URL_ERROR: `url` is NULL;
 * WEBSOCKET_HEADER_EXCEEDED: there are more than 8192 fields.
 */
int OH_WebSocketClient_Connect(struct WebSocket *client, const char *url,
                               struct WebSocket_RequestOptions options);

/*
 * Sends one message of `length` bytes, at most 4 MiB (4,194,304), text or binary as said above.
 * The bytes are copied, and not read beyond `length`. What is sent while the client connects
 * leaves right after the connection has opened.
 *
 * Returns WEBSOCKET_OK, also for a `length` of 0, which sends nothing, or
 * WEBSOCKET_CLIENT_NULL, WEBSOCKET_CLIENT_NOT_CREATED;
 * WEBSOCKET_SEND_DATA_NULL: `data` is NULL, whatever `length` is;
 * WEBSOCKET_DATA_LENGTH_EXCEEDED: `length` is more than 4 MiB.
 */
int OH_WebSocketClient_Send(struct WebSocket *client, char *data, size_t length);

/*
 * Closes the connection: what was sent before leaves first, then the close frame. `onClose`
 * follows, at the latest after 5 s.
 *
 * Returns WEBSOCKET_OK, or
 * WEBSOCKET_CLIENT_NULL, WEBSOCKET_CLIENT_NOT_CREATED;
 * WEBSOCKET_NO_CONNECTION: the client has no open connection. An attempt to connect is given up.
 */
int OH_WebSocketClient_Close(struct WebSocket *client, struct WebSocket_CloseOption options);

/*
 * Closes the connection if there is one, and frees the client and all that belongs to it. When
 * this returns, no callback of the client runs any more, and none will: but for the callback that
 * this was called from, which goes on to its end. `client` must not be read any more.
 *
 * Returns WEBSOCKET_OK, or
 * WEBSOCKET_NO_CONNECTION_CONTEXT: as WEBSOCKET_OK, and the client had no connection;
 * WEBSOCKET_CLIENT_NULL, WEBSOCKET_CLIENT_NOT_CREATED: nothing was freed.
 */
int OH_WebSocketClient_Destroy(struct WebSocket *client);

#ifdef __cplusplus
}
#endif

#endif
