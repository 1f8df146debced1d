/*
 * Values that a seed chooses: objects, text, data and numbers of all kinds. The objects are those
 * that the program has put into the tables here.
 */
#ifndef MISUSE_ANY_H
#define MISUSE_ANY_H

#include <stdatomic.h>

#include "misuse.h"

/* How many objects there are at most of each kind, and that many that were. */
#define OBJECTS 6

/* The longest data. */
#define LONGEST 70000

static _Atomic(void *) clients[OBJECTS], servers[OBJECTS], queues[OBJECTS];
static _Atomic(uint64_t) peers[OBJECTS];
/* Where one of the servers listens, or did. */
static _Atomic(uint16_t) port;
static char data[LONGEST];
static uint64_t seed;

/* SplitMix64 (Steele, Lea and Flood, 2014). */
static _Thread_local uint64_t random_state;

static uint64_t any(uint64_t below)
{
    random_state += 0x9E3779B97F4A7C15u;
    uint64_t mixed = random_state;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
    return (mixed ^ (mixed >> 31)) % below;
}

/* What follows is the same, whatever was before it. */
static void begin(uint64_t caller, uint64_t number)
{
    random_state = seed;
    random_state = any(UINT64_MAX) + caller;
    random_state = any(UINT64_MAX) + number;
}

#define ANY_OF(list) ((list)[any(sizeof(list) / sizeof *(list))])

/* An object of the kind, mostly; one that is none now and then. */
static void *object(_Atomic(void *) *kind)
{
    switch (any(30)) {
    case 0:
        return NULL;
    case 1:
        return atomic_load(&ANY_OF(clients));
    case 2:
        return atomic_load(&ANY_OF(servers));
    case 3:
        return atomic_load(&ANY_OF(queues));
    case 4:
        return data + any(64);
    case 5:
        return (void *)(uintptr_t)any(UINT64_MAX);
    default:
        return atomic_load(&kind[any(OBJECTS)]);
    }
}

/* Puts a new one in the place of an old one, which is destroyed before, after, or never again. */
static void replace(_Atomic(void *) *place, void *created, int (*destroy)(void *))
{
    void *old = atomic_exchange(place, created);
    destroy(old);
    if (any(4) == 0) {
        destroy(old);
    }
}

static const char *text(void)
{
    static const char *const texts[] = {
        NULL, "", "a", "127.0.0.1", "::1", "localhost", "256.1.1.1", "/nonexistent", "unix:/x",
        NOBODY, "ws://", "http://127.0.0.1:1/", "ws://127.0.0.1:1/%zz?\x01", "wss://127.0.0.1:1/",
        "Cookie", "Host", "Sec-WebSocket-Key", "x\r\ny: z", "chat", "chat, chat", "p,q",
        "http://user:pass@127.0.0.1:1", "socks5h://127.0.0.1:1", "*", "null", "https://*.a",
        "\xff\xfe", "\xed\xa0\x80", "gr\xc3\xbc\xc3\x9f" "e", "%s%n",
    };
    switch (any(6)) {
    case 0:
    case 1:
        return url;
    case 2:
        /* Up to its end, which is a NUL. */
        return data + LONGEST - 1 - any(any(2) == 0 ? 200 : LONGEST - 1);
    default:
        return ANY_OF(texts);
    }
}

static uint64_t number(void)
{
    static const uint64_t numbers[] = {
        0, 1, 2, 3, 10, 125, 126, 1000, 1005, 1006, 1015, 3000, 4999, 5000, 60000, 65535, 65536,
        INT32_MAX, UINT32_MAX, INT64_MAX, UINT64_MAX,
    };
    return any(3) == 0 ? any(UINT64_MAX) : ANY_OF(numbers);
}

/* Data, and in `length` as much of it as there is; or NULL, with any length. */
static char *bytes(size_t *length)
{
    if (any(8) == 0) {
        *length = number();
        return NULL;
    }
    *length = any(any(2) == 0 ? 200 : LONGEST);
    return data;
}

static uint64_t peer(void)
{
    return any(4) == 0 ? number() : atomic_load(&ANY_OF(peers));
}

/* What an option may be that is NULL if nobody sets it. */
static const char *option(void)
{
    return any(4) != 0 ? NULL : text();
}

#endif
