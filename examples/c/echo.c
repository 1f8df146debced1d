/*
 * Sends messages to an echo server, prints what comes back, and says goodbye.
 *
 *     cc echo.c -o echo $(pkg-config --cflags --libs arkws)
 *     ./echo wss://echo.example/ hello world
 *
 * It uses OpenHarmony's own header, and compiles unchanged for a device.
 */
#include <network/netstack/net_websocket.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* Callbacks run on a thread of the library: what they share with `main` needs a lock. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int exit_code = -1;

/* What is still to be sent. Only callbacks use it, and those come one after the other. */
static char **messages;

static void finish(int code)
{
    pthread_mutex_lock(&lock);
    exit_code = code;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
}

/* Sends the next message; closes the connection behind the last. */
static void next(struct WebSocket *client)
{
    if (*messages != NULL) {
        char *message = *messages++;
        int code = OH_WebSocketClient_Send(client, message, strlen(message));
        if (code != WEBSOCKET_OK) {
            fprintf(stderr, "cannot send: %d\n", code);
        }
    } else {
        struct WebSocket_CloseOption option = {1000, "done"};
        OH_WebSocketClient_Close(client, option);
    }
}

static void on_open(struct WebSocket *client, WebSocket_OpenResult result)
{
    printf("open: %u %s\n", (unsigned)result.code, result.reason);
    next(client);
}

static void on_message(struct WebSocket *client, char *data, uint32_t length)
{
    printf("message: %.*s\n", (int)length, data);
    next(client);
}

/* After this comes `on_close` only if the connection was open. Either way it is over. */
static void on_error(struct WebSocket *client, WebSocket_ErrorResult result)
{
    (void)client;
    fprintf(stderr, "error %u: %s\n", (unsigned)result.errorCode, result.errorMessage);
    finish(EXIT_FAILURE);
}

static void on_close(struct WebSocket *client, WebSocket_CloseResult result)
{
    (void)client;
    printf("close: %u %s\n", (unsigned)result.code, result.reason);
    finish(result.code == 1000 ? EXIT_SUCCESS : EXIT_FAILURE);
}

int main(int count, char **arguments)
{
    if (count < 3) {
        fprintf(stderr, "usage: %s URL MESSAGE...\n", arguments[0]);
        return EXIT_FAILURE;
    }
    messages = arguments + 2;

    struct WebSocket *client =
        OH_WebSocketClient_Constructor(on_open, on_message, on_error, on_close);
    if (client == NULL) {
        fprintf(stderr, "there are too many clients\n");
        return EXIT_FAILURE;
    }
    struct WebSocket_Header header = {"User-Agent", "echo.c", NULL};
    OH_WebSocketClient_AddHeader(client, header);

    int code = OH_WebSocketClient_Connect(client, arguments[1], client->requestOptions);
    if (code != WEBSOCKET_OK) {
        fprintf(stderr, "cannot connect to %s: %d\n", arguments[1], code);
        finish(EXIT_FAILURE);
    }

    pthread_mutex_lock(&lock);
    while (exit_code < 0) {
        pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);

    OH_WebSocketClient_Destroy(client);
    return exit_code;
}
