/*
 * arkws: what net_websocket.h does not reach. Options of clients, the kind of a message, pings,
 * numbers, errors in words, servers, and callbacks in an event loop of the program's own.
 * Link with libnet_websocket, as for net_websocket.h.
 *
 * Clients are those of net_websocket.h: the functions of both headers work on either. One that
 * arkws_client_create made has the callbacks of this header.
 *
 * Results. A function that returns `int` returns ARKWS_OK (0), or why it did nothing: a value of
 * WebSocket_ErrCode or of arkws_code. arkws_last_error has the words. Of any function:
 *   WEBSOCKET_CLIENT_NULL (1001): the client, server or queue is NULL;
 *   WEBSOCKET_CLIENT_NOT_CREATED (1002): it is none of the library's, or was destroyed. (An address
 *     is used again at the earliest when 1,024 others of its kind have been made since.)
 *   ARKWS_SYSTEM (1104): see "Processes".
 *
 * Strings. What a program passes ends with a NUL and is copied, unless a length stands beside it:
 * then that many bytes are read and no more. All are UTF-8. What the library passes ends with a
 * NUL, also where it has a length, and is never NULL where nothing else is said.
 *
 * Log. ARKWS_LOG=debug in the environment has the library say on standard error what it does; the
 * other levels are error, warn, info and trace.
 *
 * Threads. Every function may be called from any thread, from several at once, and from inside any
 * callback. The callbacks of one client or server come one after the other, in order, from one
 * thread: one that the library starts for it, or, if it was given a queue, the one that calls
 * arkws_poll. None comes from inside a call of another function. A callback that takes its time
 * holds up those of its own client or server alone; then its peer is not read from. A thread of
 * the library's has 8 MiB of stack for callbacks (2 MiB where addresses have 32 bits). A callback
 * has to return: an exception of C++ that leaves it, or pthread_exit, ends the process, and a
 * longjmp out of arkws_poll leaves the queue unusable.
 *
 * Processes. The threads are not in a process that was forked off after a connect or a start: there
 * every function but arkws_last_error and arkws_version fails with ARKWS_SYSTEM, and touches
 * nothing of the parent's. Fork first, or run another program (execve) in the child.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#ifndef ARKWS_H
#define ARKWS_H

#include <stddef.h>
#include <stdint.h>

#include "net_websocket.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Results that WebSocket_ErrCode has no name for. */
typedef enum arkws_code {
    ARKWS_OK = 0,
    /* A file of a certificate or a key is not there. */
    ARKWS_FILE_NOT_FOUND = 1019,
    /* The app, or the system, does not permit internet sockets. */
    ARKWS_PERMISSION_DENIED = 1020,
    /* A policy does not allow the host. A program in C has none so far: this does not come. */
    ARKWS_HOST_NOT_ALLOWED = 1021,
    /* An argument, or an option, cannot be used. */
    ARKWS_INVALID = 1100,
    /* Not now: it is connected, started, or in use already, or not yet. */
    ARKWS_WRONG_STATE = 1101,
    /* The server cannot listen on this address and port. */
    ARKWS_CANNOT_LISTEN = 1102,
    /* The server has no such client, or no more. */
    ARKWS_NO_SUCH_PEER = 1103,
    /* The operating system refuses a thread or a descriptor; or see "Processes" above. */
    ARKWS_SYSTEM = 1104,
    /* A defect of the library. */
    ARKWS_INTERNAL = 1199
} arkws_code;

/* ---- Errors ---------------------------------------------------------------------------------- */

/*
 * Why something failed. It has no size, as arkws_stats has, since it never grows: what later
 * versions know beside it, functions of their own will tell.
 */
typedef struct arkws_error {
    /* A value of WebSocket_ErrCode or arkws_code. */
    int32_t code;
    /* The HTTP status with which a server refused the handshake, else 0. */
    int32_t http_status;
    /*
     * The kind, for programs, in lower case: "invalid", "dns", "refused", "unreachable", "timeout",
     * "tls", "proxy", "handshake", "redirect", "protocol", "too-big", "heartbeat", "reset",
     * "closed", "queue-full", "io", "limit", "flood", "policy", "system", "internal". Later
     * versions may have more.
     */
    const char *cause;
    /* What was attempted, on what, and why it failed, for people. */
    const char *message;
} arkws_error;

/*
 * Why the last call of this library that failed on this thread did so; inside an `on_error`, an
 * `on_unsent` or an `onError` of net_websocket.h, the error that it tells of: after it, what was
 * told before is told again. `error` may be NULL. Its strings are valid until the next call on this
 * thread fails, or a callback that this was called from returns.
 *
 * Returns its code, or ARKWS_OK if no call has failed; then the strings of `error` are empty.
 */
int arkws_last_error(arkws_error *error);

/* The version of the library, such as "0.1.0". Valid for ever. */
const char *arkws_version(void);

/* ---- Clients --------------------------------------------------------------------------------- */

typedef struct WebSocket arkws_client;

/*
 * The connection is open. The strings are valid until the callback returns. Later versions may have
 * more fields, behind these: it is to be read where it is, not copied as a whole.
 */
typedef struct arkws_opened {
    /* The HTTP status: 101. */
    int32_t status;
    /* Its words: "Switching Protocols". */
    const char *reason;
    /* The sub-protocol that was agreed on; NULL: none. */
    const char *protocol;
} arkws_opened;

/*
 * What a client tells; on one connection `on_open`, then `on_message` and `on_pong`, then
 * `on_error` if it failed, then `on_close`. An attempt that failed gives `on_error` alone, behind
 * `on_unsent` if something was sent meanwhile. After the last of them the client can connect again,
 * also from inside it. Each may be NULL. `user` is what arkws_client_create got. Data and strings
 * are valid until the callback returns.
 */
typedef struct arkws_client_callbacks {
    /* sizeof(arkws_client_callbacks): later versions may have more callbacks. */
    size_t size;
    void (*on_open)(void *user, arkws_client *client, const arkws_opened *opened);
    /* A whole message; `is_text` is 1 or 0. */
    void (*on_message)(void *user, arkws_client *client, const char *data, size_t length,
                       int is_text);
    /* The answer to an arkws_client_ping: its payload, and how long it took. */
    void (*on_pong)(void *user, arkws_client *client, const char *data, size_t length,
                    uint64_t round_trip_us);
    void (*on_error)(void *user, arkws_client *client, const arkws_error *error);
    /*
     * The code and reason of whoever closed first. 1005: the server gave none. 1006: the
     * connection was lost, and the reason says why.
     */
    void (*on_close)(void *user, arkws_client *client, uint16_t code, const char *reason);
    /*
     * So many messages that a send has taken were not handed to the operating system, since the
     * connection, or the attempt at it, ended first: the last ones. Before `on_close`.
     */
    void (*on_unsent)(void *user, arkws_client *client, uint64_t messages,
                      const arkws_error *error);
} arkws_client_callbacks;

/*
 * Makes a client. `callbacks` may be NULL, and is copied. There may be any number of clients; all
 * count towards the 100 at which OH_WebSocketClient_Constructor returns NULL.
 *
 * Returns the client, which is freed with arkws_client_destroy; NULL: the size of the callbacks is
 * not that of their struct.
 */
arkws_client *arkws_client_create(const arkws_client_callbacks *callbacks, void *user);

/*
 * Options of a client. Each takes effect at the next connect, and stays until it is set again.
 * Unless more is said they return ARKWS_OK, or ARKWS_INVALID for a string that is not UTF-8.
 */

/*
 * A file, or a directory of files, in PEM with the authorities to trust instead of the system's.
 * One that has expired counts all the same. The server may show one of these certificates itself,
 * valid now, and has to if its own is of X.509 version 1. NULL, the default: the system's. An empty
 * path is ARKWS_INVALID. A connect fails with ARKWS_FILE_NOT_FOUND if it is not there.
 */
int arkws_client_set_ca(arkws_client *client, const char *path);

/*
 * The certificate for a server that asks for one, and its private key (PKCS#1, PKCS#8 or SEC1):
 * files in PEM. `password` is that of an encrypted key; NULL: it has none. Both paths NULL, the
 * default: no certificate. One of them NULL, or empty, is ARKWS_INVALID. A connect fails with
 * ARKWS_FILE_NOT_FOUND if a file is not there.
 */
int arkws_client_set_certificate(arkws_client *client, const char *certificate, const char *key,
                                 const char *password);

/* Not 0: any certificate of the server is accepted. For tests only. Default: 0. */
int arkws_client_set_skip_verification(arkws_client *client, int skip);

/* The lowest version of TLS: 12 (1.2, the default) or 13 (1.3); else ARKWS_INVALID. */
int arkws_client_set_min_tls(arkws_client *client, int version);

/*
 * The proxy: "http://[user:password@]host:port", "socks5://…"; "": none; NULL, the default: that
 * of https_proxy, http_proxy, all_proxy and no_proxy in the environment. `exclusions`: hosts that
 * are reached directly, separated by commas, "*.example.org" for all of a domain; NULL: none.
 * A connect fails with ARKWS_INVALID if the proxy cannot be understood.
 */
int arkws_client_set_proxy(arkws_client *client, const char *proxy, const char *exclusions);

/*
 * The sub-protocols to offer, separated by commas. NULL, the default: none. A connect fails with
 * ARKWS_INVALID if one is no token.
 */
int arkws_client_set_protocols(arkws_client *client, const char *protocols);

/*
 * After `interval` seconds of silence a ping, up to 30,000; 0: none. Then the connection is lost
 * if nothing comes for `timeout` seconds, no more than `interval`; 0: any time. They run from when
 * the ping has left; before, the write time-out alone applies. Others are ARKWS_INVALID. Default:
 * 30 and 30.
 */
int arkws_client_set_heartbeat(arkws_client *client, uint32_t interval, uint32_t timeout);

/* Not 0: offers compression, permessage-deflate (RFC 7692). Default: 0. */
int arkws_client_set_deflate(arkws_client *client, int offer);

/*
 * Time-outs in milliseconds; over 0, else ARKWS_INVALID.
 * connect: name and TCP, through a proxy if there is one. Default: 20,000.
 * handshake: TLS and the WebSocket handshake. Default: 15,000.
 */
int arkws_client_set_connect_timeout(arkws_client *client, uint32_t milliseconds);
int arkws_client_set_handshake_timeout(arkws_client *client, uint32_t milliseconds);

/*
 * How long the server may take nothing of what waits for it, in milliseconds, before it is given
 * up; 0: for ever. Default: 30,000.
 */
int arkws_client_set_write_timeout(arkws_client *client, uint32_t milliseconds);

/*
 * Bytes of the longest message to accept, and the most fragments of one; over 0, else
 * ARKWS_INVALID. Default: 64 MiB and 1,048,576.
 */
int arkws_client_set_max_message_size(arkws_client *client, size_t bytes);
int arkws_client_set_max_fragments(arkws_client *client, uint32_t number);

/*
 * Bytes of the largest head of an answer, the server's or a proxy's, and the most header fields of
 * one; over 0, else ARKWS_INVALID. Default: 16,384 and 128.
 */
int arkws_client_set_max_header_bytes(arkws_client *client, size_t bytes);
int arkws_client_set_max_headers(arkws_client *client, size_t number);

/*
 * How many redirects are followed, never from wss to ws; 0: none, and a redirect is a refusal like
 * others. Default: 4.
 */
int arkws_client_set_max_redirects(arkws_client *client, size_t number);

/*
 * Bytes that may wait to be sent. A send of more returns WEBSOCKET_QUEUE_LENGTH_EXCEEDED. Default:
 * 256 MiB.
 */
int arkws_client_set_max_queued_bytes(arkws_client *client, size_t bytes);

/*
 * Events of this client wait in `queue`, and its callbacks run in arkws_poll. To be called before
 * the client first connects: else ARKWS_WRONG_STATE. (A connect that returned an error was none.)
 */
typedef struct arkws_queue arkws_queue;
int arkws_client_set_queue(arkws_client *client, arkws_queue *queue);

/*
 * Adds a field to the request of this and later connects, as OH_WebSocketClient_AddHeader does, or
 * takes all fields away (not while another thread connects with them).
 * WEBSOCKET_NO_HEADER_CONTEXT: name or value is NULL; WEBSOCKET_HEADER_EXCEEDED: there are 8,192.
 * A connect fails with ARKWS_INVALID if HTTP does not allow one.
 */
int arkws_client_add_header(arkws_client *client, const char *name, const char *value);
int arkws_client_clear_headers(arkws_client *client);

/*
 * Starts to connect to `url`, ws:// or wss://, with the fields that were added. Any result but
 * ARKWS_OK means that there is no attempt, and no callback tells of it:
 * WEBSOCKET_CONNECTION_PARSE_URL_ERROR: the URL is NULL, not UTF-8, or none;
 * ARKWS_WRONG_STATE: the client has a connection, or is connecting;
 * ARKWS_INVALID: an option or a field cannot be used;
 * ARKWS_FILE_NOT_FOUND, ARKWS_PERMISSION_DENIED, ARKWS_SYSTEM;
 * WEBSOCKET_CONNECTION_NO_MEMORY: anything else.
 */
int arkws_client_connect(arkws_client *client, const char *url);

/*
 * Sends one message of `length` bytes, which are copied; 0 is a message, too, and `data` may then
 * be NULL. What is sent while the client connects leaves right after it has opened.
 * WEBSOCKET_SEND_DATA_NULL; ARKWS_INVALID: the text is not UTF-8;
 * WEBSOCKET_DATA_LENGTH_EXCEEDED: over 5,242,864 bytes, none of which is read;
 * WEBSOCKET_QUEUE_LENGTH_EXCEEDED: see arkws_client_set_max_queued_bytes;
 * WEBSOCKET_NO_CONNECTION: there is none, or it is closing.
 */
int arkws_client_send_text(arkws_client *client, const char *text, size_t length);
int arkws_client_send_binary(arkws_client *client, const void *data, size_t length);

/*
 * Sends a ping with up to 125 bytes; more is WEBSOCKET_DATA_LENGTH_EXCEEDED. `on_pong` tells of
 * the answer. WEBSOCKET_SEND_DATA_NULL; WEBSOCKET_NO_CONNECTION: the connection is not open.
 */
int arkws_client_ping(arkws_client *client, const void *data, size_t length);

/*
 * Closes the connection, behind what was sent; or gives the attempt at one up. `on_close` follows.
 * `code`: 1000 to 1003, 1007 to 1014, 3000 to 4999; another is replaced by 1000. `reason`: 123
 * bytes are sent at most, with U+FFFD for what is not UTF-8; NULL: none.
 * WEBSOCKET_NO_CONNECTION: there is none, or it is closing.
 */
int arkws_client_close(arkws_client *client, uint16_t code, const char *reason);

/*
 * Frees the client. Its connection is closed with 1001, behind what was sent on it; but a process
 * that ends gives that half a second, and what has not left by then is lost. A program that wants
 * all of it to leave calls arkws_client_close and waits for `on_close` first. When this
 * returns, none of its callbacks runs or will run; but for one that this is called from, and, if
 * it is called from a callback of another client or server, one that runs at this moment.
 */
int arkws_client_destroy(arkws_client *client);

typedef enum arkws_state {
    ARKWS_CONNECTING = 0,
    ARKWS_OPEN = 1,
    ARKWS_CLOSING = 2,
    /* Also: never connected. */
    ARKWS_CLOSED = 3
} arkws_state;

/* Of the connection, or of the last one. */
typedef struct arkws_stats {
    /* Set by the program to sizeof(arkws_stats): later versions may have more numbers. */
    size_t size;
    /* A value of arkws_state. */
    uint64_t state;
    uint64_t messages_sent;
    uint64_t messages_received;
    /* As on the wire, with frame headers, compressed. */
    uint64_t bytes_sent;
    uint64_t bytes_received;
    /* Of the heartbeat. */
    uint64_t pings_sent;
    uint64_t pings_received;
    /* Bytes of messages that the operating system has not taken yet. */
    uint64_t buffered_amount;
    /* Of the last ping of the heartbeat, in microseconds; 0: there was none. */
    uint64_t round_trip_us;
} arkws_stats;

/*
 * Fills `stats`, as far as its size reaches; what this version does not know stays as it is, so
 * that `arkws_stats stats = {sizeof stats};` has 0 there. The counters may be one batch of events
 * old. ARKWS_INVALID: it is NULL, or its size is not that of the struct.
 */
int arkws_client_stats(arkws_client *client, arkws_stats *stats);

/* ---- Servers --------------------------------------------------------------------------------- */

typedef struct arkws_server arkws_server;

/* Names a client of a server: never 0, and never another client's, also after a restart. */
typedef uint64_t arkws_peer;

/*
 * What is known of a client that has come in. As for arkws_opened, the strings are valid until the
 * callback returns, and later versions may have more fields.
 */
typedef struct arkws_accepted {
    /* "ip:port"; IPv6 without brackets. */
    const char *address;
    /* What the request asks for, with its query: "/chat?room=1". */
    const char *target;
    /* The Origin of the request; NULL: it has none. */
    const char *origin;
    /* The sub-protocol that was agreed on; NULL: none. */
    const char *protocol;
} arkws_accepted;

/*
 * What a server tells; of one client `on_accept`, then `on_message`, then `on_error` if its
 * connection failed, then `on_close`. Each may be NULL. `user` is what arkws_server_create got.
 */
typedef struct arkws_server_callbacks {
    /* sizeof(arkws_server_callbacks): later versions may have more callbacks. */
    size_t size;
    /* A client is in: it can be sent to and closed from now on. */
    void (*on_accept)(void *user, arkws_server *server, arkws_peer peer,
                      const arkws_accepted *accepted);
    /* A whole message; `is_text` is 1 or 0. */
    void (*on_message)(void *user, arkws_server *server, arkws_peer peer, const char *data,
                       size_t length, int is_text);
    /* A client's connection failed; or (`peer` is 0) one was not let in, or none can be. */
    void (*on_error)(void *user, arkws_server *server, arkws_peer peer, const arkws_error *error);
    /* A client has left; code and reason as for clients. */
    void (*on_close)(void *user, arkws_server *server, arkws_peer peer, uint16_t code,
                     const char *reason);
    /* After arkws_server_stop: every `on_close` has been told, and the port is free. */
    void (*on_stop)(void *user, arkws_server *server);
    /* As that of clients, of messages to one client; those of a broadcast are not counted. */
    void (*on_unsent)(void *user, arkws_server *server, arkws_peer peer, uint64_t messages,
                      const arkws_error *error);
} arkws_server_callbacks;

/*
 * Makes a server. `callbacks` may be NULL, and is copied.
 *
 * Returns the server, which is freed with arkws_server_destroy; NULL: the size of the callbacks is
 * not that of their struct.
 */
arkws_server *arkws_server_create(const arkws_server_callbacks *callbacks, void *user);

/*
 * Options of a server. Each takes effect at the next start, and stays until it is set again.
 * Unless more is said they return ARKWS_OK, or ARKWS_INVALID for a string that is not UTF-8.
 */

/*
 * Serves wss with the certificate, its chain behind it, and the private key of these files in PEM.
 * Both NULL, the default: ws. One of them NULL, or empty, is ARKWS_INVALID. A start fails with
 * ARKWS_FILE_NOT_FOUND if a file is not there.
 */
int arkws_server_set_certificate(arkws_server *server, const char *certificate, const char *key);

/* The sub-protocols in order of preference, separated by commas. NULL, the default: none. */
int arkws_server_set_protocols(arkws_server *server, const char *protocols);

/*
 * The origins whose web pages may connect, separated by commas, such as "https://example.org";
 * others are refused with 403. NULL, the default: all.
 */
int arkws_server_set_origins(arkws_server *server, const char *origins);

/* A ping to a client that was silent for so many seconds; 0, the default: none. */
int arkws_server_set_heartbeat(arkws_server *server, uint32_t interval);

/* Not 0: accepts compression. Default: 0. */
int arkws_server_set_deflate(arkws_server *server, int accept);

/* Most connections at a time, of all and of one address; 0, the default: any number. */
int arkws_server_set_limits(arkws_server *server, size_t connections, size_t per_address);

/*
 * How long a client may take from its TCP connection to its complete request, TLS included, in
 * milliseconds; over 0, else ARKWS_INVALID. Default: 5,000.
 */
int arkws_server_set_handshake_timeout(arkws_server *server, uint32_t milliseconds);

/*
 * How long a client may take nothing of what waits for it, and how long its message may be
 * incomplete while nothing comes, in milliseconds, before it is given up; 0: for ever. Default:
 * 30,000 and 60,000.
 */
int arkws_server_set_write_timeout(arkws_server *server, uint32_t milliseconds);
int arkws_server_set_message_timeout(arkws_server *server, uint32_t milliseconds);

/*
 * Bytes of the longest message to accept, and the most fragments of one; over 0, else
 * ARKWS_INVALID. Default: 16 MiB and 1,048,576.
 */
int arkws_server_set_max_message_size(arkws_server *server, size_t bytes);
int arkws_server_set_max_fragments(arkws_server *server, uint32_t number);

/*
 * Bytes of the largest head of a request, and the most header fields of one: what is larger is
 * refused with 431; over 0, else ARKWS_INVALID. Default: 16,384 and 128.
 */
int arkws_server_set_max_header_bytes(arkws_server *server, size_t bytes);
int arkws_server_set_max_headers(arkws_server *server, size_t number);

/* Bytes that may wait for one client; one that is slower is closed with 1008. Default: 16 MiB. */
int arkws_server_set_max_queued_bytes(arkws_server *server, size_t bytes);

/*
 * Events of this server wait in `queue`, and its callbacks run in arkws_poll. To be called before
 * the first start: else ARKWS_WRONG_STATE. (A start that returned an error was none.)
 */
int arkws_server_set_queue(arkws_server *server, arkws_queue *queue);

/*
 * Listens on an address, an IPv4 or IPv6 literal (NULL: 0.0.0.0), and a port (0: a free one, which
 * arkws_server_port tells). When this returns ARKWS_OK, clients can connect.
 * ARKWS_CANNOT_LISTEN; ARKWS_WRONG_STATE: it is started; ARKWS_INVALID: an option, or the
 * certificate, cannot be used; ARKWS_FILE_NOT_FOUND, ARKWS_PERMISSION_DENIED, ARKWS_SYSTEM.
 */
int arkws_server_start(arkws_server *server, const char *address, uint16_t port);

/* The port that is listened on; 0: none is, or the server is none (see arkws_last_error). */
uint16_t arkws_server_port(arkws_server *server);

/*
 * Sends one message to one client, or to all: as arkws_client_send_text and _binary.
 * ARKWS_NO_SUCH_PEER: the client has left; WEBSOCKET_QUEUE_LENGTH_EXCEEDED: too much waits for it,
 * and it is closed with 1008; WEBSOCKET_NO_CONNECTION: its connection is closing.
 * To all: ARKWS_WRONG_STATE: the server is not started.
 */
int arkws_server_send_text(arkws_server *server, arkws_peer peer, const char *text, size_t length);
int arkws_server_send_binary(arkws_server *server, arkws_peer peer, const void *data,
                             size_t length);
int arkws_server_broadcast_text(arkws_server *server, const char *text, size_t length);
int arkws_server_broadcast_binary(arkws_server *server, const void *data, size_t length);

/*
 * Writes the address of a client, "ip:port", into `buffer` of `size` bytes, with a NUL: 64 are
 * enough. ARKWS_NO_SUCH_PEER; ARKWS_INVALID: `buffer` is NULL or too small, nothing is written.
 */
int arkws_server_peer_address(arkws_server *server, arkws_peer peer, char *buffer, size_t size);

/*
 * Closes one client, behind what was sent to it; code and reason as for arkws_client_close, but
 * NULL stands for "CLOSE_NORMAL", the platform's reason. "": none.
 * ARKWS_NO_SUCH_PEER; WEBSOCKET_NO_CONNECTION: it is closing already.
 */
int arkws_server_close(arkws_server *server, arkws_peer peer, uint16_t code, const char *reason);

/*
 * Listens no more, and closes all clients with 1001, behind what was sent to them. Returns at
 * once; `on_close` of each follows, within 10 s, then `on_stop`. The server can be started again,
 * also before that. ARKWS_WRONG_STATE: it is not started.
 */
int arkws_server_stop(arkws_server *server);

/*
 * Stops the server, without callbacks, and frees it. What arkws_client_destroy says holds here: a
 * program that ends, and wants all to leave, calls arkws_server_stop and waits for `on_stop` first.
 */
int arkws_server_destroy(arkws_server *server);

/* ---- Events in a loop of the program's own --------------------------------------------------- */

/*
 * A queue holds the events of the clients and servers that it was given to until arkws_poll runs
 * their callbacks:
 *
 *     arkws_queue *queue = arkws_queue_create();
 *     arkws_client_set_queue(client, queue);
 *     arkws_client_connect(client, "wss://echo.example/");
 *     struct pollfd ready = {arkws_queue_descriptor(queue), POLLIN, 0};
 *     while (running && (poll(&ready, 1, -1) >= 0 || errno == EINTR)) {
 *         arkws_poll(queue, 0);
 *     }
 *
 * Returns NULL if the system refuses descriptors. It is freed with arkws_queue_destroy.
 */
arkws_queue *arkws_queue_create(void);

/*
 * A descriptor that is readable while events wait, for poll, epoll or select. It belongs to the
 * queue: it is not to be read or closed. -1: there is no such queue.
 */
int arkws_queue_descriptor(arkws_queue *queue);

/*
 * Runs the callbacks of the events that wait, of `max` at most (0: of all that wait now), on this
 * thread. It never waits for one.
 *
 * Returns of how many events, or -1: there is no such queue, or arkws_poll runs for it already, on
 * another thread or around this call. arkws_last_error says which.
 */
int arkws_poll(arkws_queue *queue, size_t max);

/*
 * Frees the queue, and the events in it. Clients and servers that have it get no callbacks any
 * more: destroy them before.
 */
int arkws_queue_destroy(arkws_queue *queue);

#ifdef __cplusplus
}
#endif

#endif
