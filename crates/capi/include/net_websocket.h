/*
 * A WebSocket client with the functions of OpenHarmony's header of this name, from API 11.
 * Link with libnet_websocket (`-lnet_websocket`, or what `pkg-config --libs arkws` says).
 *
 * What this header does not reach is in arkws.h: certificates, proxies, time-outs, the kind of a
 * message, errors in words, servers, callbacks in an event loop of the program's own.
 *
 * Threads. Every function may be called from any thread, from several at once, and from inside a
 * callback. The callbacks of one client come one after the other, in order, from a thread that the
 * library starts for it; none comes from inside a call. What a callback does holds up the other
 * callbacks of its client.
 *
 * Order, on one connection: `onOpen`, `onMessage` any number of times, `onError` if it failed,
 * `onClose`. An attempt that fails gives `onError` alone. Then the client can connect again, also
 * from inside that last callback. A callback has to return: an exception of C++ that leaves it, or
 * pthread_exit, ends the process. It has 8 MiB of stack (2 MiB where addresses have 32 bits).
 *
 * Text or binary. OH_WebSocketClient_Send sends text if the `length` bytes are valid UTF-8 and
 * none of them is NUL, else binary. arkws.h has functions that send what they are told.
 *
 * TLS. A server of `wss` must show a certificate that the system's roots stand for and that has
 * the name of the URL. (The platform's library accepts any certificate.)
 *
 * Results. Every function that returns `int` returns WEBSOCKET_OK, or why it did nothing. Also for
 * what has no name here, arkws_last_error of arkws.h has the words. In a process that was forked
 * off after a connect each returns 1104 (ARKWS_SYSTEM): it has not the library's threads.
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
 * already, the platform's limit, or in a process that was forked off, as above.
 */
struct WebSocket *OH_WebSocketClient_Constructor(WebSocket_OnOpenCallback onOpen,
                                                 WebSocket_OnMessageCallback onMessage,
                                                 WebSocket_OnErrorCallback onError,
                                                 WebSocket_OnCloseCallback onclose);

/*
 * Adds a field to `client->requestOptions.headers`. Both strings are copied; `header.next` is
 * ignored. Not to be called while another thread connects with that list.
 *
 * WEBSOCKET_CLIENT_NULL, WEBSOCKET_CLIENT_NOT_CREATED;
 * WEBSOCKET_NO_HEADER_CONTEXT: the name or the value is NULL;
 * WEBSOCKET_HEADER_EXCEEDED: there are 8192 fields;
 * 1100: one is not UTF-8, as text in Latin-1 is not (ARKWS_INVALID of arkws.h).
 */
int OH_WebSocketClient_AddHeader(struct WebSocket *client, struct WebSocket_Header header);

/*
 * Starts to connect to `url`, which begins with ws:// or wss://. The fields of the request are
 * those of `options.headers`, for example `client->requestOptions`; all strings are copied. Of
 * fields with the same name the last one counts.
 *
 * Returns WEBSOCKET_OK when there is an attempt: `onOpen` or `onError` tells what came of it, also
 * for a URL that cannot be understood. Else there is none, and no callback follows:
 * WEBSOCKET_CLIENT_NULL, WEBSOCKET_CLIENT_NOT_CREATED;
 * WEBSOCKET_CONNECTION_PARSE_URL_ERROR: `url` is NULL, or not UTF-8;
 * WEBSOCKET_NO_HEADER_CONTEXT: a field's name or value is NULL;
 * WEBSOCKET_HEADER_EXCEEDED: there are more than 8192 fields;
 * WEBSOCKET_CONNECTION_NO_MEMORY: the client has a connection, or is connecting; or the system
 *   refuses a thread;
 * 1020: internet sockets are not permitted; 1100: HTTP does not allow a field
 *   (ARKWS_PERMISSION_DENIED, ARKWS_INVALID of arkws.h).
 */
int OH_WebSocketClient_Connect(struct WebSocket *client, const char *url,
                               struct WebSocket_RequestOptions options);

/*
 * Sends one message of `length` bytes, at most 4 MiB (4,194,304), text or binary as said above.
 * The bytes are copied, and not read beyond `length`. Without a connection the message waits for
 * the next: it leaves right after that has opened. A `length` of 0 sends nothing.
 *
 * WEBSOCKET_CLIENT_NULL, WEBSOCKET_CLIENT_NOT_CREATED;
 * WEBSOCKET_SEND_DATA_NULL: `data` is NULL, whatever `length` is;
 * WEBSOCKET_DATA_LENGTH_EXCEEDED: `length` is more than 4 MiB;
 * WEBSOCKET_QUEUE_LENGTH_EXCEEDED: more than 256 MiB would wait.
 */
int OH_WebSocketClient_Send(struct WebSocket *client, char *data, size_t length);

/*
 * Closes the connection: what was sent before leaves first, for as long as the peer takes any of it
 * within 5 s, then the close frame. `onClose` follows, at the latest 5 s after that frame.
 *
 * WEBSOCKET_CLIENT_NULL, WEBSOCKET_CLIENT_NOT_CREATED;
 * WEBSOCKET_NO_CONNECTION: the client has no open connection. If it is connecting, the attempt is
 *   given up, and `onClose` follows.
 */
int OH_WebSocketClient_Close(struct WebSocket *client, struct WebSocket_CloseOption options);

/*
 * Frees the client and all that belongs to it. If there is a connection, it is closed with 1001,
 * behind what was sent; but a process that ends gives that half a second. To have all of it leave,
 * close first and destroy in, or after, `onClose`: WEBSOCKET_NO_CONNECTION_CONTEXT is then what is
 * returned. When this returns, none of the client's callbacks runs or will run: but
 * for one that this is called from, and, if it is called from a callback of another client, one
 * that runs at this moment. The program must not read `client` any more.
 *
 * WEBSOCKET_NO_CONNECTION_CONTEXT: it is freed all the same, and had no connection;
 * WEBSOCKET_CLIENT_NULL, WEBSOCKET_CLIENT_NOT_CREATED.
 */
int OH_WebSocketClient_Destroy(struct WebSocket *client);

#ifdef __cplusplus
}
#endif

#endif
