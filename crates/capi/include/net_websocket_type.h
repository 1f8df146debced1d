/*
 * The types of net_websocket.h: what OpenHarmony's header of that name declares, from API 11.
 *
 * Layout, names and values are the platform's, so that a program's source and its compiled code
 * fit either library. The words are those of arkws, and say what its library does. Unlike the
 * platform's header, this one is valid C (C99 and later) as well as C++: each struct's name is a
 * type with the word `struct` and without it.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#ifndef NET_WEBSOCKET_TYPE_H
#define NET_WEBSOCKET_TYPE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Strings that a callback gets end with a NUL, are never NULL, belong to the library and are
 * valid until that callback returns. Strings that a program passes end with a NUL, belong to the
 * program and are copied before the call returns.
 */

/* How a connection ended, for `onClose`. */
typedef struct WebSocket_CloseResult {
    /*
     * The close code: the program's own after it has closed, else the peer's. 1005: the peer gave
     * none. 1006: the connection was lost.
     */
    uint32_t code;
    /* The reason that belongs to `code`, UTF-8, at most 123 bytes; for 1006 the cause in words. */
    const char *reason;
} WebSocket_CloseResult;

/* How a connection shall end, for OH_WebSocketClient_Close. */
typedef struct WebSocket_CloseOption {
    /*
     * The close code that the peer gets: 1000 to 1003, 1007 to 1014 or 3000 to 4999. 0 stands for
     * 1000, and `reason` is then ignored. Any other number is replaced by 1000.
     */
    uint32_t code;
    /*
     * The reason that the peer gets, UTF-8, with U+FFFD for what is not. What is beyond 123 bytes
     * is cut off, before a character. NULL: the code is 1000 and the reason is empty, as on the
     * platform.
     */
    const char *reason;
} WebSocket_CloseOption;

/* What went wrong, for `onError`. */
typedef struct WebSocket_ErrorResult {
    /* A value of `WebSocket_ErrCode`, most often WEBSOCKET_CONNECTION_ERROR. */
    uint32_t errorCode;
    /* What was attempted, on what, and why it failed, UTF-8. */
    const char *errorMessage;
} WebSocket_ErrorResult;

/* The server's answer that opened the connection, for `onOpen`. */
typedef struct WebSocket_OpenResult {
    /* The status of HTTP: 101. */
    uint32_t code;
    /* Its words: "Switching Protocols". */
    const char *reason;
} WebSocket_OpenResult;

struct WebSocket;

/* The connection is open. */
typedef void (*WebSocket_OnOpenCallback)(struct WebSocket *client,
                                         WebSocket_OpenResult openResult);

/*
 * A whole message has come. `data` has `length` bytes and a NUL behind them, belongs to the
 * library and is valid until the callback returns; it is never NULL. This callback does not tell
 * text from binary.
 */
typedef void (*WebSocket_OnMessageCallback)(struct WebSocket *client, char *data,
                                            uint32_t length);

/* The attempt to connect has failed, or the open connection has; `onClose` follows the latter. */
typedef void (*WebSocket_OnErrorCallback)(struct WebSocket *client,
                                          WebSocket_ErrorResult errorResult);

/* The connection that was open has ended: the last callback of that connection. */
typedef void (*WebSocket_OnCloseCallback)(struct WebSocket *client,
                                          WebSocket_CloseResult closeResult);

/* A field of the opening request, and the one after it. */
typedef struct WebSocket_Header {
    /* The name: a token of HTTP. */
    const char *fieldName;
    /* The value: without CR and LF. */
    const char *fieldValue;
    /* NULL: the last. */
    struct WebSocket_Header *next;
} WebSocket_Header;

/* What OH_WebSocketClient_Connect asks the server with. */
typedef struct WebSocket_RequestOptions {
    /* NULL: none. */
    struct WebSocket_Header *headers;
} WebSocket_RequestOptions;

/*
 * A client, made by OH_WebSocketClient_Constructor and freed by OH_WebSocketClient_Destroy.
 *
 * The address is what names it. A program may read `requestOptions`, to pass it to
 * OH_WebSocketClient_Connect. The library does not read what a program writes here.
 */
typedef struct WebSocket {
    WebSocket_OnOpenCallback onOpen;
    WebSocket_OnMessageCallback onMessage;
    WebSocket_OnErrorCallback onError;
    WebSocket_OnCloseCallback onClose;
    /* The fields that OH_WebSocketClient_AddHeader has added; the list belongs to the library. */
    WebSocket_RequestOptions requestOptions;
} WebSocket;

/*
 * What the functions return and `onError` gets. What has no name here is in `arkws_code` of
 * arkws.h.
 */
typedef enum WebSocket_ErrCode {
    WEBSOCKET_OK = 0,
    /* No error: what the others are counted from. */
    E_BASE = 1000,
    /* The client is NULL. */
    WEBSOCKET_CLIENT_NULL = (E_BASE + 1),
    /* The client is none that OH_WebSocketClient_Constructor made, or it has been destroyed. */
    WEBSOCKET_CLIENT_NOT_CREATED = (E_BASE + 2),
    /* The connection could not be opened, or was lost. */
    WEBSOCKET_CONNECTION_ERROR = (E_BASE + 3),
    /* There is no URL. */
    WEBSOCKET_CONNECTION_PARSE_URL_ERROR = (E_BASE + 5),
    /* The attempt to connect could not be started: see OH_WebSocketClient_Connect. */
    WEBSOCKET_CONNECTION_NO_MEMORY = (E_BASE + 6),
    /* This and others that have no words here are the platform's, and never come. */
    WEBSOCKET_CONNECTION_CLOSED_BY_PEER = (E_BASE + 7),
    WEBSOCKET_DESTROYED = (E_BASE + 8),
    WEBSOCKET_PROTOCOL_ERROR = (E_BASE + 9),
    WEBSOCKET_SEND_NO_MEMORY = (E_BASE + 10),
    /* There is nothing to send: `data` is NULL. */
    WEBSOCKET_SEND_DATA_NULL = (E_BASE + 11),
    /* A message is longer than its limit. */
    WEBSOCKET_DATA_LENGTH_EXCEEDED = (E_BASE + 12),
    /* More waits to be sent than the limit allows. */
    WEBSOCKET_QUEUE_LENGTH_EXCEEDED = (E_BASE + 13),
    WEBSOCKET_NO_CLIENT_CONTEXT = (E_BASE + 14),
    /* A field of the request has no name, or no value. */
    WEBSOCKET_NO_HEADER_CONTEXT = (E_BASE + 15),
    /* The request has too many fields. */
    WEBSOCKET_HEADER_EXCEEDED = (E_BASE + 16),
    /* There is no connection to close. */
    WEBSOCKET_NO_CONNECTION = (E_BASE + 17),
    /* The client was destroyed, and had no connection at that time. */
    WEBSOCKET_NO_CONNECTION_CONTEXT = (E_BASE + 18)
} WebSocket_ErrCode;

#ifdef __cplusplus
}
#endif

#endif
