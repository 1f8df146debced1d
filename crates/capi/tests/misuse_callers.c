/*
 * The misuse matrix by who calls: every function of both headers from inside every callback, and
 * from two threads at once. The callbacks run on threads of the library's, or in `arkws_poll`.
 */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "misuse.h"

/* How long a callback may take that must come, in milliseconds: valgrind is slow. */
#define PATIENCE 60000

/* More than the sockets between a server and a client that does not read can hold. */
static const char much[4 << 20];

/* No function. */
#define NONE (-1)

/* How often each of two threads calls. */
#define REPEATS 10

/* The callbacks, of clients and of servers. */
typedef enum {
    OPEN,
    MESSAGE,
    PONG,
    ERROR,
    UNSENT,
    CLOSE,
    ACCEPT,
    PEER_MESSAGE,
    PEER_ERROR,
    PEER_UNSENT,
    PEER_CLOSE,
    STOP,
    PLACES,
} Place;

/* A server, a client that connects to it, and the queue in which their callbacks run, if any. */
typedef struct Scene {
    /* None is freed before the end: a callback that destroys another object is not waited for. */
    struct Scene *before;
    arkws_server *server;
    arkws_client *client;
    arkws_queue *queue;
    bool is_queued;
    _Atomic(arkws_peer) peer;
    /* The callback that calls, and which function. */
    Place place;
    int number;
    atomic_bool has_called;
    /* Posted when a server has let a client in, and when the callback has called. */
    sem_t accepted, called;
    /* Where the client connects to, and where the server listens. */
    char url[64];
    uint16_t port;
} Scene;

static Scene *scenes;

static int create_and_destroy_client(void)
{
    arkws_client *client = arkws_client_create(NULL, NULL);
    CHECK(client != NULL);
    return arkws_client_destroy(client);
}

static int construct_and_destroy_client(void)
{
    struct WebSocket *client = OH_WebSocketClient_Constructor(NULL, NULL, NULL, NULL);
    CHECK(client != NULL);
    return OH_WebSocketClient_Destroy(client);
}

static int create_and_destroy_server(void)
{
    arkws_server *server = arkws_server_create(NULL, NULL);
    CHECK(server != NULL);
    return arkws_server_destroy(server);
}

static int create_and_destroy_queue(void)
{
    arkws_queue *queue = arkws_queue_create();
    CHECK(queue != NULL);
    return arkws_queue_destroy(queue);
}

/* What does not return a code: the code of its failure. */
static int code_of(bool is_failed)
{
    return is_failed ? arkws_last_error(NULL) : ARKWS_OK;
}

/* Calls the n-th function, with arguments that are right. NONE: none, and tells how many. */
static int call(int number, Scene *scene, const char **what)
{
    int next = 0;
    arkws_client *client = scene->client;
    arkws_server *server = scene->server;
    arkws_queue *queue = scene->queue;
    arkws_peer peer = atomic_load(&scene->peer);
    arkws_stats stats = {.size = sizeof stats};
    struct WebSocket_Header field = {"a", "b", NULL};
    struct WebSocket_RequestOptions options = {NULL};
    struct WebSocket_CloseOption closing = {1000, "bye"};
    char hello[] = "hello", address[64];
#define CALL(expression)                                                                          \
    do {                                                                                          \
        if (next == number) {                                                                     \
            *what = #expression;                                                                  \
            return (expression);                                                                  \
        }                                                                                         \
        next += 1;                                                                                \
    } while (0)
    CALL(code_of(arkws_version() == NULL));
    CALL((arkws_last_error(NULL), ARKWS_OK));
    CALL(create_and_destroy_client());
    CALL(construct_and_destroy_client());
    CALL(create_and_destroy_server());
    CALL(create_and_destroy_queue());

    CALL(arkws_client_set_ca(client, NULL));
    CALL(arkws_client_set_certificate(client, NULL, NULL, NULL));
    CALL(arkws_client_set_skip_verification(client, 0));
    CALL(arkws_client_set_min_tls(client, 12));
    CALL(arkws_client_set_proxy(client, NULL, NULL));
    CALL(arkws_client_set_protocols(client, NULL));
    CALL(arkws_client_set_heartbeat(client, 30000, 30000));
    CALL(arkws_client_set_deflate(client, 1));
    CALL(arkws_client_set_connect_timeout(client, 10000));
    CALL(arkws_client_set_handshake_timeout(client, 10000));
    CALL(arkws_client_set_write_timeout(client, 10000));
    CALL(arkws_client_set_max_message_size(client, 1 << 20));
    CALL(arkws_client_set_max_fragments(client, 100));
    CALL(arkws_client_set_max_header_bytes(client, 1 << 16));
    CALL(arkws_client_set_max_headers(client, 100));
    CALL(arkws_client_set_max_redirects(client, 1));
    CALL(arkws_client_set_max_queued_bytes(client, 1 << 20));
    CALL(arkws_client_set_queue(client, queue));
    CALL(arkws_client_add_header(client, "a", "b"));
    CALL(arkws_client_clear_headers(client));
    CALL(arkws_client_connect(client, scene->url));
    CALL(arkws_client_send_text(client, "hello", 5));
    CALL(arkws_client_send_binary(client, "hello", 5));
    CALL(arkws_client_ping(client, "ping", 4));
    CALL(arkws_client_close(client, 1000, NULL));
    CALL(arkws_client_stats(client, &stats));
    CALL(arkws_client_destroy(client));
    CALL(OH_WebSocketClient_AddHeader(client, field));
    CALL(OH_WebSocketClient_Connect(client, scene->url, options));
    CALL(OH_WebSocketClient_Send(client, hello, 5));
    CALL(OH_WebSocketClient_Close(client, closing));
    CALL(OH_WebSocketClient_Destroy(client));

    CALL(arkws_server_set_certificate(server, NULL, NULL));
    CALL(arkws_server_set_protocols(server, NULL));
    CALL(arkws_server_set_origins(server, NULL));
    CALL(arkws_server_set_heartbeat(server, 30000));
    CALL(arkws_server_set_deflate(server, 1));
    CALL(arkws_server_set_limits(server, 100, 100));
    CALL(arkws_server_set_handshake_timeout(server, 10000));
    CALL(arkws_server_set_write_timeout(server, 10000));
    CALL(arkws_server_set_message_timeout(server, 10000));
    CALL(arkws_server_set_max_message_size(server, 1 << 20));
    CALL(arkws_server_set_max_fragments(server, 100));
    CALL(arkws_server_set_max_header_bytes(server, 1 << 16));
    CALL(arkws_server_set_max_headers(server, 100));
    CALL(arkws_server_set_max_queued_bytes(server, 1 << 20));
    CALL(arkws_server_set_queue(server, queue));
    CALL(arkws_server_start(server, "127.0.0.1", 0));
    CALL(code_of(arkws_server_port(server) == 0));
    CALL(arkws_server_send_text(server, peer, "hello", 5));
    CALL(arkws_server_send_binary(server, peer, "hello", 5));
    CALL(arkws_server_broadcast_text(server, "hello", 5));
    CALL(arkws_server_broadcast_binary(server, "hello", 5));
    CALL(arkws_server_peer_address(server, peer, address, sizeof address));
    CALL(arkws_server_close(server, peer, 1000, NULL));
    CALL(arkws_server_stop(server));
    CALL(arkws_server_destroy(server));

    CALL(code_of(arkws_queue_descriptor(queue) < 0));
    CALL(code_of(arkws_poll(queue, 0) < 0));
    CALL(arkws_queue_destroy(queue));
#undef CALL
    return next;
}

/* Calls the function of the scene: it does what it should, or says why it does not. */
static void try_call(Scene *scene)
{
    const char *what = "";
    if (scene->number == NONE) {
        return;
    }
    int code = call(scene->number, scene, &what);
    if (code != ARKWS_OK) {
        arkws_error error;
        arkws_last_error(&error);
        if (error.code != code || code == ARKWS_INTERNAL || error.message[0] == '\0'
            || error.cause[0] == '\0') {
            fprintf(stderr, "%s at %d: %d, then %d: \"%s\" (%s)\n", what, (int)scene->place, code,
                    error.code, error.message, error.cause);
            abort();
        }
    }
}

/* What every callback does: the first time at the place of the scene, the call. */
static void called_back(Scene *scene, Place place)
{
    if (scene->place == place && !atomic_exchange(&scene->has_called, true)) {
        try_call(scene);
        /* From here on the scene may be gone. */
        CHECK(sem_post(&scene->called) == 0);
    }
}

static void on_open(void *user, arkws_client *client, const arkws_opened *opened)
{
    Scene *scene = user;
    (void)opened;
    if (scene->place == PONG) {
        arkws_client_ping(client, "ping", 4);
    } else if (scene->place == MESSAGE || scene->place == PEER_MESSAGE) {
        arkws_client_send_text(client, "hello", 5);
    } else if (scene->place == CLOSE || scene->place == PEER_CLOSE) {
        arkws_client_close(client, 1000, NULL);
    }
    called_back(scene, OPEN);
}

static void on_message(void *user, arkws_client *client, const char *data, size_t length,
                       int is_text)
{
    (void)client, (void)data, (void)length, (void)is_text;
    called_back(user, MESSAGE);
}

static void on_pong(void *user, arkws_client *client, const char *data, size_t length,
                    uint64_t round_trip_us)
{
    (void)client, (void)data, (void)length, (void)round_trip_us;
    called_back(user, PONG);
}

static void on_error(void *user, arkws_client *client, const arkws_error *error)
{
    (void)client, (void)error;
    called_back(user, ERROR);
}

static void on_unsent(void *user, arkws_client *client, uint64_t messages,
                      const arkws_error *error)
{
    (void)client, (void)messages, (void)error;
    called_back(user, UNSENT);
}

static void on_close(void *user, arkws_client *client, uint16_t code, const char *reason)
{
    (void)client, (void)code, (void)reason;
    called_back(user, CLOSE);
}

static void on_accept(void *user, arkws_server *server, arkws_peer peer,
                      const arkws_accepted *accepted)
{
    Scene *scene = user;
    (void)accepted;
    atomic_store(&scene->peer, peer);
    /* Once it has called, this is the client of the scene. */
    if (scene->place == PEER_UNSENT && !atomic_load(&scene->has_called)) {
        RETURNS(arkws_server_send_binary(server, peer, much, sizeof much), ARKWS_OK);
        RETURNS(arkws_server_send_binary(server, peer, much, sizeof much), ARKWS_OK);
    }
    CHECK(sem_post(&scene->accepted) == 0);
    called_back(scene, ACCEPT);
}

static void on_peer_message(void *user, arkws_server *server, arkws_peer peer, const char *data,
                            size_t length, int is_text)
{
    (void)is_text;
    called_back(user, PEER_MESSAGE);
    arkws_server_send_text(server, peer, data, length);
}

static void on_peer_error(void *user, arkws_server *server, arkws_peer peer,
                          const arkws_error *error)
{
    (void)server, (void)peer, (void)error;
    called_back(user, PEER_ERROR);
}

static void on_peer_unsent(void *user, arkws_server *server, arkws_peer peer, uint64_t messages,
                           const arkws_error *error)
{
    (void)server, (void)peer, (void)messages, (void)error;
    called_back(user, PEER_UNSENT);
}

static void on_peer_close(void *user, arkws_server *server, arkws_peer peer, uint16_t code,
                          const char *reason)
{
    (void)server, (void)peer, (void)code, (void)reason;
    called_back(user, PEER_CLOSE);
}

static void on_stop(void *user, arkws_server *server)
{
    (void)server;
    called_back(user, STOP);
}

static const arkws_client_callbacks client_callbacks = {
    sizeof(arkws_client_callbacks), on_open, on_message, on_pong, on_error, on_close, on_unsent,
};

static const arkws_server_callbacks server_callbacks = {
    sizeof(arkws_server_callbacks), on_accept, on_peer_message, on_peer_error, on_peer_close,
    on_stop, on_peer_unsent,
};

static Scene *create_scene(bool is_queued, Place place, int number)
{
    Scene *scene = calloc(1, sizeof *scene);
    CHECK(scene != NULL);
    scene->before = scenes;
    scenes = scene;
    scene->place = place;
    scene->number = number;
    scene->is_queued = is_queued;
    CHECK(sem_init(&scene->accepted, 0, 0) == 0 && sem_init(&scene->called, 0, 0) == 0);
    scene->queue = arkws_queue_create();
    scene->client = arkws_client_create(&client_callbacks, scene);
    scene->server = arkws_server_create(&server_callbacks, scene);
    CHECK(scene->queue != NULL && scene->client != NULL && scene->server != NULL);
    if (is_queued) {
        RETURNS(arkws_client_set_queue(scene->client, scene->queue), ARKWS_OK);
        RETURNS(arkws_server_set_queue(scene->server, scene->queue), ARKWS_OK);
    }
    RETURNS(arkws_server_set_max_queued_bytes(scene->server, 4 * sizeof much), ARKWS_OK);
    RETURNS(arkws_server_start(scene->server, "127.0.0.1", 0), ARKWS_OK);
    scene->port = arkws_server_port(scene->server);
    snprintf(scene->url, sizeof scene->url, "ws://127.0.0.1:%u/", (unsigned)scene->port);
    return scene;
}

/* It has been destroyed, by this call or by that of the scene. */
static void is_destroyed(int code)
{
    CHECK(code == ARKWS_OK || code == WEBSOCKET_CLIENT_NOT_CREATED);
}

static void destroy_objects(Scene *scene)
{
    is_destroyed(arkws_client_destroy(scene->client));
    is_destroyed(arkws_server_destroy(scene->server));
    is_destroyed(arkws_queue_destroy(scene->queue));
}

/* Waits for callbacks, and runs those of the queue, until one of them has posted. */
static void wait_for(Scene *scene, sem_t *posted)
{
    if (!scene->is_queued) {
        CHECK(sem_wait(posted) == 0);
        return;
    }
    struct pollfd ready = {arkws_queue_descriptor(scene->queue), POLLIN, 0};
    while (sem_trywait(posted) != 0) {
        CHECK(poll(&ready, 1, PATIENCE) == 1);
        arkws_poll(scene->queue, 0);
    }
}

/* A TCP socket that is connected to the scene's server, or listens in its stead. */
static int tcp_socket(struct sockaddr_in *address, uint16_t port)
{
    memset(address, 0, sizeof *address);
    address->sin_family = AF_INET;
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address->sin_port = htons(port);
    int created = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(created >= 0);
    return created;
}

static int connect_and_say(const Scene *scene, const char *request)
{
    struct sockaddr_in address;
    int raw = tcp_socket(&address, scene->port);
    CHECK(connect(raw, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK(write(raw, request, strlen(request)) == (ssize_t)strlen(request));
    return raw;
}

/* Does what brings the callback of the scene about. */
static void bring_about(Scene *scene)
{
    arkws_client *client = scene->client;
    switch (scene->place) {
    case ERROR:
        RETURNS(arkws_client_connect(client, NOBODY), ARKWS_OK);
        break;
    case UNSENT: {
        /* Who listens answers nobody, and resets those that have come once it is closed. */
        struct sockaddr_in address;
        socklen_t length = sizeof address;
        int mute = tcp_socket(&address, 0);
        CHECK(bind(mute, (struct sockaddr *)&address, length) == 0 && listen(mute, 4) == 0);
        CHECK(getsockname(mute, (struct sockaddr *)&address, &length) == 0);
        char to[64];
        snprintf(to, sizeof to, "ws://127.0.0.1:%d/", ntohs(address.sin_port));
        RETURNS(arkws_client_connect(client, to), ARKWS_OK);
        RETURNS(arkws_client_send_text(client, "to nobody", 9), ARKWS_OK);
        CHECK(close(mute) == 0);
        break;
    }
    case PEER_ERROR:
        close(connect_and_say(scene, "this is not HTTP\r\n\r\n"));
        break;
    case PEER_UNSENT: {
        int raw = connect_and_say(scene, "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
                                         "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                         "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n");
        wait_for(scene, &scene->accepted);
        close(raw);
        break;
    }
    case STOP:
        RETURNS(arkws_server_stop(scene->server), ARKWS_OK);
        break;
    default:
        RETURNS(arkws_client_connect(client, scene->url), ARKWS_OK);
    }
}

static int functions(void)
{
    Scene none;
    const char *what;
    memset(&none, 0, sizeof none);
    return call(NONE, &none, &what);
}

static void call_inside(bool is_queued)
{
    for (int place = 0; place < PLACES; place += 1) {
        for (int number = 0; number < functions(); number += 1) {
            Scene *scene = create_scene(is_queued, (Place)place, number);
            bring_about(scene);
            wait_for(scene, &scene->called);
            destroy_objects(scene);
        }
    }
}

static void every_function_inside_every_callback(void)
{
    call_inside(false);
}

static void every_function_inside_every_callback_in_a_queue(void)
{
    call_inside(true);
}

/* Two threads, and the one that runs the callbacks of the queue. */

static Scene *shared;
static pthread_barrier_t start;
static atomic_int ended;

static void *call_in_thread(void *unused)
{
    (void)unused;
    pthread_barrier_wait(&start);
    for (int i = 0; i < REPEATS; i += 1) {
        try_call(shared);
    }
    atomic_fetch_add(&ended, 1);
    return NULL;
}

static void *destroy_in_thread(void *unused)
{
    (void)unused;
    pthread_barrier_wait(&start);
    destroy_objects(shared);
    atomic_fetch_add(&ended, 1);
    return NULL;
}

static void call_at_once(bool is_queued, void *(*other)(void *))
{
    for (int number = 0; number < functions(); number += 1) {
        shared = create_scene(is_queued, ACCEPT, NONE);
        bring_about(shared);
        wait_for(shared, &shared->called);
        shared->number = number;
        atomic_store(&ended, 0);
        pthread_t threads[2];
        pthread_barrier_init(&start, NULL, 3);
        CHECK(pthread_create(&threads[0], NULL, call_in_thread, NULL) == 0);
        CHECK(pthread_create(&threads[1], NULL, other, NULL) == 0);
        pthread_barrier_wait(&start);
        while (is_queued && atomic_load(&ended) < 2) {
            arkws_poll(shared->queue, 0);
            sched_yield();
        }
        pthread_join(threads[0], NULL);
        pthread_join(threads[1], NULL);
        pthread_barrier_destroy(&start);
        destroy_objects(shared);
    }
}

static void every_function_from_two_threads(void)
{
    call_at_once(false, call_in_thread);
}

static void every_function_from_two_threads_with_a_queue(void)
{
    call_at_once(true, call_in_thread);
}

static void every_function_while_another_thread_destroys(void)
{
    call_at_once(false, destroy_in_thread);
}

static void every_function_while_another_thread_destroys_with_a_queue(void)
{
    call_at_once(true, destroy_in_thread);
}

int main(int count, char **names)
{
    static const Case cases[] = {
        CASE(every_function_inside_every_callback),
        CASE(every_function_inside_every_callback_in_a_queue),
        CASE(every_function_from_two_threads),
        CASE(every_function_from_two_threads_with_a_queue),
        CASE(every_function_while_another_thread_destroys),
        CASE(every_function_while_another_thread_destroys_with_a_queue),
    };
    return run_cases(cases, sizeof cases / sizeof *cases, count, names);
}
