/*
 * uWebSockets as a server: one thread, no TLS, no time-outs, messages sent from the callback that
 * has received them, where the library gathers them to one write.
 *
 * The library is loaded, not linked: it comes without headers, in a Python package. What is used of
 * its interface is declared here.
 *
 * peer LIBRARY TASK serves until it is killed; TASK is `echo` or `broadcast`. The address is
 * printed first. peer LIBRARY only tells by its exit status whether the library can be loaded.
 */
#include <assert.h>
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { NO_TLS = 0, NOT_COMPRESSED = 0, MOST_PAYLOAD = 16 << 20, MOST_QUEUED = 16 << 20 };

static const char ROOM[] = "room";

struct tls_files {
	const char *names[6];
	int low_memory;
};

struct listening {
	int port;
	const char *host;
	int options;
};

/* All handlers get `data`, as it was given with them, last. */
struct behaviour {
	int compression;
	unsigned most_payload;
	unsigned short idle_timeout;
	unsigned most_queued;
	bool close_when_full, sending_is_life, pings;
	unsigned short lifetime;
	void *upgrade;
	void (*open)(void *socket, void *data);
	void (*message)(void *socket, const char *bytes, size_t len, int opcode, void *data);
	void *drain, *ping, *pong, *close, *subscription;
};

static struct {
	void *(*create)(int tls, struct tls_files files);
	void (*serve)(int tls, void *app, const char *path, struct behaviour, void *data);
	void (*listen)(int tls, void *app, struct listening,
		       void (*on)(void *socket, struct listening, void *data), void *data);
	int (*port)(int tls, void *socket);
	void (*run)(int tls, void *app);
	int (*send)(int tls, void *socket, const char *bytes, size_t len, int opcode);
	bool (*join)(int tls, void *socket, const char *topic, size_t len);
	bool (*publish)(int tls, void *app, const char *topic, size_t topic_len,
			const char *bytes, size_t len, int opcode, bool compress);
} uws;

static void load(const char *path)
{
	const struct {
		const char *name;
		void *function;
	} wanted[] = {
		{ "uws_create_app", &uws.create },
		{ "uws_ws", &uws.serve },
		{ "uws_app_listen_with_config", &uws.listen },
		{ "us_socket_local_port", &uws.port },
		{ "uws_app_run", &uws.run },
		{ "uws_ws_send", &uws.send },
		{ "uws_ws_subscribe", &uws.join },
		{ "uws_publish", &uws.publish },
	};
	void *library = dlopen(path, RTLD_NOW);

	for (size_t i = 0; library && i < sizeof wanted / sizeof *wanted; i++) {
		void *found = dlsym(library, wanted[i].name);

		if (!found)
			break;
		memcpy(wanted[i].function, &found, sizeof found);
	}
	if (!library || !uws.publish) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
}

static void echo(void *socket, const char *bytes, size_t len, int opcode, void *app)
{
	(void)app;
	uws.send(NO_TLS, socket, bytes, len, opcode);
}

static void join(void *socket, void *app)
{
	(void)app;
	uws.join(NO_TLS, socket, ROOM, sizeof ROOM - 1);
}

static void publish(void *socket, const char *bytes, size_t len, int opcode, void *app)
{
	(void)socket;
	uws.publish(NO_TLS, app, ROOM, sizeof ROOM - 1, bytes, len, opcode, false);
}

static void on_listen(void *socket, struct listening config, void *app)
{
	(void)app;
	(void)config;
	assert(socket);
	printf("127.0.0.1:%d\n", uws.port(NO_TLS, socket));
	fflush(stdout);
}

/* Ten thousand connections need as many files. */
static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int main(int argc, char **argv)
{
	struct behaviour behaviour = {
		.compression = NOT_COMPRESSED,
		.most_payload = MOST_PAYLOAD,
		.most_queued = MOST_QUEUED,
	};
	struct listening loopback = { .host = "127.0.0.1" };
	void *app;

	if (argc == 2) {
		load(argv[1]);
		return 0;
	}
	if (argc != 3) {
		fprintf(stderr, "usage: peer LIBRARY [TASK]\n");
		return 2;
	}
	load(argv[1]);
	raise_file_limit();
	if (strcmp(argv[2], "echo") == 0) {
		behaviour.message = echo;
	} else {
		assert(strcmp(argv[2], "broadcast") == 0);
		behaviour.open = join;
		behaviour.message = publish;
	}
	app = uws.create(NO_TLS, (struct tls_files){ 0 });
	assert(app);
	uws.serve(NO_TLS, app, "/*", behaviour, app);
	uws.listen(NO_TLS, app, loopback, on_listen, app);
	uws.run(NO_TLS, app);
	return 1;
}
