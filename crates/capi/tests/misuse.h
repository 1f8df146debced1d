/*
 * What the programs of the misuse matrix share: checks that end the program, and the echo server
 * that their clients talk to, in the same process.
 */
#ifndef MISUSE_H
#define MISUSE_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "arkws.h"

#define CHECK(condition)                                                                          \
    do {                                                                                          \
        if (!(condition)) {                                                                       \
            fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition);         \
            abort();                                                                              \
        }                                                                                         \
    } while (0)

/* What a function returned is what it should; both numbers are told. */
#define RETURNS(call, code)                                                                       \
    do {                                                                                          \
        int returned_ = (call);                                                                   \
        if (returned_ != (int)(code)) {                                                           \
            fprintf(stderr, "%s:%d: %s is %d, not %s\n", __FILE__, __LINE__, #call, returned_,    \
                    #code);                                                                       \
            abort();                                                                              \
        }                                                                                         \
    } while (0)

/* A URL of this machine where nothing listens: port 1 is nobody's. */
#define NOBODY "ws://127.0.0.1:1/"

/* How many addresses are given out before one of a destroyed object may be again. */
#define OTHERS 1024

/* How many threads do something at once. */
#define THREADS 4

/* Where the echo server listens. */
static char url[64];

static void send_back(void *user, arkws_server *server, arkws_peer peer, const char *data,
                      size_t length, int is_text)
{
    (void)user;
    /* The client may have gone: that is no matter of the server's. */
    if (is_text) {
        arkws_server_send_text(server, peer, data, length);
    } else {
        arkws_server_send_binary(server, peer, data, length);
    }
}

static arkws_server *start_echo_server(void)
{
    arkws_server_callbacks callbacks;
    memset(&callbacks, 0, sizeof callbacks);
    callbacks.size = sizeof callbacks;
    callbacks.on_message = send_back;
    arkws_server *server = arkws_server_create(&callbacks, NULL);
    CHECK(server != NULL);
    RETURNS(arkws_server_start(server, "127.0.0.1", 0), ARKWS_OK);
    snprintf(url, sizeof url, "ws://127.0.0.1:%u/", (unsigned)arkws_server_port(server));
    return server;
}

typedef struct {
    const char *name;
    void (*run)(void);
} Case;

#define CASE(function) {#function, function}

/* Runs them all, or those that are named; each says its name first. */
static int run_cases(const Case *cases, size_t number, int count, char **names)
{
    arkws_server *server = start_echo_server();
    size_t passed = 0;
    for (size_t i = 0; i < number; i += 1) {
        bool is_wanted = count < 2;
        for (int name = 1; name < count; name += 1) {
            is_wanted = is_wanted || strcmp(names[name], cases[i].name) == 0;
        }
        if (is_wanted) {
            printf("%s\n", cases[i].name);
            fflush(stdout);
            cases[i].run();
            passed += 1;
        }
    }
    RETURNS(arkws_server_destroy(server), ARKWS_OK);
    printf("%zu passed, 0 failed\n", passed);
    return passed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
