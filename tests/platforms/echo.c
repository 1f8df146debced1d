/*
 * A server and a client of it in one program, which is linked with the archive of the C library
 * and needs nothing else of the system.
 */
#include <arkws.h>
#include <network/netstack/net_websocket.h>

#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char MESSAGE[] = "from a program that has everything in it";

static sem_t over;

static void echo(void *user, arkws_server *server, arkws_peer peer, const char *data,
                 size_t length, int is_text)
{
    (void)user;
    if (is_text) {
        arkws_server_send_text(server, peer, data, length);
    }
}

static void on_open(void *user, arkws_client *client, const arkws_opened *opened)
{
    (void)user;
    (void)opened;
    arkws_client_send_text(client, MESSAGE, strlen(MESSAGE));
}

static void on_message(void *user, arkws_client *client, const char *data, size_t length,
                       int is_text)
{
    (void)user;
    (void)is_text;
    printf("%.*s\n", (int)length, data);
    arkws_client_close(client, 1000, "seen");
}

static void on_error(void *user, arkws_client *client, const arkws_error *error)
{
    (void)user;
    (void)client;
    printf("%s\n", error->message);
    sem_post(&over);
}

static void on_close(void *user, arkws_client *client, uint16_t code, const char *reason)
{
    (void)user;
    (void)client;
    printf("%u %s\n", (unsigned)code, reason);
    sem_post(&over);
}

/* The platform's functions are in the archive too. */
static int platform_works(void)
{
    struct WebSocket *client = OH_WebSocketClient_Constructor(NULL, NULL, NULL, NULL);
    return client != NULL &&
           OH_WebSocketClient_Destroy(client) == WEBSOCKET_NO_CONNECTION_CONTEXT;
}

int main(void)
{
    sem_init(&over, 0, 0);
    arkws_server_callbacks serves = {.size = sizeof serves, .on_message = echo};
    arkws_server *server = arkws_server_create(&serves, NULL);
    if (arkws_server_start(server, "127.0.0.1", 0) != ARKWS_OK) {
        printf("cannot serve\n");
        return 1;
    }
    char url[64];
    snprintf(url, sizeof url, "ws://localhost:%u/", (unsigned)arkws_server_port(server));

    arkws_client_callbacks hears = {.size = sizeof hears,
                                    .on_open = on_open,
                                    .on_message = on_message,
                                    .on_error = on_error,
                                    .on_close = on_close};
    arkws_client *client = arkws_client_create(&hears, NULL);
    arkws_client_set_proxy(client, "", NULL);
    arkws_client_connect(client, url);
    struct timespec deadline;
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += 30;
    int is_late = sem_timedwait(&over, &deadline);
    arkws_client_destroy(client);
    arkws_server_destroy(server);
    return is_late || !platform_works();
}
