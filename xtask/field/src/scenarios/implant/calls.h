/* How the attacks make their calls. Hidden from the service, as in control.h. */
#ifndef CALLS_H
#define CALLS_H

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/types.h>

#include "control.h"

#pragma GCC visibility push(hidden)

extern struct control *control;

/* Whether each call follows calls of the service's own pattern. */
extern int padded;

/* One call of an attack. */
long call(long number, long a, long b, long c, long d, long e, long f);
#define FILLED(number, a, b, c, d, e, f, ...) call(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define CALL(...) FILLED(__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define OPEN(path, flags) ((int)CALL(SYS_openat, AT_FDCWD, path, flags))

/* The attack is over. */
void done(void);

/* As the C library's, so that the handlers of the service run as in its own forks. */
pid_t forked(void);

/* Waits for a child although the service's own handler may be after it, as system() does. */
void block_children(sigset_t *before);

/* A port of 127.0.0.1, and a connection to it. */
struct sockaddr_in loopback(uint32_t port);
int dial(uint32_t port);

/* The attacks that make the service's own calls on things that it never touched. */
void touch(enum attack attack);

/* The same by io_uring: open, read, connect, send, unlink. */
void by_io_uring(void);

#pragma GCC visibility pop

#endif
