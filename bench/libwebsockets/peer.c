/*
 * libwebsockets, driven as its documentation advises: everything is sent from the writeable
 * callback, no extensions; buffers of 64 KiB, and several messages per callback while the socket
 * takes them.
 *
 * peer MODE PORT PATH MESSAGES SIZE CONTENT prints the same line of JSON as the other peers.
 */
#include <assert.h>
#include <libwebsockets.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum mode { RECEIVE, SEND, PING_PONG, WINDOW, HANDSHAKE };

enum { WINDOW_SIZE = 64, BUFFER = 64 << 10 };

static const char *const MODES[] = { "receive", "send", "ping-pong", "window", "handshake" };

static struct {
	enum mode mode;
	int port;
	const char *path;
	uint64_t messages;
	size_t size;
	bool text;

	struct lws_context *context;
	uint8_t *message;     /* what is sent and expected */
	uint8_t *frame;       /* LWS_PRE bytes and a copy: libwebsockets masks in place */
	uint8_t *assembled;   /* a message that arrives in pieces */
	size_t arrived;
	uint64_t received, sent, allowed, opened;
	bool measured, done;
	uint64_t wall, cpu;   /* at the start, then the difference */
	uint64_t *times, asked;
} bench;

static uint64_t now(clockid_t clock)
{
	struct timespec time;
	assert(clock_gettime(clock, &time) == 0);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void start(void)
{
	bench.wall = now(CLOCK_MONOTONIC);
	bench.cpu = now(CLOCK_PROCESS_CPUTIME_ID);
}

static void stop(void)
{
	bench.wall = now(CLOCK_MONOTONIC) - bench.wall;
	bench.cpu = now(CLOCK_PROCESS_CPUTIME_ID) - bench.cpu;
	bench.measured = true;
}

static void make_message(void)
{
	static const char sentence[] = "der Bär läuft über die Brücke, 1,234 times and more; ";
	size_t len = 0, size = bench.size;
	uint64_t state = 0x9E3779B97F4A7C15u;

	bench.message = malloc(size + 1);
	bench.frame = malloc(LWS_PRE + size);
	bench.assembled = malloc(size + 1);
	assert(bench.message && bench.frame && bench.assembled);
	if (bench.text) {
		for (; len + sizeof sentence - 1 <= size; len += sizeof sentence - 1)
			memcpy(bench.message + len, sentence, sizeof sentence - 1);
		memset(bench.message + len, '.', size - len);
	} else {
		for (; len < size; len++) {
			state = state * 6364136223846793005u + 1442695040888963407u;
			bench.message[len] = (uint8_t)(state >> 56);
		}
	}
}

/* Length and both ends of every message, all bytes of every 256th. */
static void check(const uint8_t *data, size_t len)
{
	bool good = len == bench.size;

	if (good && (bench.received & 0xFF) == 0)
		good = memcmp(data, bench.message, len) == 0;
	else if (good && len >= 8)
		good = memcmp(data, bench.message, 8) == 0
		    && memcmp(data + len - 8, bench.message + len - 8, 8) == 0;
	if (!good) {
		fprintf(stderr, "message %llu is wrong\n", (unsigned long long)bench.received);
		exit(1);
	}
}

static void connect_next(void)
{
	struct lws_client_connect_info info = {
		.context = bench.context,
		.address = "127.0.0.1",
		.host = "localhost",
		.origin = "localhost",
		.port = bench.port,
		.path = bench.path,
		.local_protocol_name = "bench",
	};
	if (!lws_client_connect_via_info(&info)) {
		fprintf(stderr, "no connection\n");
		exit(1);
	}
}

static void on_message(struct lws *wsi, const uint8_t *data, size_t len)
{
	if (bench.mode == SEND) { /* the counterpart's `ok` */
		assert(len == 2 && memcmp(data, "ok", 2) == 0);
		assert(bench.measured);
		bench.done = true;
		return;
	}
	check(data, len);
	bench.received++;
	if (bench.mode == PING_PONG)
		bench.times[bench.received - 1] = now(CLOCK_MONOTONIC) - bench.asked;
	if (bench.received == bench.messages) {
		stop();
		bench.done = true;
	} else if (bench.mode == PING_PONG) {
		bench.allowed++;
		lws_callback_on_writable(wsi);
	} else if (bench.mode == WINDOW && bench.received % (WINDOW_SIZE / 2) == 0) {
		bench.allowed += WINDOW_SIZE / 2;
		if (bench.allowed > bench.messages)
			bench.allowed = bench.messages;
		lws_callback_on_writable(wsi);
	}
}

static int on_writeable(struct lws *wsi)
{
	if (bench.mode == SEND && bench.sent == bench.messages && !bench.measured)
		stop(); /* writeable again: the last one has been written */
	while (bench.sent < bench.allowed) {
		if (bench.mode == PING_PONG)
			bench.asked = now(CLOCK_MONOTONIC);
		memcpy(bench.frame + LWS_PRE, bench.message, bench.size);
		if (lws_write(wsi, bench.frame + LWS_PRE, bench.size,
			      bench.text ? LWS_WRITE_TEXT : LWS_WRITE_BINARY) < (int)bench.size)
			return -1;
		bench.sent++;
		if (lws_send_pipe_choked(wsi))
			break;
	}
	if (bench.sent < bench.allowed || (bench.mode == SEND && !bench.measured))
		lws_callback_on_writable(wsi);
	return 0;
}

static int callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		    size_t len)
{
	(void)user;
	switch (reason) {
	case LWS_CALLBACK_CLIENT_ESTABLISHED:
		if (bench.mode == HANDSHAKE) {
			/* closed from the writeable callback: here that would be a failure */
			lws_callback_on_writable(wsi);
			return 0;
		}
		start();
		bench.allowed = bench.mode == SEND ? bench.messages
			      : bench.mode == PING_PONG ? 1
			      : bench.mode == WINDOW ? WINDOW_SIZE : 0;
		if (bench.allowed)
			lws_callback_on_writable(wsi);
		return 0;
	case LWS_CALLBACK_CLIENT_RECEIVE:
		if (lws_is_first_fragment(wsi) && lws_is_final_fragment(wsi)) {
			on_message(wsi, in, len);
			return 0;
		}
		if (lws_is_first_fragment(wsi))
			bench.arrived = 0;
		assert(bench.arrived + len <= bench.size);
		memcpy(bench.assembled + bench.arrived, in, len);
		bench.arrived += len;
		if (lws_is_final_fragment(wsi))
			on_message(wsi, bench.assembled, bench.arrived);
		return 0;
	case LWS_CALLBACK_CLIENT_WRITEABLE:
		return bench.mode == HANDSHAKE ? -1 : on_writeable(wsi);
	case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
		fprintf(stderr, "connection failed: %s\n", in ? (const char *)in : "?");
		exit(1);
	case LWS_CALLBACK_CLIENT_CLOSED:
		if (bench.mode != HANDSHAKE)
			return 0;
		if (++bench.opened < bench.messages) {
			connect_next();
		} else {
			stop();
			bench.done = true;
		}
		return 0;
	default:
		return 0;
	}
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	static const struct lws_protocols protocols[] = {
		{ .name = "bench", .callback = callback, .rx_buffer_size = BUFFER },
		{ 0 },
	};
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN,
		.protocols = protocols,
		.pt_serv_buf_size = BUFFER,
		.options = LWS_SERVER_OPTION_VALIDATE_UTF8,
		.gid = -1,
		.uid = -1,
	};

	if (argc != 7) {
		fprintf(stderr, "usage: peer MODE PORT PATH MESSAGES SIZE CONTENT\n");
		return 2;
	}
	while (strcmp(MODES[bench.mode], argv[1]) != 0) {
		bench.mode++;
		assert(bench.mode <= HANDSHAKE);
	}
	bench.port = atoi(argv[2]);
	bench.path = argv[3];
	bench.messages = strtoull(argv[4], NULL, 10);
	bench.size = strtoull(argv[5], NULL, 10);
	bench.text = strcmp(argv[6], "text") == 0;
	bench.times = calloc(bench.messages, sizeof *bench.times);
	assert(bench.times);
	make_message();
	lws_set_log_level(LLL_ERR, NULL);
	bench.context = lws_create_context(&info);
	assert(bench.context);
	if (bench.mode == HANDSHAKE)
		start();
	connect_next();
	while (!bench.done && lws_service(bench.context, 0) >= 0)
		;
	printf("{\"messages\":%llu,\"bytes\":%llu,\"wall\":%llu,\"cpu\":%llu,\"latency\":",
	       (unsigned long long)bench.messages, (unsigned long long)(bench.messages * bench.size),
	       (unsigned long long)bench.wall, (unsigned long long)bench.cpu);
	if (bench.mode == PING_PONG) {
		qsort(bench.times, bench.messages, sizeof *bench.times, by_size);
		printf("[%llu,%llu]", (unsigned long long)bench.times[bench.messages / 2],
		       (unsigned long long)bench.times[bench.messages * 99 / 100]);
	} else {
		printf("null");
	}
	printf(",\"resident\":null}\n");
	return 0;
}
