/*
 * The misuse matrix of net_websocket.h: NULL, addresses that are no client's, clients destroyed
 * twice, calls in the wrong state, from inside callbacks, from many threads at once. Each call
 * answers with a code; none crashes, none leaks, which AddressSanitizer and valgrind see.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <time.h>

#include "misuse.h"

/* How long an event may take that must come: valgrind is slow. */
#define PATIENCE 60

static const WebSocket_RequestOptions no_options = {NULL};
static const WebSocket_CloseOption normal = {1000, "bye"};

/* What the callbacks have seen, since `forget`. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int opens, messages, errors, closes;
    uint32_t length, error_code, close_code;
    char data[64];
    char reason[128];
    /* What a callback does beside counting. */
    void (*at_open)(struct WebSocket *client);
    void (*at_message)(struct WebSocket *client);
    void (*at_error)(struct WebSocket *client);
    void (*at_close)(struct WebSocket *client);
} seen = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void forget(void)
{
    pthread_mutex_lock(&seen.lock);
    seen.opens = seen.messages = seen.errors = seen.closes = 0;
    seen.at_open = seen.at_message = seen.at_error = seen.at_close = NULL;
    pthread_mutex_unlock(&seen.lock);
}

/* Waits until a count of `seen` has come up to a number. */
static void wait_for(const int *count, int number)
{
    struct timespec limit;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += PATIENCE;
    pthread_mutex_lock(&seen.lock);
    while (*count < number) {
        CHECK(pthread_cond_timedwait(&seen.changed, &seen.lock, &limit) == 0);
    }
    pthread_mutex_unlock(&seen.lock);
}

/* Counts, then does what the case wants done; the lock is not held meanwhile. */
static void count(int *counter, void (*const *then)(struct WebSocket *), struct WebSocket *client)
{
    pthread_mutex_lock(&seen.lock);
    void (*action)(struct WebSocket *) = *then;
    pthread_mutex_unlock(&seen.lock);
    if (action != NULL) {
        action(client);
    }
    pthread_mutex_lock(&seen.lock);
    *counter += 1;
    pthread_cond_broadcast(&seen.changed);
    pthread_mutex_unlock(&seen.lock);
}

static void on_open(struct WebSocket *client, WebSocket_OpenResult result)
{
    CHECK(result.code == 101);
    CHECK(strcmp(result.reason, "Switching Protocols") == 0);
    count(&seen.opens, &seen.at_open, client);
}

static void on_message(struct WebSocket *client, char *data, uint32_t length)
{
    CHECK(data != NULL && data[length] == '\0');
    pthread_mutex_lock(&seen.lock);
    seen.length = length;
    size_t kept = length < sizeof seen.data ? length : sizeof seen.data;
    memcpy(seen.data, data, kept);
    pthread_mutex_unlock(&seen.lock);
    count(&seen.messages, &seen.at_message, client);
}

static void on_error(struct WebSocket *client, WebSocket_ErrorResult result)
{
    CHECK(result.errorMessage != NULL && result.errorMessage[0] != '\0');
    pthread_mutex_lock(&seen.lock);
    seen.error_code = result.errorCode;
    pthread_mutex_unlock(&seen.lock);
    count(&seen.errors, &seen.at_error, client);
}

static void on_close(struct WebSocket *client, WebSocket_CloseResult result)
{
    CHECK(result.reason != NULL);
    pthread_mutex_lock(&seen.lock);
    seen.close_code = result.code;
    snprintf(seen.reason, sizeof seen.reason, "%s", result.reason);
    pthread_mutex_unlock(&seen.lock);
    count(&seen.closes, &seen.at_close, client);
}

static struct WebSocket *make(void)
{
    forget();
    struct WebSocket *client =
        OH_WebSocketClient_Constructor(on_open, on_message, on_error, on_close);
    CHECK(client != NULL);
    return client;
}

static struct WebSocket *make_open(void)
{
    struct WebSocket *client = make();
    RETURNS(OH_WebSocketClient_Connect(client, url, no_options), WEBSOCKET_OK);
    wait_for(&seen.opens, 1);
    return client;
}

static int send_text(struct WebSocket *client, const char *text)
{
    return OH_WebSocketClient_Send(client, (char *)text, strlen(text));
}

/* Destroys a client that may have a connection or not. */
static void destroy(struct WebSocket *client)
{
    int code = OH_WebSocketClient_Destroy(client);
    CHECK(code == WEBSOCKET_OK || code == WEBSOCKET_NO_CONNECTION_CONTEXT);
}

static WebSocket_Header field(const char *name, const char *value)
{
    WebSocket_Header header = {name, value, NULL};
    return header;
}

/* Every function answers `code` for a pointer that is no client. */
static void all_answer(struct WebSocket *client, int code)
{
    RETURNS(OH_WebSocketClient_AddHeader(client, field("a", "b")), code);
    RETURNS(OH_WebSocketClient_Connect(client, url, no_options), code);
    RETURNS(OH_WebSocketClient_Connect(client, NULL, no_options), code);
    RETURNS(send_text(client, "hello"), code);
    RETURNS(OH_WebSocketClient_Send(client, NULL, 0), code);
    RETURNS(OH_WebSocketClient_Close(client, normal), code);
    RETURNS(OH_WebSocketClient_Destroy(client), code);
}

static void null_client(void)
{
    all_answer(NULL, WEBSOCKET_CLIENT_NULL);
}

static void null_arguments(void)
{
    struct WebSocket *client = make();
    WebSocket_Header nameless = field(NULL, "value");
    WebSocket_Header valueless = field("name", NULL);
    WebSocket_RequestOptions options = {&nameless};
    CHECK(OH_WebSocketClient_AddHeader(client, nameless) != WEBSOCKET_OK);
    CHECK(OH_WebSocketClient_AddHeader(client, valueless) != WEBSOCKET_OK);
    CHECK(OH_WebSocketClient_Connect(client, NULL, no_options) != WEBSOCKET_OK);
    CHECK(OH_WebSocketClient_Connect(client, url, options) != WEBSOCKET_OK);
    options.headers = &valueless;
    CHECK(OH_WebSocketClient_Connect(client, url, options) != WEBSOCKET_OK);
    RETURNS(OH_WebSocketClient_Send(client, NULL, 0), WEBSOCKET_SEND_DATA_NULL);
    RETURNS(OH_WebSocketClient_Send(client, NULL, 5), WEBSOCKET_SEND_DATA_NULL);

    RETURNS(OH_WebSocketClient_Connect(client, url, no_options), WEBSOCKET_OK);
    wait_for(&seen.opens, 1);
    RETURNS(OH_WebSocketClient_Send(client, NULL, 5), WEBSOCKET_SEND_DATA_NULL);
    WebSocket_CloseOption no_reason = {3000, NULL};
    RETURNS(OH_WebSocketClient_Close(client, no_reason), WEBSOCKET_OK);
    wait_for(&seen.closes, 1);
    CHECK(seen.close_code == 1000);
    destroy(client);
}

/* Each event once without a callback for it; one callback is there to wait for. */
static void null_callbacks(void)
{
    forget();
    struct WebSocket *client = OH_WebSocketClient_Constructor(NULL, on_message, NULL, NULL);
    RETURNS(OH_WebSocketClient_Connect(client, url, no_options), WEBSOCKET_OK);
    RETURNS(send_text(client, "hello"), WEBSOCKET_OK);
    wait_for(&seen.messages, 1);
    destroy(client);

    client = OH_WebSocketClient_Constructor(on_open, NULL, NULL, NULL);
    RETURNS(OH_WebSocketClient_Connect(client, url, no_options), WEBSOCKET_OK);
    wait_for(&seen.opens, 1);
    RETURNS(send_text(client, "into the void"), WEBSOCKET_OK);
    RETURNS(OH_WebSocketClient_Close(client, normal), WEBSOCKET_OK);
    destroy(client);

    client = OH_WebSocketClient_Constructor(NULL, NULL, NULL, on_close);
    RETURNS(OH_WebSocketClient_Connect(client, NOBODY, no_options), WEBSOCKET_OK);
    destroy(client);

    client = OH_WebSocketClient_Constructor(NULL, NULL, on_error, NULL);
    RETURNS(OH_WebSocketClient_Connect(client, NOBODY, no_options), WEBSOCKET_OK);
    wait_for(&seen.errors, 1);
    destroy(client);
}

static void addresses_that_are_no_clients(void)
{
    struct WebSocket mine;
    memset(&mine, 0, sizeof mine);
    all_answer(&mine, WEBSOCKET_CLIENT_NOT_CREATED);
    struct WebSocket *allocated = calloc(1, sizeof *allocated);
    CHECK(allocated != NULL);
    all_answer(allocated, WEBSOCKET_CLIENT_NOT_CREATED);
    free(allocated);
    /* Nothing may be read there. */
    all_answer((struct WebSocket *)(uintptr_t)1, WEBSOCKET_CLIENT_NOT_CREATED);
    all_answer((struct WebSocket *)UINTPTR_MAX, WEBSOCKET_CLIENT_NOT_CREATED);
    void *forbidden = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(forbidden != MAP_FAILED);
    all_answer(forbidden, WEBSOCKET_CLIENT_NOT_CREATED);
    munmap(forbidden, 4096);
}

static void a_client_of_another_address(void)
{
    struct WebSocket *client = make();
    all_answer((struct WebSocket *)((char *)client + 1), WEBSOCKET_CLIENT_NOT_CREATED);
    all_answer(client + 1, WEBSOCKET_CLIENT_NOT_CREATED);
    destroy(client);
}

static void destroyed_twice(void)
{
    struct WebSocket *never_connected = make();
    RETURNS(OH_WebSocketClient_Destroy(never_connected), WEBSOCKET_NO_CONNECTION_CONTEXT);
    all_answer(never_connected, WEBSOCKET_CLIENT_NOT_CREATED);

    struct WebSocket *open = make_open();
    RETURNS(OH_WebSocketClient_Destroy(open), WEBSOCKET_OK);
    all_answer(open, WEBSOCKET_CLIENT_NOT_CREATED);
}

static void an_address_is_not_soon_given_out_again(void)
{
    struct WebSocket *first = make();
    destroy(first);
    for (int other = 0; other < OTHERS; other += 1) {
        struct WebSocket *client = OH_WebSocketClient_Constructor(NULL, NULL, NULL, NULL);
        CHECK(client != NULL && client != first);
        RETURNS(send_text(first, "stale"), WEBSOCKET_CLIENT_NOT_CREATED);
        destroy(client);
    }
}

static void a_hundred_clients(void)
{
    struct WebSocket *clients[100];
    for (int i = 0; i < 100; i += 1) {
        clients[i] = OH_WebSocketClient_Constructor(on_open, on_message, on_error, on_close);
        CHECK(clients[i] != NULL);
    }
    CHECK(OH_WebSocketClient_Constructor(NULL, NULL, NULL, NULL) == NULL);
    destroy(clients[99]);
    clients[99] = OH_WebSocketClient_Constructor(NULL, NULL, NULL, NULL);
    CHECK(clients[99] != NULL);
    for (int i = 0; i < 100; i += 1) {
        destroy(clients[i]);
    }
}

static void calls_before_a_connection(void)
{
    struct WebSocket *client = make();
    RETURNS(OH_WebSocketClient_Close(client, normal), WEBSOCKET_NO_CONNECTION);
    RETURNS(OH_WebSocketClient_Send(client, (char *)"", 0), WEBSOCKET_OK);
    /* Given up, or open by now: either way it can be destroyed. */
    RETURNS(OH_WebSocketClient_Connect(client, url, no_options), WEBSOCKET_OK);
    OH_WebSocketClient_Close(client, normal);
    destroy(client);

    client = make();
    RETURNS(OH_WebSocketClient_Connect(client, url, no_options), WEBSOCKET_OK);
    destroy(client);
}

static void calls_while_open(void)
{
    struct WebSocket *client = make_open();
    /* A second connection is refused, and the first goes on. */
    CHECK(OH_WebSocketClient_Connect(client, url, no_options) != WEBSOCKET_OK);
    RETURNS(OH_WebSocketClient_AddHeader(client, field("x-late", "1")), WEBSOCKET_OK);
    RETURNS(send_text(client, "still here"), WEBSOCKET_OK);
    wait_for(&seen.messages, 1);
    CHECK(seen.length == 10 && memcmp(seen.data, "still here", 10) == 0);
    RETURNS(OH_WebSocketClient_Send(client, (char *)"", 0), WEBSOCKET_OK);
    RETURNS(OH_WebSocketClient_Close(client, normal), WEBSOCKET_OK);
    wait_for(&seen.closes, 1);
    CHECK(seen.close_code == 1000 && strcmp(seen.reason, "bye") == 0);
    CHECK(seen.messages == 1 && seen.errors == 0);
    destroy(client);
}

static void calls_after_a_close(void)
{
    struct WebSocket *client = make_open();
    RETURNS(OH_WebSocketClient_Close(client, normal), WEBSOCKET_OK);
    RETURNS(OH_WebSocketClient_Close(client, normal), WEBSOCKET_NO_CONNECTION);
    wait_for(&seen.closes, 1);
    RETURNS(OH_WebSocketClient_Close(client, normal), WEBSOCKET_NO_CONNECTION);
    /* It connects again, as often as it likes. */
    for (int again = 2; again < 5; again += 1) {
        RETURNS(OH_WebSocketClient_Connect(client, url, no_options), WEBSOCKET_OK);
        wait_for(&seen.opens, again);
        RETURNS(OH_WebSocketClient_Close(client, normal), WEBSOCKET_OK);
        wait_for(&seen.closes, again);
    }
    RETURNS(OH_WebSocketClient_Destroy(client), WEBSOCKET_NO_CONNECTION_CONTEXT);
}

/* A reason that is no text is mended, and the connection closes. */
static void a_reason_that_is_no_text(void)
{
    static const WebSocket_CloseOption latin = {4000, "caf\xe9"};
    struct WebSocket *client = make_open();
    RETURNS(OH_WebSocketClient_Close(client, latin), WEBSOCKET_OK);
    wait_for(&seen.closes, 1);
    CHECK(seen.close_code == 4000 && strcmp(seen.reason, "caf\xef\xbf\xbd") == 0);
    RETURNS(OH_WebSocketClient_Destroy(client), WEBSOCKET_NO_CONNECTION_CONTEXT);
}

static void calls_after_a_failure(void)
{
    struct WebSocket *client = make();
    CHECK(OH_WebSocketClient_Connect(client, NOBODY, no_options) == WEBSOCKET_OK);
    wait_for(&seen.errors, 1);
    CHECK(seen.error_code == WEBSOCKET_CONNECTION_ERROR);
    RETURNS(OH_WebSocketClient_Close(client, normal), WEBSOCKET_NO_CONNECTION);
    RETURNS(OH_WebSocketClient_Connect(client, url, no_options), WEBSOCKET_OK);
    wait_for(&seen.opens, 1);
    CHECK(seen.closes == 0);
    destroy(client);
}

static void urls_that_are_none(void)
{
    static const char *const urls[] = {
        "", "ws://", "www.example", "http://127.0.0.1/", "ws://[::1", "\xff\xfe", "ws://a b/",
    };
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i += 1) {
        struct WebSocket *client = make();
        /* Refused at once or later: the client is as good as before. */
        OH_WebSocketClient_Connect(client, urls[i], no_options);
        OH_WebSocketClient_Close(client, normal);
        destroy(client);
    }
}

/* A message of so many bytes comes back whole. */
static void echo(struct WebSocket *client, char *data, size_t length)
{
    pthread_mutex_lock(&seen.lock);
    int before = seen.messages;
    pthread_mutex_unlock(&seen.lock);
    RETURNS(OH_WebSocketClient_Send(client, data, length), WEBSOCKET_OK);
    wait_for(&seen.messages, before + 1);
    CHECK(seen.length == length);
    CHECK(memcmp(seen.data, data, length < 64 ? length : 64) == 0);
}

static void lengths(void)
{
    const size_t largest = 4 * 1024 * 1024;
    char *data = malloc(largest + 1);
    CHECK(data != NULL);
    memset(data, 'x', largest + 1);
    struct WebSocket *client = make_open();
    RETURNS(OH_WebSocketClient_Send(client, data, largest + 1), WEBSOCKET_DATA_LENGTH_EXCEEDED);
    RETURNS(OH_WebSocketClient_Send(client, data, SIZE_MAX), WEBSOCKET_DATA_LENGTH_EXCEEDED);
    echo(client, data, largest);
    echo(client, (char *)"a\0b", 3);
    echo(client, (char *)"\xff\xfe", 2);
    destroy(client);
    free(data);
}

/* Nothing behind the last byte is read: it ends where a page ends, and the next is forbidden. */
static void a_message_without_an_end(void)
{
    char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(pages != MAP_FAILED);
    CHECK(mprotect(pages + 4096, 4096, PROT_NONE) == 0);
    memset(pages, 'y', 4096);
    struct WebSocket *client = make_open();
    echo(client, pages + 4096 - 5, 5);
    echo(client, pages, 4096);
    /* An unfinished character of UTF-8. */
    pages[4095] = '\xc3';
    echo(client, pages + 4090, 6);
    destroy(client);
    munmap(pages, 8192);
}

/* What was passed may be freed as soon as the call has returned. */
static void strings_are_copied(void)
{
    struct WebSocket *client = make();
    for (int i = 0; i < 3; i += 1) {
        char *name = strdup("x-copied");
        char *value = strdup("value");
        RETURNS(OH_WebSocketClient_AddHeader(client, field(name, value)), WEBSOCKET_OK);
        memset(name, '!', strlen(name));
        memset(value, '\n', strlen(value));
        free(name);
        free(value);
    }
    CHECK(strcmp(client->requestOptions.headers->fieldName, "x-copied") == 0);
    char *address = strdup(url);
    RETURNS(OH_WebSocketClient_Connect(client, address, client->requestOptions), WEBSOCKET_OK);
    memset(address, '!', strlen(address));
    free(address);
    wait_for(&seen.opens, 1);
    char *text = strdup("gone");
    RETURNS(OH_WebSocketClient_Send(client, text, 4), WEBSOCKET_OK);
    memset(text, '!', 4);
    free(text);
    wait_for(&seen.messages, 1);
    CHECK(memcmp(seen.data, "gone", 4) == 0);
    char *reason = strdup("enough");
    WebSocket_CloseOption option = {3001, reason};
    RETURNS(OH_WebSocketClient_Close(client, option), WEBSOCKET_OK);
    memset(reason, '!', strlen(reason));
    free(reason);
    wait_for(&seen.closes, 1);
    CHECK(seen.close_code == 3001 && strcmp(seen.reason, "enough") == 0);
    destroy(client);
}

/* A list of fields that ends in itself, and one that is too long. */
static void too_many_fields(void)
{
    struct WebSocket *client = make();
    WebSocket_Header endless = field("x-endless", "1");
    endless.next = &endless;
    WebSocket_RequestOptions options = {&endless};
    RETURNS(OH_WebSocketClient_Connect(client, url, options), WEBSOCKET_HEADER_EXCEEDED);
    int added = 0;
    while (OH_WebSocketClient_AddHeader(client, field("x-many", "1")) == WEBSOCKET_OK) {
        added += 1;
        CHECK(added <= 8192);
    }
    destroy(client);
}

static void fields_that_are_none(void)
{
    static const char *const names[] = {"", "a b", "a\r\nb", "\xff", "sec-websocket-key", ":"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i += 1) {
        struct WebSocket *client = make();
        OH_WebSocketClient_AddHeader(client, field(names[i], "value"));
        OH_WebSocketClient_AddHeader(client, field("x-value", "a\r\nb: c"));
        OH_WebSocketClient_Connect(client, url, client->requestOptions);
        destroy(client);
    }
}

/* From inside callbacks. */

/* One of each other call; the client is none of the one whose callback this is. */
static void use_another_client(struct WebSocket *client)
{
    (void)client;
    struct WebSocket *other = OH_WebSocketClient_Constructor(NULL, NULL, NULL, NULL);
    RETURNS(OH_WebSocketClient_AddHeader(other, field("a", "b")), WEBSOCKET_OK);
    RETURNS(OH_WebSocketClient_Connect(other, url, other->requestOptions), WEBSOCKET_OK);
    send_text(other, "from inside");
    OH_WebSocketClient_Close(other, normal);
    destroy(other);
}

static void destroy_in_callback(struct WebSocket *client)
{
    destroy(client);
    all_answer(client, WEBSOCKET_CLIENT_NOT_CREATED);
    use_another_client(client);
}

static void send_in_callback(struct WebSocket *client)
{
    RETURNS(send_text(client, "inside"), WEBSOCKET_OK);
    RETURNS(OH_WebSocketClient_AddHeader(client, field("a", "b")), WEBSOCKET_OK);
}

static void close_in_callback(struct WebSocket *client)
{
    RETURNS(OH_WebSocketClient_Close(client, normal), WEBSOCKET_OK);
}

static void connect_in_callback(struct WebSocket *client)
{
    seen.at_error = NULL;
    seen.at_close = NULL;
    RETURNS(OH_WebSocketClient_Connect(client, url, no_options), WEBSOCKET_OK);
}

static void destroyed_inside_each_callback(void)
{
    struct WebSocket *client = make();
    seen.at_open = destroy_in_callback;
    RETURNS(OH_WebSocketClient_Connect(client, url, no_options), WEBSOCKET_OK);
    wait_for(&seen.opens, 1);

    client = make();
    seen.at_open = send_in_callback;
    seen.at_message = destroy_in_callback;
    RETURNS(OH_WebSocketClient_Connect(client, url, no_options), WEBSOCKET_OK);
    wait_for(&seen.messages, 1);

    client = make();
    seen.at_error = destroy_in_callback;
    RETURNS(OH_WebSocketClient_Connect(client, NOBODY, no_options), WEBSOCKET_OK);
    wait_for(&seen.errors, 1);

    client = make();
    seen.at_open = close_in_callback;
    seen.at_close = destroy_in_callback;
    RETURNS(OH_WebSocketClient_Connect(client, url, no_options), WEBSOCKET_OK);
    wait_for(&seen.closes, 1);
    CHECK(seen.errors == 0);
}

static void sent_and_closed_inside_callbacks(void)
{
    struct WebSocket *client = make();
    seen.at_open = send_in_callback;
    seen.at_message = close_in_callback;
    seen.at_close = use_another_client;
    RETURNS(OH_WebSocketClient_Connect(client, url, no_options), WEBSOCKET_OK);
    wait_for(&seen.closes, 1);
    CHECK(seen.opens == 1 && seen.messages == 1 && seen.errors == 0);
    destroy(client);
}

static void connected_again_inside_callbacks(void)
{
    struct WebSocket *client = make();
    seen.at_error = connect_in_callback;
    RETURNS(OH_WebSocketClient_Connect(client, NOBODY, no_options), WEBSOCKET_OK);
    wait_for(&seen.opens, 1);
    seen.at_close = connect_in_callback;
    RETURNS(OH_WebSocketClient_Close(client, normal), WEBSOCKET_OK);
    wait_for(&seen.opens, 2);
    destroy(client);
}

/* From many threads at once. */

static struct WebSocket *shared;
static pthread_barrier_t start;

static void in_threads(void *(*function)(void *), void *results[THREADS])
{
    pthread_t threads[THREADS];
    pthread_barrier_init(&start, NULL, THREADS);
    for (int i = 0; i < THREADS; i += 1) {
        CHECK(pthread_create(&threads[i], NULL, function, (void *)(intptr_t)i) == 0);
    }
    for (int i = 0; i < THREADS; i += 1) {
        pthread_join(threads[i], &results[i]);
    }
    pthread_barrier_destroy(&start);
}

static void *destroy_in_thread(void *argument)
{
    (void)argument;
    pthread_barrier_wait(&start);
    return (void *)(intptr_t)OH_WebSocketClient_Destroy(shared);
}

static void destroyed_from_threads_at_once(void)
{
    for (int round = 0; round < 20; round += 1) {
        shared = round % 2 ? make_open() : make();
        void *results[THREADS];
        in_threads(destroy_in_thread, results);
        int freed = 0;
        for (int i = 0; i < THREADS; i += 1) {
            int code = (int)(intptr_t)results[i];
            if (code == WEBSOCKET_OK || code == WEBSOCKET_NO_CONNECTION_CONTEXT) {
                freed += 1;
            } else {
                CHECK(code == WEBSOCKET_CLIENT_NOT_CREATED);
            }
        }
        CHECK(freed == 1);
    }
}

#define MESSAGES 200

static void *send_in_thread(void *argument)
{
    (void)argument;
    pthread_barrier_wait(&start);
    for (int i = 0; i < MESSAGES; i += 1) {
        RETURNS(send_text(shared, "from a thread"), WEBSOCKET_OK);
    }
    return NULL;
}

static void sent_from_threads_at_once(void)
{
    shared = make_open();
    void *results[THREADS];
    in_threads(send_in_thread, results);
    wait_for(&seen.messages, THREADS * MESSAGES);
    destroy(shared);
}

/* Each thread does another thing; the codes are as they come. */
static void *anything_in_thread(void *argument)
{
    pthread_barrier_wait(&start);
    for (int i = 0; i < 50; i += 1) {
        switch ((intptr_t)argument) {
        case 0:
            OH_WebSocketClient_Connect(shared, url, no_options);
            OH_WebSocketClient_AddHeader(shared, field("x-thread", "0"));
            break;
        case 1:
            send_text(shared, "anything");
            break;
        case 2:
            OH_WebSocketClient_Close(shared, normal);
            break;
        default:
            if (i == 40) {
                destroy(shared);
            }
            OH_WebSocketClient_Connect(shared, NOBODY, no_options);
            break;
        }
    }
    return NULL;
}

static void anything_from_threads_at_once(void)
{
    for (int round = 0; round < 10; round += 1) {
        shared = make();
        void *results[THREADS];
        in_threads(anything_in_thread, results);
        RETURNS(OH_WebSocketClient_Destroy(shared), WEBSOCKET_CLIENT_NOT_CREATED);
    }
}

static bool is_destroyed;

static void on_message_of_a_flood(struct WebSocket *client, char *data, uint32_t length)
{
    (void)data, (void)length;
    CHECK(!__atomic_load_n(&is_destroyed, __ATOMIC_SEQ_CST));
    /* Each answer asks for the next. */
    send_text(client, "more");
    count(&seen.messages, &seen.at_message, client);
}

/* When `Destroy` has returned, no callback runs, and none will. */
static void no_callback_after_the_end(void)
{
    for (int round = 0; round < 20; round += 1) {
        forget();
        __atomic_store_n(&is_destroyed, false, __ATOMIC_SEQ_CST);
        struct WebSocket *client =
            OH_WebSocketClient_Constructor(on_open, on_message_of_a_flood, NULL, NULL);
        RETURNS(OH_WebSocketClient_Connect(client, url, no_options), WEBSOCKET_OK);
        RETURNS(send_text(client, "first"), WEBSOCKET_OK);
        wait_for(&seen.messages, 10);
        RETURNS(OH_WebSocketClient_Destroy(client), WEBSOCKET_OK);
        __atomic_store_n(&is_destroyed, true, __ATOMIC_SEQ_CST);
    }
}

/*
 * This thread, the network's, and that of the echo server's callbacks. Emulators have others, and
 * so has ThreadSanitizer.
 */
#ifndef OWN_THREADS
#define OWN_THREADS 3
#endif

/* How many entries a folder of /proc has: the threads of this process, or its descriptors. */
static int entries(const char *folder)
{
    int number = 0;
    DIR *open = opendir(folder);
    CHECK(open != NULL);
    for (const struct dirent *entry; (entry = readdir(open)) != NULL;) {
        number += entry->d_name[0] != '.';
    }
    closedir(open);
    return number;
}

/* Waits until a folder has no more than so many entries. */
static void wait_for_entries(const char *folder, int number)
{
    time_t limit = time(NULL) + PATIENCE;
    while (entries(folder) > number) {
        CHECK(time(NULL) < limit);
        sched_yield();
    }
}

/* The thread and the socket of a client go with it. */
static void nothing_is_left_of_clients(void)
{
    destroy(make_open());
    wait_for_entries("/proc/self/task", OWN_THREADS);
    int descriptors = entries("/proc/self/fd");
    for (int i = 0; i < 50; i += 1) {
        destroy(make_open());
    }
    wait_for_entries("/proc/self/task", OWN_THREADS);
    wait_for_entries("/proc/self/fd", descriptors);
}

static const Case cases[] = {
    CASE(null_client),
    CASE(null_arguments),
    CASE(null_callbacks),
    CASE(addresses_that_are_no_clients),
    CASE(a_client_of_another_address),
    CASE(destroyed_twice),
    CASE(an_address_is_not_soon_given_out_again),
    CASE(a_hundred_clients),
    CASE(calls_before_a_connection),
    CASE(calls_while_open),
    CASE(calls_after_a_close),
    CASE(a_reason_that_is_no_text),
    CASE(calls_after_a_failure),
    CASE(urls_that_are_none),
    CASE(lengths),
    CASE(a_message_without_an_end),
    CASE(strings_are_copied),
    CASE(too_many_fields),
    CASE(fields_that_are_none),
    CASE(destroyed_inside_each_callback),
    CASE(sent_and_closed_inside_callbacks),
    CASE(connected_again_inside_callbacks),
    CASE(destroyed_from_threads_at_once),
    CASE(sent_from_threads_at_once),
    CASE(anything_from_threads_at_once),
    CASE(no_callback_after_the_end),
    CASE(nothing_is_left_of_clients),
};

int main(int count, char **names)
{
    return run_cases(cases, sizeof cases / sizeof *cases, count, names);
}
