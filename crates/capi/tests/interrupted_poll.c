/*
 * To be preloaded: every second call of poll() is one that a signal has interrupted, which leaves
 * what the program asked for as it is.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>

int poll(struct pollfd *events, nfds_t count, int timeout)
{
    static atomic_uint calls;
    if (atomic_fetch_add(&calls, 1) % 2 == 0) {
        errno = EINTR;
        return -1;
    }
    struct timespec limit = {timeout / 1000, timeout % 1000 * 1000000L};
    return ppoll(events, count, timeout < 0 ? NULL : &limit, NULL);
}
