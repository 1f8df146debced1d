/*
 * Any function with any arguments, from two threads and from inside callbacks: objects that are
 * there, destroyed, of another kind, or none, NULL, and numbers of all sizes. Text is a string of
 * C or NULL, and data is as long as its length says or NULL: what else there is nobody could see.
 *
 * The n-th call of a thread, or inside a callback, is always the same for a seed, which is told
 * first; what the objects are by then is up to the threads. ARKWS_SEED=4711 makes the calls of
 * another seed, and ARKWS_CALLS=100000 more than the tests do.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include "misuse_any.h"

/* How many seeds there are if none is given. */
#define SEEDS 4

/* After so many seconds a call is taken to wait for ever. */
#define TOO_LONG 300

enum { FIRST_THREAD, SECOND_THREAD, CALLBACKS }; /* Who calls. */

static atomic_ulong opened, accepted, messages, errors, others, callbacks;
static atomic_ulong callbacks_running;
static atomic_bool is_over;
static unsigned long calls = 2000;

static void call(void);

/* What every callback does: counts, and now and then calls something itself. */
static void called_back(atomic_ulong *kind)
{
    atomic_fetch_add(kind, 1);
    atomic_fetch_add(&callbacks_running, 1);
    /* It may have been called by arkws_poll, whose caller goes on. */
    uint64_t before = random_state;
    begin(CALLBACKS, atomic_fetch_add(&callbacks, 1));
    if (!atomic_load(&is_over) && any(4) == 0) {
        call();
    }
    random_state = before;
    atomic_fetch_sub(&callbacks_running, 1);
}

static void on_open(void *user, arkws_client *client, const arkws_opened *told)
{
    (void)user, (void)client;
    CHECK(told->status == 101 && told->reason[0] != '\0');
    called_back(&opened);
}

static void on_message(void *user, arkws_client *client, const char *message, size_t length,
                       int is_text)
{
    (void)user, (void)client, (void)is_text;
    CHECK(message[length] == '\0');
    called_back(&messages);
}

static void on_pong(void *user, arkws_client *client, const char *payload, size_t length,
                    uint64_t round_trip_us)
{
    (void)user, (void)client, (void)round_trip_us;
    CHECK(payload[length] == '\0' && length <= 125);
    called_back(&others);
}

static void check_error(const arkws_error *error)
{
    CHECK(error->message[0] != '\0' && error->cause[0] != '\0');
    CHECK(error->code != ARKWS_OK && error->code != ARKWS_INTERNAL);
    called_back(&errors);
}

static void on_error(void *user, arkws_client *client, const arkws_error *error)
{
    (void)user, (void)client;
    check_error(error);
}

static void on_close(void *user, arkws_client *client, uint16_t code, const char *reason)
{
    (void)user, (void)client;
    CHECK(code >= 1000 && strlen(reason) <= 1000);
    called_back(&others);
}

static void on_unsent(void *user, arkws_client *client, uint64_t unsent, const arkws_error *error)
{
    (void)user, (void)client;
    CHECK(unsent > 0);
    check_error(error);
}

static void on_accept(void *user, arkws_server *server, arkws_peer peer,
                      const arkws_accepted *told)
{
    (void)user, (void)server;
    CHECK(peer != 0 && told->target[0] == '/' && told->address[0] != '\0');
    atomic_store(&peers[peer % OBJECTS], peer);
    called_back(&accepted);
}

static void on_peer_message(void *user, arkws_server *server, arkws_peer peer,
                            const char *message, size_t length, int is_text)
{
    (void)user, (void)is_text;
    CHECK(message[length] == '\0');
    arkws_server_send_binary(server, peer, message, length);
    called_back(&messages);
}

static void on_peer_error(void *user, arkws_server *server, arkws_peer peer,
                          const arkws_error *error)
{
    (void)user, (void)server, (void)peer;
    check_error(error);
}

static void on_peer_close(void *user, arkws_server *server, arkws_peer peer, uint16_t code,
                          const char *reason)
{
    (void)user, (void)server;
    CHECK(peer != 0 && code >= 1000 && strlen(reason) <= 1000);
    called_back(&others);
}

static void on_stop(void *user, arkws_server *server)
{
    (void)user, (void)server;
    called_back(&others);
}

static void on_open_platform(struct WebSocket *client, WebSocket_OpenResult result)
{
    (void)client;
    CHECK(result.reason != NULL);
    called_back(&opened);
}

static void on_message_platform(struct WebSocket *client, char *message, uint32_t length)
{
    (void)client;
    CHECK(message[length] == '\0');
    called_back(&messages);
}

static void on_error_platform(struct WebSocket *client, WebSocket_ErrorResult result)
{
    (void)client;
    CHECK(result.errorCode != 0 && result.errorMessage[0] != '\0');
    called_back(&errors);
}

static void on_close_platform(struct WebSocket *client, WebSocket_CloseResult result)
{
    (void)client;
    CHECK(result.reason != NULL);
    called_back(&others);
}

static void *create_client(void)
{
    arkws_client_callbacks told = {
        sizeof told, on_open, on_message, on_pong, on_error, on_close, on_unsent,
    };
    switch (any(8)) {
    case 0:
        return arkws_client_create(NULL, NULL);
    case 1:
        /* As an older or a newer header has it, or none at all. */
        told.size = any(2) == 0 ? any(sizeof told) : number();
        return arkws_client_create(&told, NULL);
    case 2:
        return OH_WebSocketClient_Constructor(NULL, NULL, NULL, NULL);
    case 3:
        return OH_WebSocketClient_Constructor(on_open_platform, on_message_platform,
                                              on_error_platform, on_close_platform);
    default:
        return arkws_client_create(&told, data);
    }
}

static void *create_server(void)
{
    arkws_server_callbacks told = {
        sizeof told, on_accept, on_peer_message, on_peer_error, on_peer_close, on_stop, NULL,
    };
    told.size = any(8) == 0 ? number() : sizeof told;
    return arkws_server_create(any(8) == 0 ? NULL : &told, NULL);
}

static int destroy_client(void *client)
{
    return any(2) == 0 ? arkws_client_destroy(client) : OH_WebSocketClient_Destroy(client);
}

static int destroy_server(void *server)
{
    return arkws_server_destroy(server);
}

static int destroy_queue(void *queue)
{
    return arkws_queue_destroy(queue);
}

static int destroy_any(void)
{
    switch (any(12)) {
    case 0:
        return destroy_client(object(clients));
    case 1:
        return destroy_server(object(servers));
    case 2:
        return destroy_queue(object(queues));
    default:
        return ARKWS_OK;
    }
}

/* Of the platform's functions: a list of header fields, and how a connection closes. */
static int call_platform(void)
{
    struct WebSocket *client = object(clients);
    size_t length;
    char *message = bytes(&length);
    struct WebSocket_Header second = {text(), text(), NULL};
    struct WebSocket_Header first = {text(), text(), any(2) == 0 ? NULL : &second};
    struct WebSocket_RequestOptions options = {any(2) == 0 ? NULL : &first};
    struct WebSocket_CloseOption close = {(uint32_t)number(), text()};
    switch (any(4)) {
    case 0:
        return OH_WebSocketClient_AddHeader(client, first);
    case 1:
        return OH_WebSocketClient_Connect(client, text(), options);
    case 2:
        return OH_WebSocketClient_Send(client, message, length);
    default:
        return OH_WebSocketClient_Close(client, close);
    }
}

static int set_client(arkws_client *client)
{
    uint32_t small = (uint32_t)number();
    switch (any(24)) {
    case 0:
        return arkws_client_set_ca(client, option());
    case 1:
        return arkws_client_set_certificate(client, option(), option(), option());
    case 2:
        return arkws_client_set_skip_verification(client, (int)small);
    case 3:
        return arkws_client_set_min_tls(client, (int)small);
    case 4:
        return arkws_client_set_proxy(client, option(), option());
    case 5:
        return arkws_client_set_protocols(client, option());
    case 6:
        return arkws_client_set_heartbeat(client, small, (uint32_t)number());
    case 7:
        return arkws_client_set_deflate(client, (int)small);
    case 8:
        return arkws_client_set_connect_timeout(client, small);
    case 9:
        return arkws_client_set_handshake_timeout(client, small);
    case 10:
        return arkws_client_set_write_timeout(client, small);
    case 11:
        return arkws_client_set_max_message_size(client, number());
    case 12:
        return arkws_client_set_max_queued_bytes(client, number());
    case 13:
        return arkws_client_set_queue(client, object(queues));
    case 14:
        return arkws_client_add_header(client, text(), text());
    case 15:
        return arkws_client_set_max_fragments(client, small);
    case 16:
        return arkws_client_set_max_header_bytes(client, number());
    case 17:
        return arkws_client_set_max_headers(client, number());
    case 18:
        return arkws_client_set_max_redirects(client, number());
    default:
        return arkws_client_clear_headers(client);
    }
}

static int call_client(void)
{
    arkws_client *client = object(clients);
    size_t length;
    char *message = bytes(&length);
    arkws_stats stats = {any(4) == 0 ? any(sizeof stats) : sizeof stats, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    switch (any(10)) {
    case 0:
        return set_client(client);
    case 1:
        return set_client(client);
    case 2:
        return arkws_client_send_text(client, message, length);
    case 3:
        return arkws_client_send_binary(client, message, length);
    case 4:
        return arkws_client_ping(client, message, length);
    case 5:
        return arkws_client_close(client, (uint16_t)number(), text());
    case 6:
        return arkws_client_stats(client, any(8) == 0 ? NULL : &stats);
    case 7:
        return arkws_client_connect(client, text());
    default:
        return arkws_client_connect(client, url);
    }
}

static int set_server(arkws_server *server)
{
    uint32_t small = (uint32_t)number();
    switch (any(15)) {
    case 0:
        return arkws_server_set_certificate(server, option(), option());
    case 1:
        return arkws_server_set_protocols(server, option());
    case 2:
        return arkws_server_set_origins(server, option());
    case 3:
        return arkws_server_set_heartbeat(server, small);
    case 4:
        return arkws_server_set_deflate(server, (int)small);
    case 5:
        return arkws_server_set_limits(server, number(), number());
    case 6:
        return arkws_server_set_handshake_timeout(server, small);
    case 7:
        return arkws_server_set_write_timeout(server, small);
    case 8:
        return arkws_server_set_message_timeout(server, small);
    case 9:
        return arkws_server_set_max_message_size(server, number());
    case 10:
        return arkws_server_set_max_queued_bytes(server, number());
    case 11:
        return arkws_server_set_max_fragments(server, small);
    case 12:
        return arkws_server_set_max_header_bytes(server, number());
    case 13:
        return arkws_server_set_max_headers(server, number());
    default:
        return arkws_server_set_queue(server, object(queues));
    }
}

/* On loopback and a port of the system's choice, or not at all. */
static int start_server(arkws_server *server)
{
    int code = arkws_server_start(server, any(8) == 0 ? "256.1.1.1" : "127.0.0.1", 0);
    uint16_t listens = arkws_server_port(server);
    if (listens != 0) {
        atomic_store(&port, listens);
    }
    return code;
}

static int call_server(void)
{
    arkws_server *server = object(servers);
    size_t length;
    char *message = bytes(&length);
    char to[64];
    switch (any(15)) {
    case 0:
        return start_server(server);
    case 1:
        return start_server(server);
    case 2:
        return arkws_server_send_text(server, peer(), message, length);
    case 3:
        return arkws_server_send_binary(server, peer(), message, length);
    case 4:
        return arkws_server_broadcast_text(server, message, length);
    case 5:
        return arkws_server_broadcast_binary(server, message, length);
    case 6:
        return arkws_server_peer_address(server, peer(), any(8) == 0 ? NULL : to,
                                         any(sizeof to + 1));
    case 7:
        return arkws_server_close(server, peer(), (uint16_t)number(), text());
    case 8:
        return arkws_server_stop(server);
    case 9:
        return set_server(server);
    case 10:
        return set_server(server);
    default:
        snprintf(to, sizeof to, "ws://127.0.0.1:%u/", (unsigned)atomic_load(&port));
        return arkws_client_connect(object(clients), to);
    }
}

/* Makes, destroys, and waits for events as a loop of the program's own does, but not for long. */
static int call_other(void)
{
    arkws_error error;
    struct pollfd ready;
    switch (any(10)) {
    case 0:
        replace(&ANY_OF(clients), create_client(), destroy_client);
        return ARKWS_OK;
    case 1:
        replace(&ANY_OF(servers), create_server(), destroy_server);
        return ARKWS_OK;
    case 2:
        replace(&ANY_OF(queues), arkws_queue_create(), destroy_queue);
        return ARKWS_OK;
    case 3:
        return destroy_any();
    case 4:
        CHECK(arkws_version() != NULL);
        return arkws_last_error(any(4) == 0 ? NULL : &error);
    case 5:
        ready = (struct pollfd){arkws_queue_descriptor(object(queues)), POLLIN, 0};
        poll(&ready, 1, 1);
        return ARKWS_OK;
    default:
        arkws_poll(object(queues), any(4) == 0 ? number() : any(20));
        return ARKWS_OK;
    }
}

static void call(void)
{
    int code;
    switch (any(8)) {
    case 0:
        code = call_platform();
        break;
    case 1:
    case 2:
        code = call_other();
        break;
    case 3:
    case 4:
        code = call_server();
        break;
    default:
        code = call_client();
        break;
    }
    /* ARKWS_INTERNAL is a defect of the library's; others there are not. */
    CHECK(code >= ARKWS_OK && code < ARKWS_INTERNAL);
}

static void *thread(void *caller)
{
    for (unsigned long number = 0; number < calls; number += 1) {
        begin((uintptr_t)caller, number);
        call();
    }
    return NULL;
}

static void calls_of_a_seed(void)
{
    printf("ARKWS_SEED=%llu\n", (unsigned long long)seed);
    fflush(stdout);
    alarm(TOO_LONG);
    pthread_t threads[CALLBACKS];
    for (uintptr_t i = 0; i < CALLBACKS; i += 1) {
        CHECK(pthread_create(&threads[i], NULL, thread, (void *)i) == 0);
    }
    for (int i = 0; i < CALLBACKS; i += 1) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
    /* Callbacks call nothing more; one that has begun to may make another object yet. */
    atomic_store(&is_over, true);
    while (atomic_load(&callbacks_running) > 0) {
        sched_yield();
    }
    for (int i = 0; i < OBJECTS; i += 1) {
        arkws_client_destroy(atomic_load(&clients[i]));
        arkws_server_destroy(atomic_load(&servers[i]));
        arkws_queue_destroy(atomic_load(&queues[i]));
    }
}

static void any_calls(void)
{
    memset(data, 'x', sizeof data - 1);
    const char *given = getenv("ARKWS_CALLS");
    calls = given == NULL ? calls : strtoul(given, NULL, 0);
    given = getenv("ARKWS_SEED");
    uint64_t last = given == NULL ? SEEDS : strtoull(given, NULL, 0);
    for (seed = given == NULL ? 1 : last; seed <= last; seed += 1) {
        atomic_store(&is_over, false);
        calls_of_a_seed();
    }
    printf("%lu callbacks: %lu opened, %lu accepted, %lu messages, %lu errors\n",
           atomic_load(&callbacks), atomic_load(&opened), atomic_load(&accepted),
           atomic_load(&messages), atomic_load(&errors));
    CHECK(atomic_load(&callbacks) > 0);
}

int main(int count, char **names)
{
    static const Case cases[] = {CASE(any_calls)};
    return run_cases(cases, sizeof cases / sizeof *cases, count, names);
}
