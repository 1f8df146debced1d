/*
 * The misuse matrix of arkws.h: what misuse_platform.c does with clients of net_websocket.h, done
 * with every function of our own header, on clients, servers and queues.
 */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "misuse.h"

/* How long an event may take that must come, in milliseconds: valgrind is slow. */
#define PATIENCE 60000

/* What a client's callbacks have seen; they run in `arkws_poll`, on the thread of the case. */
typedef struct {
    int opens, messages, pongs, unsent, errors, closes;
    int is_text;
    size_t length;
    uint16_t code;
    char reason[128];
    /* What a callback does beside counting. */
    void (*at_open)(arkws_client *client);
    void (*at_message)(arkws_client *client);
    void (*at_unsent)(arkws_client *client);
    void (*at_error)(arkws_client *client);
    void (*at_close)(arkws_client *client);
} Seen;

static void on_open(void *user, arkws_client *client, const arkws_opened *opened)
{
    Seen *seen = user;
    CHECK(opened->status == 101 && opened->reason != NULL);
    seen->opens += 1;
    if (seen->at_open != NULL) {
        seen->at_open(client);
    }
}

static void on_message(void *user, arkws_client *client, const char *data, size_t length,
                       int is_text)
{
    Seen *seen = user;
    CHECK(data != NULL && data[length] == '\0');
    seen->messages += 1;
    seen->length = length;
    seen->is_text = is_text;
    if (seen->at_message != NULL) {
        seen->at_message(client);
    }
}

static void on_pong(void *user, arkws_client *client, const char *data, size_t length,
                    uint64_t round_trip_us)
{
    Seen *seen = user;
    (void)client, (void)round_trip_us;
    CHECK(data != NULL && data[length] == '\0');
    seen->pongs += 1;
    seen->length = length;
}

static void on_error(void *user, arkws_client *client, const arkws_error *error)
{
    Seen *seen = user;
    arkws_error last;
    CHECK(error->message != NULL && error->message[0] != '\0' && error->cause != NULL);
    /* The error that is told is the last one, while it is told. */
    RETURNS(arkws_last_error(&last), error->code);
    CHECK(strcmp(last.message, error->message) == 0);
    seen->errors += 1;
    if (seen->at_error != NULL) {
        seen->at_error(client);
    }
}

static void on_close(void *user, arkws_client *client, uint16_t code, const char *reason)
{
    Seen *seen = user;
    CHECK(reason != NULL);
    seen->closes += 1;
    seen->code = code;
    snprintf(seen->reason, sizeof seen->reason, "%s", reason);
    if (seen->at_close != NULL) {
        seen->at_close(client);
    }
}

static void on_unsent(void *user, arkws_client *client, uint64_t messages,
                      const arkws_error *error)
{
    Seen *seen = user;
    CHECK(messages > 0 && error->message != NULL && error->message[0] != '\0');
    seen->unsent += (int)messages;
    if (seen->at_unsent != NULL) {
        seen->at_unsent(client);
    }
}

static const arkws_client_callbacks callbacks = {
    sizeof(arkws_client_callbacks), on_open, on_message, on_pong, on_error, on_close, on_unsent,
};

/* A client whose callbacks run in `arkws_poll` of this queue. */
static arkws_client *make(arkws_queue *queue, Seen *seen)
{
    memset(seen, 0, sizeof *seen);
    arkws_client *client = arkws_client_create(&callbacks, seen);
    CHECK(client != NULL);
    RETURNS(arkws_client_set_queue(client, queue), ARKWS_OK);
    return client;
}

/* The same, and it connects to this URL: callbacks may still be set until the queue is polled. */
static arkws_client *make_connecting(arkws_queue *queue, Seen *seen, const char *to)
{
    arkws_client *client = make(queue, seen);
    RETURNS(arkws_client_connect(client, to), ARKWS_OK);
    return client;
}

/* A server without callbacks that listens where the system likes. */
static arkws_server *make_server(void)
{
    arkws_server *server = arkws_server_create(NULL, NULL);
    RETURNS(arkws_server_start(server, "127.0.0.1", 0), ARKWS_OK);
    return server;
}

/* One object of each kind, with which nothing was done yet. */
typedef struct {
    arkws_client *client;
    arkws_server *server;
    arkws_queue *queue;
} Objects;

static Objects create_objects(void)
{
    Objects objects = {arkws_client_create(NULL, NULL), arkws_server_create(NULL, NULL),
                       arkws_queue_create()};
    CHECK(objects.client != NULL && objects.server != NULL && objects.queue != NULL);
    return objects;
}

/* Each destroy answers with this code. */
static void destroy_objects(const Objects *objects, int code)
{
    RETURNS(arkws_client_destroy(objects->client), code);
    RETURNS(arkws_server_destroy(objects->server), code);
    RETURNS(arkws_queue_destroy(objects->queue), code);
}

/* Runs callbacks until a count has come up to a number. */
static void wait_for(arkws_queue *queue, const int *count, int number)
{
    struct pollfd ready = {arkws_queue_descriptor(queue), POLLIN, 0};
    while (*count < number) {
        CHECK(poll(&ready, 1, PATIENCE) == 1);
        CHECK(arkws_poll(queue, 0) >= 0);
    }
}

static void fails_with_words(int code, const char *what)
{
    arkws_error error;
    RETURNS(arkws_last_error(&error), code);
    if (error.message == NULL || error.message[0] == '\0' || error.cause[0] == '\0') {
        fprintf(stderr, "%s failed with %d and without words\n", what, code);
        abort();
    }
}

/* A call fails with a code, and says why. */
#define FAILS(call, code)                                                                         \
    do {                                                                                          \
        RETURNS(call, code);                                                                      \
        fails_with_words(code, #call);                                                            \
    } while (0)

/* Every function of clients answers with this code. */
static void clients_answer(arkws_client *client, int code)
{
    arkws_stats stats = {.size = sizeof stats};
    FAILS(arkws_client_set_ca(client, NULL), code);
    FAILS(arkws_client_set_certificate(client, NULL, NULL, NULL), code);
    FAILS(arkws_client_set_skip_verification(client, 1), code);
    FAILS(arkws_client_set_min_tls(client, 12), code);
    FAILS(arkws_client_set_proxy(client, NULL, NULL), code);
    FAILS(arkws_client_set_protocols(client, NULL), code);
    FAILS(arkws_client_set_heartbeat(client, 1, 1), code);
    FAILS(arkws_client_set_deflate(client, 1), code);
    FAILS(arkws_client_set_connect_timeout(client, 1), code);
    FAILS(arkws_client_set_handshake_timeout(client, 1), code);
    FAILS(arkws_client_set_write_timeout(client, 1), code);
    FAILS(arkws_client_set_max_message_size(client, 1), code);
    FAILS(arkws_client_set_max_fragments(client, 1), code);
    FAILS(arkws_client_set_max_header_bytes(client, 1), code);
    FAILS(arkws_client_set_max_headers(client, 1), code);
    FAILS(arkws_client_set_max_redirects(client, 1), code);
    FAILS(arkws_client_set_max_queued_bytes(client, 1), code);
    FAILS(arkws_client_set_queue(client, NULL), code);
    FAILS(arkws_client_add_header(client, "a", "b"), code);
    FAILS(arkws_client_clear_headers(client), code);
    FAILS(arkws_client_connect(client, url), code);
    FAILS(arkws_client_connect(client, NULL), code);
    FAILS(arkws_client_send_text(client, "hello", 5), code);
    FAILS(arkws_client_send_binary(client, NULL, 5), code);
    FAILS(arkws_client_ping(client, "ping", 4), code);
    FAILS(arkws_client_close(client, 1000, NULL), code);
    FAILS(arkws_client_stats(client, &stats), code);
    FAILS(arkws_client_destroy(client), code);
}

static void servers_answer(arkws_server *server, int code)
{
    char address[64];
    FAILS(arkws_server_set_certificate(server, NULL, NULL), code);
    FAILS(arkws_server_set_protocols(server, NULL), code);
    FAILS(arkws_server_set_origins(server, NULL), code);
    FAILS(arkws_server_set_heartbeat(server, 1), code);
    FAILS(arkws_server_set_deflate(server, 1), code);
    FAILS(arkws_server_set_limits(server, 1, 1), code);
    FAILS(arkws_server_set_handshake_timeout(server, 1), code);
    FAILS(arkws_server_set_write_timeout(server, 1), code);
    FAILS(arkws_server_set_message_timeout(server, 1), code);
    FAILS(arkws_server_set_max_message_size(server, 1), code);
    FAILS(arkws_server_set_max_fragments(server, 1), code);
    FAILS(arkws_server_set_max_header_bytes(server, 1), code);
    FAILS(arkws_server_set_max_headers(server, 1), code);
    FAILS(arkws_server_set_max_queued_bytes(server, 1), code);
    FAILS(arkws_server_set_queue(server, NULL), code);
    FAILS(arkws_server_start(server, NULL, 0), code);
    CHECK(arkws_server_port(server) == 0);
    fails_with_words(code, "arkws_server_port");
    FAILS(arkws_server_send_text(server, 1, "hello", 5), code);
    FAILS(arkws_server_send_binary(server, 1, NULL, 5), code);
    FAILS(arkws_server_broadcast_text(server, "hello", 5), code);
    FAILS(arkws_server_broadcast_binary(server, NULL, 5), code);
    FAILS(arkws_server_peer_address(server, 1, address, sizeof address), code);
    FAILS(arkws_server_close(server, 1, 1000, NULL), code);
    FAILS(arkws_server_stop(server), code);
    FAILS(arkws_server_destroy(server), code);
}

static void queues_answer(arkws_queue *queue, int code)
{
    CHECK(arkws_queue_descriptor(queue) == -1);
    fails_with_words(code, "arkws_queue_descriptor");
    CHECK(arkws_poll(queue, 0) == -1);
    fails_with_words(code, "arkws_poll");
    FAILS(arkws_queue_destroy(queue), code);
}

static void null_objects(void)
{
    clients_answer(NULL, WEBSOCKET_CLIENT_NULL);
    servers_answer(NULL, WEBSOCKET_CLIENT_NULL);
    queues_answer(NULL, WEBSOCKET_CLIENT_NULL);
    CHECK(arkws_version()[0] != '\0');
    arkws_last_error(NULL);
}

static void addresses_that_are_no_objects(void)
{
    void *forbidden = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(forbidden != MAP_FAILED);
    char mine[256] = {0};
    void *const addresses[] = {mine, mine + 1, forbidden, (void *)(uintptr_t)1,
                               (void *)UINTPTR_MAX};
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i += 1) {
        clients_answer(addresses[i], WEBSOCKET_CLIENT_NOT_CREATED);
        servers_answer(addresses[i], WEBSOCKET_CLIENT_NOT_CREATED);
        queues_answer(addresses[i], WEBSOCKET_CLIENT_NOT_CREATED);
    }
    munmap(forbidden, 4096);
}

static void objects_of_another_kind(void)
{
    Objects objects = create_objects();
    void *client = objects.client, *server = objects.server, *queue = objects.queue;
    clients_answer(server, WEBSOCKET_CLIENT_NOT_CREATED);
    clients_answer(queue, WEBSOCKET_CLIENT_NOT_CREATED);
    servers_answer(client, WEBSOCKET_CLIENT_NOT_CREATED);
    servers_answer(queue, WEBSOCKET_CLIENT_NOT_CREATED);
    queues_answer(client, WEBSOCKET_CLIENT_NOT_CREATED);
    queues_answer(server, WEBSOCKET_CLIENT_NOT_CREATED);
    FAILS(arkws_client_set_queue(client, server), WEBSOCKET_CLIENT_NOT_CREATED);
    FAILS(arkws_server_set_queue(server, client), WEBSOCKET_CLIENT_NOT_CREATED);
    destroy_objects(&objects, ARKWS_OK);
}

static void destroyed_twice(void)
{
    arkws_client *client = arkws_client_create(&callbacks, NULL);
    RETURNS(arkws_client_destroy(client), ARKWS_OK);
    clients_answer(client, WEBSOCKET_CLIENT_NOT_CREATED);
    arkws_server *server = make_server();
    RETURNS(arkws_server_destroy(server), ARKWS_OK);
    servers_answer(server, WEBSOCKET_CLIENT_NOT_CREATED);
    arkws_queue *queue = arkws_queue_create();
    RETURNS(arkws_queue_destroy(queue), ARKWS_OK);
    queues_answer(queue, WEBSOCKET_CLIENT_NOT_CREATED);
}

static void addresses_are_not_soon_given_out_again(void)
{
    Objects first = create_objects();
    destroy_objects(&first, ARKWS_OK);
    for (int other = 0; other < OTHERS; other += 1) {
        Objects next = create_objects();
        CHECK(next.client != first.client && next.server != first.server
              && next.queue != first.queue);
        destroy_objects(&first, WEBSOCKET_CLIENT_NOT_CREATED);
        destroy_objects(&next, ARKWS_OK);
    }
}

static void null_arguments(void)
{
    arkws_client *client = arkws_client_create(NULL, NULL);
    FAILS(arkws_client_add_header(client, NULL, "b"), WEBSOCKET_NO_HEADER_CONTEXT);
    FAILS(arkws_client_add_header(client, "a", NULL), WEBSOCKET_NO_HEADER_CONTEXT);
    FAILS(arkws_client_connect(client, NULL), WEBSOCKET_CONNECTION_PARSE_URL_ERROR);
    FAILS(arkws_client_send_text(client, NULL, 1), WEBSOCKET_SEND_DATA_NULL);
    FAILS(arkws_client_send_binary(client, NULL, 1), WEBSOCKET_SEND_DATA_NULL);
    FAILS(arkws_client_ping(client, NULL, 1), WEBSOCKET_SEND_DATA_NULL);
    FAILS(arkws_client_stats(client, NULL), ARKWS_INVALID);
    CHECK(arkws_client_set_certificate(client, NULL, "key.pem", NULL) != ARKWS_OK
          || arkws_client_connect(client, url) != ARKWS_OK);
    RETURNS(arkws_client_destroy(client), ARKWS_OK);

    arkws_server *server = arkws_server_create(NULL, NULL);
    FAILS(arkws_server_broadcast_text(server, NULL, 1), WEBSOCKET_SEND_DATA_NULL);
    FAILS(arkws_server_broadcast_binary(server, NULL, 1), WEBSOCKET_SEND_DATA_NULL);
    RETURNS(arkws_server_start(server, NULL, 0), ARKWS_OK);
    CHECK(arkws_server_port(server) != 0);
    FAILS(arkws_server_send_text(server, 1, NULL, 1), WEBSOCKET_SEND_DATA_NULL);
    FAILS(arkws_server_send_binary(server, 1, NULL, 1), WEBSOCKET_SEND_DATA_NULL);
    FAILS(arkws_server_close(server, 1, 1000, NULL), ARKWS_NO_SUCH_PEER);
    RETURNS(arkws_server_destroy(server), ARKWS_OK);
}

static void options_out_of_range(void)
{
    arkws_client *client = arkws_client_create(NULL, NULL);
    FAILS(arkws_client_set_ca(client, "\xff"), ARKWS_INVALID);
    FAILS(arkws_client_set_ca(client, ""), ARKWS_INVALID);
    FAILS(arkws_client_set_certificate(client, "", "key.pem", NULL), ARKWS_INVALID);
    FAILS(arkws_client_set_certificate(client, "cert.pem", "", NULL), ARKWS_INVALID);
    FAILS(arkws_client_set_proxy(client, "\xff", NULL), ARKWS_INVALID);
    FAILS(arkws_client_set_protocols(client, "\xff"), ARKWS_INVALID);
    FAILS(arkws_client_set_min_tls(client, 11), ARKWS_INVALID);
    FAILS(arkws_client_set_heartbeat(client, 30001, 0), ARKWS_INVALID);
    FAILS(arkws_client_set_heartbeat(client, 5, 6), ARKWS_INVALID);
    FAILS(arkws_client_set_connect_timeout(client, 0), ARKWS_INVALID);
    FAILS(arkws_client_set_handshake_timeout(client, 0), ARKWS_INVALID);
    FAILS(arkws_client_set_max_message_size(client, 0), ARKWS_INVALID);
    FAILS(arkws_client_set_max_fragments(client, 0), ARKWS_INVALID);
    FAILS(arkws_client_set_max_header_bytes(client, 0), ARKWS_INVALID);
    FAILS(arkws_client_set_max_headers(client, 0), ARKWS_INVALID);
    RETURNS(arkws_client_add_header(client, "a b", "c"), ARKWS_OK);
    FAILS(arkws_client_connect(client, url), ARKWS_INVALID);
    RETURNS(arkws_client_clear_headers(client), ARKWS_OK);
    RETURNS(arkws_client_add_header(client, "a", "b\r\nc: d"), ARKWS_OK);
    FAILS(arkws_client_connect(client, url), ARKWS_INVALID);
    RETURNS(arkws_client_clear_headers(client), ARKWS_OK);
    RETURNS(arkws_client_add_header(client, "Host", "a/b"), ARKWS_OK);
    FAILS(arkws_client_connect(client, url), ARKWS_INVALID);
    RETURNS(arkws_client_clear_headers(client), ARKWS_OK);
    FAILS(arkws_client_connect(client, "http://127.0.0.1/"), WEBSOCKET_CONNECTION_PARSE_URL_ERROR);
    RETURNS(arkws_client_set_ca(client, "/no/such/file.pem"), ARKWS_OK);
    FAILS(arkws_client_connect(client, "wss://127.0.0.1:1/"), ARKWS_FILE_NOT_FOUND);
    RETURNS(arkws_client_destroy(client), ARKWS_OK);

    arkws_server *server = arkws_server_create(NULL, NULL);
    FAILS(arkws_server_set_handshake_timeout(server, 0), ARKWS_INVALID);
    FAILS(arkws_server_set_max_message_size(server, 0), ARKWS_INVALID);
    FAILS(arkws_server_set_max_fragments(server, 0), ARKWS_INVALID);
    FAILS(arkws_server_set_max_header_bytes(server, 0), ARKWS_INVALID);
    FAILS(arkws_server_set_max_headers(server, 0), ARKWS_INVALID);
    FAILS(arkws_server_set_origins(server, "\xff"), ARKWS_INVALID);
    CHECK(arkws_server_start(server, "no address", 0) != ARKWS_OK);
    RETURNS(arkws_server_set_certificate(server, "/no/such.pem", "/no/such.key"), ARKWS_OK);
    FAILS(arkws_server_start(server, "127.0.0.1", 0), ARKWS_FILE_NOT_FOUND);
    RETURNS(arkws_server_destroy(server), ARKWS_OK);
}

static void clients_in_the_wrong_state(void)
{
    arkws_queue *queue = arkws_queue_create();
    Seen seen;
    arkws_client *client = make(queue, &seen);
    FAILS(arkws_client_send_text(client, "early", 5), WEBSOCKET_NO_CONNECTION);
    FAILS(arkws_client_ping(client, "early", 5), WEBSOCKET_NO_CONNECTION);
    FAILS(arkws_client_close(client, 1000, NULL), WEBSOCKET_NO_CONNECTION);
    RETURNS(arkws_client_connect(client, url), ARKWS_OK);
    FAILS(arkws_client_connect(client, url), ARKWS_WRONG_STATE);
    FAILS(arkws_client_set_queue(client, queue), ARKWS_WRONG_STATE);
    RETURNS(arkws_client_send_text(client, "queued", 6), ARKWS_OK);
    RETURNS(arkws_client_send_binary(client, NULL, 0), ARKWS_OK);
    wait_for(queue, &seen.messages, 2);
    CHECK(seen.length == 0 && !seen.is_text);
    FAILS(arkws_client_send_text(client, "\xff", 1), ARKWS_INVALID);
    char *large = calloc(5242865, 1);
    CHECK(large != NULL);
    FAILS(arkws_client_send_binary(client, large, 5242865), WEBSOCKET_DATA_LENGTH_EXCEEDED);
    FAILS(arkws_client_ping(client, large, 126), WEBSOCKET_DATA_LENGTH_EXCEEDED);
    free(large);
    RETURNS(arkws_client_ping(client, "ping", 4), ARKWS_OK);
    wait_for(queue, &seen.pongs, 1);
    CHECK(seen.length == 4);
    RETURNS(arkws_client_close(client, 4000, "done"), ARKWS_OK);
    FAILS(arkws_client_close(client, 4001, "again"), WEBSOCKET_NO_CONNECTION);
    FAILS(arkws_client_send_text(client, "late", 4), WEBSOCKET_NO_CONNECTION);
    wait_for(queue, &seen.closes, 1);
    CHECK(seen.code == 4000 && seen.errors == 0);
    RETURNS(arkws_client_connect(client, url), ARKWS_OK);
    wait_for(queue, &seen.opens, 2);
    /* With its connection, and events that nobody will have taken. */
    RETURNS(arkws_client_send_text(client, "unread", 6), ARKWS_OK);
    RETURNS(arkws_client_destroy(client), ARKWS_OK);
    RETURNS(arkws_queue_destroy(queue), ARKWS_OK);
}

static void servers_in_the_wrong_state(void)
{
    arkws_server *server = arkws_server_create(NULL, NULL);
    FAILS(arkws_server_stop(server), ARKWS_WRONG_STATE);
    FAILS(arkws_server_broadcast_text(server, "early", 5), ARKWS_WRONG_STATE);
    RETURNS(arkws_server_start(server, "127.0.0.1", 0), ARKWS_OK);
    FAILS(arkws_server_start(server, "127.0.0.1", 0), ARKWS_WRONG_STATE);
    arkws_server *second = arkws_server_create(NULL, NULL);
    uint16_t port = arkws_server_port(server);
    FAILS(arkws_server_start(second, "127.0.0.1", port), ARKWS_CANNOT_LISTEN);
    RETURNS(arkws_server_destroy(second), ARKWS_OK);
    RETURNS(arkws_server_broadcast_text(server, "to nobody", 9), ARKWS_OK);
    FAILS(arkws_server_send_text(server, 0, "hello", 5), ARKWS_NO_SUCH_PEER);
    FAILS(arkws_server_send_text(server, UINT64_MAX, "hello", 5), ARKWS_NO_SUCH_PEER);
    FAILS(arkws_server_close(server, UINT64_MAX, 1000, NULL), ARKWS_NO_SUCH_PEER);
    arkws_queue *queue = arkws_queue_create();
    FAILS(arkws_server_set_queue(server, queue), ARKWS_WRONG_STATE);
    RETURNS(arkws_queue_destroy(queue), ARKWS_OK);
    RETURNS(arkws_server_stop(server), ARKWS_OK);
    FAILS(arkws_server_stop(server), ARKWS_WRONG_STATE);
    RETURNS(arkws_server_start(server, "127.0.0.1", 0), ARKWS_OK);
    RETURNS(arkws_server_destroy(server), ARKWS_OK);
}

/* A queue that goes before what has it: no callback comes any more, nothing is left, and a loop
 * that still waits for the descriptor is not woken. */
static void a_queue_that_goes_first(void)
{
    arkws_queue *queue = arkws_queue_create();
    Seen seen;
    arkws_client *client = make_connecting(queue, &seen, url);
    wait_for(queue, &seen.opens, 1);
    RETURNS(arkws_client_send_text(client, "unread", 6), ARKWS_OK);
    struct pollfd ready = {arkws_queue_descriptor(queue), POLLIN, 0};
    CHECK(poll(&ready, 1, PATIENCE) == 1);
    RETURNS(arkws_queue_destroy(queue), ARKWS_OK);
    CHECK(poll(&ready, 1, 0) == 0);
    CHECK(seen.messages == 0 && seen.closes == 0);
    RETURNS(arkws_client_destroy(client), ARKWS_OK);
}

/* A connect or a start that fails does not decide where callbacks run. */
static void a_queue_after_a_failure(void)
{
    arkws_queue *queue = arkws_queue_create();
    Seen seen;
    memset(&seen, 0, sizeof seen);
    arkws_client *client = arkws_client_create(&callbacks, &seen);
    FAILS(arkws_client_connect(client, "http://127.0.0.1/"), WEBSOCKET_CONNECTION_PARSE_URL_ERROR);
    RETURNS(arkws_client_set_queue(client, queue), ARKWS_OK);
    RETURNS(arkws_client_connect(client, url), ARKWS_OK);
    wait_for(queue, &seen.opens, 1);
    RETURNS(arkws_client_destroy(client), ARKWS_OK);

    arkws_server *server = arkws_server_create(NULL, NULL);
    CHECK(arkws_server_start(server, "no address", 0) != ARKWS_OK);
    RETURNS(arkws_server_set_queue(server, queue), ARKWS_OK);
    RETURNS(arkws_server_destroy(server), ARKWS_OK);
    RETURNS(arkws_queue_destroy(queue), ARKWS_OK);
}

/* Lengths of which there is no memory: it is not read. */
static void lengths_beyond_the_limit(void)
{
    static const size_t lengths[] = {5242865, SIZE_MAX / 4, SIZE_MAX / 2, SIZE_MAX};
    arkws_queue *queue = arkws_queue_create();
    Seen seen;
    arkws_client *client = make_connecting(queue, &seen, url);
    arkws_server *server = make_server();
    wait_for(queue, &seen.opens, 1);
    const char *data = "abc";
    FAILS(arkws_client_ping(client, data, 126), WEBSOCKET_DATA_LENGTH_EXCEEDED);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i += 1) {
        size_t length = lengths[i];
        FAILS(arkws_client_send_text(client, data, length), WEBSOCKET_DATA_LENGTH_EXCEEDED);
        FAILS(arkws_client_send_binary(client, data, length), WEBSOCKET_DATA_LENGTH_EXCEEDED);
        FAILS(arkws_client_ping(client, data, length), WEBSOCKET_DATA_LENGTH_EXCEEDED);
        FAILS(arkws_server_send_text(server, 1, data, length), WEBSOCKET_DATA_LENGTH_EXCEEDED);
        FAILS(arkws_server_send_binary(server, 1, data, length), WEBSOCKET_DATA_LENGTH_EXCEEDED);
        FAILS(arkws_server_broadcast_text(server, data, length), WEBSOCKET_DATA_LENGTH_EXCEEDED);
        FAILS(arkws_server_broadcast_binary(server, data, length),
              WEBSOCKET_DATA_LENGTH_EXCEEDED);
    }
    RETURNS(arkws_server_destroy(server), ARKWS_OK);
    RETURNS(arkws_client_destroy(client), ARKWS_OK);
    RETURNS(arkws_queue_destroy(queue), ARKWS_OK);
}

/* The struct may be of another version: no more is written than it has. */
static void numbers_of_another_size(void)
{
    arkws_client *client = arkws_client_create(NULL, NULL);
    arkws_stats stats;
    memset(&stats, 0x55, sizeof stats);
    stats.size = 0;
    FAILS(arkws_client_stats(client, &stats), ARKWS_INVALID);
    stats.size = sizeof stats - 1;
    FAILS(arkws_client_stats(client, &stats), ARKWS_INVALID);
    stats.size = offsetof(arkws_stats, messages_sent);
    RETURNS(arkws_client_stats(client, &stats), ARKWS_OK);
    CHECK(stats.size == offsetof(arkws_stats, messages_sent));
    CHECK(stats.state == ARKWS_CLOSED && stats.messages_sent == 0x5555555555555555);
    struct {
        arkws_stats stats;
        uint64_t newer;
    } newer;
    newer.stats.size = sizeof newer;
    newer.newer = 7;
    RETURNS(arkws_client_stats(client, &newer.stats), ARKWS_OK);
    CHECK(newer.stats.messages_sent == 0 && newer.stats.round_trip_us == 0 && newer.newer == 7);
    RETURNS(arkws_client_destroy(client), ARKWS_OK);
}

static void fail_inside(arkws_client *client)
{
    FAILS(arkws_client_ping(client, "ping", 4), WEBSOCKET_NO_CONNECTION);
}

/* What arkws_last_error has told stays until a call fails: a poll with an error event is none. */
static void the_last_error_outlives_a_callback(void)
{
    arkws_error before, after;
    arkws_queue *queue = arkws_queue_create();
    Seen seen;
    arkws_client *client = make_connecting(queue, &seen, NOBODY);
    FAILS(arkws_client_connect(NULL, url), WEBSOCKET_CLIENT_NULL);
    RETURNS(arkws_last_error(&before), WEBSOCKET_CLIENT_NULL);
    wait_for(queue, &seen.errors, 1);
    CHECK(strcmp(before.message, "the client is NULL") == 0);
    RETURNS(arkws_last_error(&after), WEBSOCKET_CLIENT_NULL);

    /* One inside it is. */
    seen.at_error = fail_inside;
    RETURNS(arkws_client_connect(client, NOBODY), ARKWS_OK);
    wait_for(queue, &seen.errors, 2);
    RETURNS(arkws_last_error(NULL), WEBSOCKET_NO_CONNECTION);
    RETURNS(arkws_client_destroy(client), ARKWS_OK);
    RETURNS(arkws_queue_destroy(queue), ARKWS_OK);
}

/* A process that was forked off has none of the threads: every function says so. */
static void a_child_process(void)
{
    Objects objects = create_objects();
    RETURNS(arkws_client_connect(objects.client, url), ARKWS_OK);
    fflush(NULL);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        clients_answer(objects.client, ARKWS_SYSTEM);
        servers_answer(objects.server, ARKWS_SYSTEM);
        queues_answer(objects.queue, ARKWS_SYSTEM);
        CHECK(arkws_client_create(NULL, NULL) == NULL);
        fails_with_words(ARKWS_SYSTEM, "arkws_client_create");
        CHECK(arkws_server_create(NULL, NULL) == NULL);
        CHECK(arkws_queue_create() == NULL);
        CHECK(OH_WebSocketClient_Constructor(NULL, NULL, NULL, NULL) == NULL);
        /* Another program, which no checker of memory asks for what this one has. */
        execlp("true", "true", (char *)NULL);
        abort();
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    RETURNS(status, 0);
    destroy_objects(&objects, ARKWS_OK);
}

/* Reasons of a close that are no text are mended; the connection closes. */
static void reasons_that_are_no_text(void)
{
    arkws_queue *queue = arkws_queue_create();
    Seen seen;
    arkws_client *client = make_connecting(queue, &seen, url);
    wait_for(queue, &seen.opens, 1);
    RETURNS(arkws_client_close(client, 4000, "caf\xe9 is closed"), ARKWS_OK);
    wait_for(queue, &seen.closes, 1);
    CHECK(seen.code == 4000 && strcmp(seen.reason, "caf\xef\xbf\xbd is closed") == 0);
    RETURNS(arkws_client_destroy(client), ARKWS_OK);
    RETURNS(arkws_queue_destroy(queue), ARKWS_OK);
}

static void callbacks_that_are_null(void)
{
    arkws_client_callbacks none;
    memset(&none, 0, sizeof none);
    none.size = sizeof none;
    arkws_client *client = arkws_client_create(&none, NULL);
    RETURNS(arkws_client_connect(client, url), ARKWS_OK);
    RETURNS(arkws_client_send_text(client, "hello", 5), ARKWS_OK);
    RETURNS(arkws_client_close(client, 1000, NULL), ARKWS_OK);
    RETURNS(arkws_client_destroy(client), ARKWS_OK);

    /* A size of none of the callbacks: those of an older program. */
    none.size = 0;
    client = arkws_client_create(&none, NULL);
    if (client != NULL) {
        arkws_client_connect(client, NOBODY);
        RETURNS(arkws_client_destroy(client), ARKWS_OK);
    }
}

/* From inside callbacks. */

static arkws_queue *queue_of_case;

static void use_everything(arkws_client *client)
{
    arkws_stats stats = {.size = sizeof stats};
    RETURNS(arkws_client_stats(client, &stats), ARKWS_OK);
    CHECK(arkws_poll(queue_of_case, 0) == -1);
    CHECK(arkws_queue_descriptor(queue_of_case) >= 0);
    Seen seen;
    arkws_client *other = make_connecting(queue_of_case, &seen, url);
    RETURNS(arkws_client_send_text(other, "from inside", 11), ARKWS_OK);
    RETURNS(arkws_client_destroy(other), ARKWS_OK);
    arkws_server *server = make_server();
    RETURNS(arkws_server_destroy(server), ARKWS_OK);
}

static void use_and_destroy(arkws_client *client)
{
    use_everything(client);
    RETURNS(arkws_client_destroy(client), ARKWS_OK);
    clients_answer(client, WEBSOCKET_CLIENT_NOT_CREATED);
}

static void send_inside(arkws_client *client)
{
    RETURNS(arkws_client_send_text(client, "inside", 6), ARKWS_OK);
}

static void close_inside(arkws_client *client)
{
    RETURNS(arkws_client_close(client, 1000, NULL), ARKWS_OK);
}

/* A socket that answers nobody, and resets those that have come once it is closed. */
static int listen_mutely(char *to, size_t size)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    int mute = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(bind(mute, (struct sockaddr *)&address, length) == 0 && listen(mute, 4) == 0);
    CHECK(getsockname(mute, (struct sockaddr *)&address, &length) == 0);
    snprintf(to, size, "ws://127.0.0.1:%d/", ntohs(address.sin_port));
    return mute;
}

static void destroyed_inside_each_callback(void)
{
    arkws_queue *queue = queue_of_case = arkws_queue_create();
    Seen seen;
    make_connecting(queue, &seen, url);
    seen.at_open = use_and_destroy;
    wait_for(queue, &seen.opens, 1);

    make_connecting(queue, &seen, url);
    seen.at_open = send_inside;
    seen.at_message = use_and_destroy;
    wait_for(queue, &seen.messages, 1);

    char to[64];
    int mute = listen_mutely(to, sizeof to);
    arkws_client *client = make_connecting(queue, &seen, to);
    seen.at_unsent = use_and_destroy;
    RETURNS(arkws_client_send_text(client, "to nobody", 9), ARKWS_OK);
    CHECK(close(mute) == 0);
    wait_for(queue, &seen.unsent, 1);

    make_connecting(queue, &seen, NOBODY);
    seen.at_error = use_and_destroy;
    wait_for(queue, &seen.errors, 1);

    make_connecting(queue, &seen, url);
    seen.at_open = close_inside;
    seen.at_close = use_and_destroy;
    wait_for(queue, &seen.closes, 1);
    RETURNS(arkws_queue_destroy(queue), ARKWS_OK);
}

static void destroy_the_queue(arkws_client *client)
{
    RETURNS(arkws_queue_destroy(queue_of_case), ARKWS_OK);
    queues_answer(queue_of_case, WEBSOCKET_CLIENT_NOT_CREATED);
    RETURNS(arkws_client_destroy(client), ARKWS_OK);
}

static void a_queue_destroyed_inside_its_callback(void)
{
    arkws_queue *queue = queue_of_case = arkws_queue_create();
    Seen seen;
    make_connecting(queue, &seen, url);
    seen.at_open = destroy_the_queue;
    wait_for(queue, &seen.opens, 1);
}

/* What a server's callbacks have seen. */
typedef struct {
    int accepts, messages, errors, closes, stops;
    arkws_peer peer;
    /* The server is destroyed when a callback of this number is run. */
    int destroy_at;
} SeenByServer;

static void maybe_destroy(SeenByServer *seen, arkws_server *server, int number)
{
    if (seen->destroy_at == number) {
        RETURNS(arkws_server_destroy(server), ARKWS_OK);
        servers_answer(server, WEBSOCKET_CLIENT_NOT_CREATED);
    }
}

static void on_accept(void *user, arkws_server *server, arkws_peer peer,
                      const arkws_accepted *accepted)
{
    SeenByServer *seen = user;
    char address[64];
    CHECK(accepted->address != NULL && accepted->target != NULL && peer != 0);
    RETURNS(arkws_server_peer_address(server, peer, address, sizeof address), ARKWS_OK);
    CHECK(strcmp(address, accepted->address) == 0);
    FAILS(arkws_server_peer_address(server, peer, address, 3), ARKWS_INVALID);
    FAILS(arkws_server_peer_address(server, peer, NULL, 64), ARKWS_INVALID);
    RETURNS(arkws_server_send_text(server, peer, "welcome", 7), ARKWS_OK);
    seen->accepts += 1;
    seen->peer = peer;
    maybe_destroy(seen, server, 1);
}

static void on_peer_message(void *user, arkws_server *server, arkws_peer peer, const char *data,
                            size_t length, int is_text)
{
    SeenByServer *seen = user;
    (void)data, (void)length, (void)is_text;
    if (seen->destroy_at != 2) {
        RETURNS(arkws_server_close(server, peer, 4000, "enough"), ARKWS_OK);
        /* It may have answered meanwhile, and be gone. */
        int again = arkws_server_close(server, peer, 4000, "enough");
        CHECK(again == WEBSOCKET_NO_CONNECTION || again == ARKWS_NO_SUCH_PEER);
    }
    seen->messages += 1;
    maybe_destroy(seen, server, 2);
}

static void on_peer_close(void *user, arkws_server *server, arkws_peer peer, uint16_t code,
                          const char *reason)
{
    SeenByServer *seen = user;
    (void)code;
    CHECK(reason != NULL);
    FAILS(arkws_server_send_text(server, peer, "gone", 4), ARKWS_NO_SUCH_PEER);
    FAILS(arkws_server_send_binary(server, peer, "gone", 4), ARKWS_NO_SUCH_PEER);
    seen->closes += 1;
    maybe_destroy(seen, server, 3);
}

static void on_stop(void *user, arkws_server *server)
{
    SeenByServer *seen = user;
    seen->stops += 1;
    maybe_destroy(seen, server, 4);
}

static const arkws_server_callbacks server_callbacks = {
    sizeof(arkws_server_callbacks), on_accept, on_peer_message, NULL, on_peer_close, on_stop,
    NULL,
};

/* One client that says something and is closed; the server goes at callback `destroy_at`. */
static void serve_one(int destroy_at)
{
    arkws_queue *queue = arkws_queue_create();
    SeenByServer seen;
    memset(&seen, 0, sizeof seen);
    seen.destroy_at = destroy_at;
    arkws_server *server = arkws_server_create(&server_callbacks, &seen);
    RETURNS(arkws_server_set_queue(server, queue), ARKWS_OK);
    RETURNS(arkws_server_start(server, "127.0.0.1", 0), ARKWS_OK);
    char own[64];
    snprintf(own, sizeof own, "ws://127.0.0.1:%u/path", (unsigned)arkws_server_port(server));

    Seen seen_by_client;
    arkws_client *client = make_connecting(queue, &seen_by_client, own);
    RETURNS(arkws_client_send_text(client, "hello", 5), ARKWS_OK);
    /* However it ends, it does. */
    wait_for(queue, &seen_by_client.closes, 1);
    if (destroy_at == 3 || destroy_at == 4) {
        wait_for(queue, &seen.closes, 1);
    }
    if (destroy_at == 4) {
        RETURNS(arkws_server_stop(server), ARKWS_OK);
        wait_for(queue, &seen.stops, 1);
    }
    if (destroy_at == 0) {
        RETURNS(arkws_server_destroy(server), ARKWS_OK);
    }
    RETURNS(arkws_client_destroy(client), ARKWS_OK);
    RETURNS(arkws_queue_destroy(queue), ARKWS_OK);
}

static void a_server_destroyed_inside_each_callback(void)
{
    for (int destroy_at = 0; destroy_at <= 4; destroy_at += 1) {
        serve_one(destroy_at);
    }
}

/* From many threads at once. */

static arkws_client *shared_client;
static arkws_server *shared_server;
static arkws_queue *shared_queue;
static pthread_barrier_t start;

static void in_threads(void *(*function)(void *))
{
    pthread_t threads[THREADS];
    pthread_barrier_init(&start, NULL, THREADS);
    for (int i = 0; i < THREADS; i += 1) {
        CHECK(pthread_create(&threads[i], NULL, function, (void *)(intptr_t)i) == 0);
    }
    for (int i = 0; i < THREADS; i += 1) {
        pthread_join(threads[i], NULL);
    }
    pthread_barrier_destroy(&start);
}

static int freed_clients, freed_servers, freed_queues;

static void count_freed(int code, int *count)
{
    if (code == ARKWS_OK) {
        __atomic_add_fetch(count, 1, __ATOMIC_SEQ_CST);
    } else {
        CHECK(code == WEBSOCKET_CLIENT_NOT_CREATED);
    }
}

static void *destroy_in_thread(void *argument)
{
    (void)argument;
    pthread_barrier_wait(&start);
    count_freed(arkws_client_destroy(shared_client), &freed_clients);
    count_freed(arkws_server_destroy(shared_server), &freed_servers);
    count_freed(arkws_queue_destroy(shared_queue), &freed_queues);
    return NULL;
}

static void destroyed_from_threads_at_once(void)
{
    for (int round = 0; round < 10; round += 1) {
        freed_clients = freed_servers = freed_queues = 0;
        Seen seen;
        shared_queue = arkws_queue_create();
        shared_client = make_connecting(shared_queue, &seen, url);
        if (round % 2 == 0) {
            wait_for(shared_queue, &seen.opens, 1);
        }
        shared_server = make_server();
        in_threads(destroy_in_thread);
        CHECK(freed_clients == 1 && freed_servers == 1 && freed_queues == 1);
    }
}

/* Each thread does another thing; the codes are as they come. */
static void *anything_in_thread(void *argument)
{
    arkws_stats stats = {.size = sizeof stats};
    pthread_barrier_wait(&start);
    for (int i = 0; i < 50; i += 1) {
        switch ((intptr_t)argument) {
        case 0:
            arkws_client_connect(shared_client, url);
            arkws_client_set_protocols(shared_client, i % 2 ? "chat" : NULL);
            arkws_server_start(shared_server, "127.0.0.1", 0);
            break;
        case 1:
            arkws_client_send_text(shared_client, "anything", 8);
            arkws_server_broadcast_text(shared_server, "anything", 8);
            arkws_client_stats(shared_client, &stats);
            break;
        case 2:
            arkws_client_close(shared_client, 1000, NULL);
            arkws_server_stop(shared_server);
            arkws_poll(shared_queue, 1);
            break;
        default:
            arkws_poll(shared_queue, 0);
            if (i == 45) {
                RETURNS(arkws_client_destroy(shared_client), ARKWS_OK);
                RETURNS(arkws_server_destroy(shared_server), ARKWS_OK);
                RETURNS(arkws_queue_destroy(shared_queue), ARKWS_OK);
            }
            break;
        }
    }
    return NULL;
}

static void ignore_message(void *user, arkws_client *client, const char *data, size_t length,
                           int is_text)
{
    (void)user, (void)client, (void)is_text;
    CHECK(data[length] == '\0');
}

static void anything_from_threads_at_once(void)
{
    for (int round = 0; round < 10; round += 1) {
        arkws_client_callbacks few;
        memset(&few, 0, sizeof few);
        few.size = sizeof few;
        few.on_message = ignore_message;
        shared_queue = arkws_queue_create();
        shared_client = arkws_client_create(&few, NULL);
        RETURNS(arkws_client_set_queue(shared_client, shared_queue), ARKWS_OK);
        shared_server = arkws_server_create(NULL, NULL);
        RETURNS(arkws_server_set_queue(shared_server, shared_queue), ARKWS_OK);
        in_threads(anything_in_thread);
    }
}

/* A callback has the stack that programs in C are used to. */
static pthread_mutex_t deep_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t deep_done = PTHREAD_COND_INITIALIZER;
static bool has_been_deep;

/* Takes 64 KiB of the stack, and the rest below. */
static int take_stack(int times)
{
    volatile char bytes[64 << 10];
    bytes[0] = (char)times;
    return times == 0 ? 0 : bytes[0] + take_stack(times - 1) - bytes[0] + 1;
}

static void on_open_deep(void *user, arkws_client *client, const arkws_opened *opened)
{
    (void)user, (void)client, (void)opened;
    CHECK(take_stack(64) == 64);
    pthread_mutex_lock(&deep_lock);
    has_been_deep = true;
    pthread_cond_signal(&deep_done);
    pthread_mutex_unlock(&deep_lock);
}

static void a_callback_with_a_deep_stack(void)
{
    arkws_client_callbacks deep;
    memset(&deep, 0, sizeof deep);
    deep.size = sizeof deep;
    deep.on_open = on_open_deep;
    arkws_client *client = arkws_client_create(&deep, NULL);
    RETURNS(arkws_client_connect(client, url), ARKWS_OK);
    pthread_mutex_lock(&deep_lock);
    while (!has_been_deep) {
        pthread_cond_wait(&deep_done, &deep_lock);
    }
    pthread_mutex_unlock(&deep_lock);
    RETURNS(arkws_client_destroy(client), ARKWS_OK);
}

/* How a server closes with a reason, and what its client is told. */
static const char *closing_reason;

static void close_on_accept(void *user, arkws_server *server, arkws_peer peer,
                            const arkws_accepted *accepted)
{
    (void)user, (void)accepted;
    RETURNS(arkws_server_close(server, peer, 4001, closing_reason), ARKWS_OK);
}

static void closed_by_the_server_with(const char *reason, const char *told)
{
    arkws_server_callbacks closing;
    memset(&closing, 0, sizeof closing);
    closing.size = sizeof closing;
    closing.on_accept = close_on_accept;
    closing_reason = reason;
    arkws_queue *queue = arkws_queue_create();
    arkws_server *server = arkws_server_create(&closing, NULL);
    RETURNS(arkws_server_start(server, "127.0.0.1", 0), ARKWS_OK);
    char to[64];
    snprintf(to, sizeof to, "ws://127.0.0.1:%u/", (unsigned)arkws_server_port(server));
    Seen seen;
    arkws_client *client = make_connecting(queue, &seen, to);
    wait_for(queue, &seen.closes, 1);
    CHECK(seen.code == 4001 && strcmp(seen.reason, told) == 0);
    RETURNS(arkws_client_destroy(client), ARKWS_OK);
    RETURNS(arkws_server_destroy(server), ARKWS_OK);
    RETURNS(arkws_queue_destroy(queue), ARKWS_OK);
}

static void reasons_of_a_server(void)
{
    closed_by_the_server_with("full", "full");
    closed_by_the_server_with("caf\xe9", "caf\xef\xbf\xbd");
    closed_by_the_server_with("", "");
    closed_by_the_server_with(NULL, "CLOSE_NORMAL");
}

/* A process that may open no more descriptors. */
static void no_descriptors(void)
{
    int taken[256], count = 0;
    struct rlimit before, few;
    const char *watch = getenv("ARKWS_WATCH_MEMORY");
    /* valgrind keeps descriptors of its own behind the limit, and closes ones of the program's. */
    if (watch && strcmp(watch, "valgrind") == 0)
        return;
    CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
    few = before;
    few.rlim_cur = 256;
    arkws_server *server = arkws_server_create(NULL, NULL);
    CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
    while (count < 256 && (taken[count] = dup(0)) >= 0)
        count++;
    int started = arkws_server_start(server, "127.0.0.1", 0);
    arkws_queue *queue = arkws_queue_create();
    while (count > 0)
        close(taken[--count]);
    CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
    RETURNS(started, ARKWS_SYSTEM);
    CHECK(queue == NULL);
    RETURNS(arkws_server_start(server, "127.0.0.1", 0), ARKWS_OK);
    RETURNS(arkws_server_destroy(server), ARKWS_OK);
}

static const Case cases[] = {
    /* First: no connection of another case gives its descriptor back meanwhile. */
    CASE(no_descriptors),
    CASE(null_objects),
    CASE(addresses_that_are_no_objects),
    CASE(objects_of_another_kind),
    CASE(destroyed_twice),
    CASE(addresses_are_not_soon_given_out_again),
    CASE(null_arguments),
    CASE(options_out_of_range),
    CASE(clients_in_the_wrong_state),
    CASE(servers_in_the_wrong_state),
    CASE(a_queue_that_goes_first),
    CASE(a_queue_after_a_failure),
    CASE(lengths_beyond_the_limit),
    CASE(numbers_of_another_size),
    CASE(the_last_error_outlives_a_callback),
    CASE(a_child_process),
    CASE(reasons_that_are_no_text),
    CASE(callbacks_that_are_null),
    CASE(destroyed_inside_each_callback),
    CASE(a_queue_destroyed_inside_its_callback),
    CASE(a_server_destroyed_inside_each_callback),
    CASE(destroyed_from_threads_at_once),
    CASE(anything_from_threads_at_once),
    CASE(reasons_of_a_server),
    CASE(a_callback_with_a_deep_stack),
};

int main(int count, char **names)
{
    return run_cases(cases, sizeof cases / sizeof *cases, count, names);
}
