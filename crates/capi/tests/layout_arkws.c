/*
 * Sizes and offsets of arkws.h, which a program that was compiled with an earlier version relies
 * on: structs without a size stay as they are where the program has them in memory of its own, and
 * the others grow at their end. It is enough that this compiles, as C99 and later or as C++.
 */
#include "layout.h"

#include "arkws.h"

#define FIELD(type, field, offset, bytes)                                                         \
    ASSERT(offsetof(type, field) == (offset) && sizeof(((type *)0)->field) == (bytes))

/* arkws_last_error fills it, and cannot know how large the program's is: it never grows. */
ASSERT(sizeof(arkws_error) == 8 + 2 * P);
FIELD(arkws_error, code, 0, 4);
FIELD(arkws_error, http_status, 4, 4);
FIELD(arkws_error, cause, 8, P);
FIELD(arkws_error, message, 8 + P, P);

/* The library makes these: they may grow. */
FIELD(arkws_opened, status, 0, 4);
FIELD(arkws_opened, reason, P, P);
FIELD(arkws_opened, protocol, 2 * P, P);

FIELD(arkws_accepted, address, 0, P);
FIELD(arkws_accepted, target, P, P);
FIELD(arkws_accepted, origin, 2 * P, P);
FIELD(arkws_accepted, protocol, 3 * P, P);

/* The program says how large these are: they may grow. */
FIELD(arkws_client_callbacks, size, 0, sizeof(size_t));
FIELD(arkws_client_callbacks, on_open, P, P);
FIELD(arkws_client_callbacks, on_message, 2 * P, P);
FIELD(arkws_client_callbacks, on_pong, 3 * P, P);
FIELD(arkws_client_callbacks, on_error, 4 * P, P);
FIELD(arkws_client_callbacks, on_close, 5 * P, P);
FIELD(arkws_client_callbacks, on_unsent, 6 * P, P);

FIELD(arkws_server_callbacks, size, 0, sizeof(size_t));
FIELD(arkws_server_callbacks, on_accept, P, P);
FIELD(arkws_server_callbacks, on_message, 2 * P, P);
FIELD(arkws_server_callbacks, on_error, 3 * P, P);
FIELD(arkws_server_callbacks, on_close, 4 * P, P);
FIELD(arkws_server_callbacks, on_stop, 5 * P, P);
FIELD(arkws_server_callbacks, on_unsent, 6 * P, P);

FIELD(arkws_stats, size, 0, sizeof(size_t));
FIELD(arkws_stats, state, 8, 8);
FIELD(arkws_stats, messages_sent, 16, 8);
FIELD(arkws_stats, messages_received, 24, 8);
FIELD(arkws_stats, bytes_sent, 32, 8);
FIELD(arkws_stats, bytes_received, 40, 8);
FIELD(arkws_stats, pings_sent, 48, 8);
FIELD(arkws_stats, pings_received, 56, 8);
FIELD(arkws_stats, buffered_amount, 64, 8);
FIELD(arkws_stats, round_trip_us, 72, 8);
