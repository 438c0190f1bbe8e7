/* The calls of an attack, each counted, and padded where the attack hides; and what the attacks share to make them. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "calls.h"

char victims[512];
struct control *control;
int padded;
static uint32_t next_of_pattern;

uint64_t monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Makes the next calls of the service's own common sequences, with arguments that have no effect. */
static void pad(void)
{
    uint32_t length = control->pattern_length;
    if (!padded || length == 0 || length > LONGEST_PATTERN)
        return;
    for (uint32_t i = 0; i < control->padding; i++) {
        long number = control->pattern[next_of_pattern++ % length];
        switch (number) {
        case SYS_brk: /* asks where the break is */
            syscall(number, 0);
            break;
        case SYS_wait4: /* a process that there cannot be: -1 would wait */
            syscall(number, (long)INT_MIN, 0, WNOHANG, 0);
            break;
        case SYS_ppoll: /* no time would be for ever */
            syscall(number, -1, 0, -1, 0, 0);
            break;
        default:
            syscall(number, -1, 0, 0, 0, 0, 0);
        }
    }
}

long call(long number, long a, long b, long c, long d, long e, long f)
{
    pad();
    atomic_fetch_add(&control->made, 1);
    long result = syscall(number, a, b, c, d, e, f);
    int32_t none = 0;
    if (result == -1)
        atomic_compare_exchange_strong(&control->error, &none, errno);
    return result;
}

void done(void)
{
    control->end_ns = monotonic_ns();
    atomic_store(&control->state, STATE_DONE);
}

pid_t forked(void)
{
    pad();
    atomic_fetch_add(&control->made, 1);
    pid_t pid = fork();
    if (pid > 0)
        atomic_store(&control->child, pid);
    return pid;
}

void block_children(sigset_t *before)
{
    sigset_t children;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    CALL(SYS_rt_sigprocmask, SIG_BLOCK, &children, before, 8);
}

struct sockaddr_in loopback(uint32_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

int dial(uint32_t port)
{
    struct sockaddr_in address = loopback(port);
    int fd = (int)CALL(SYS_socket, AF_INET, SOCK_STREAM, 0);
    if (fd >= 0)
        CALL(SYS_connect, fd, &address, sizeof address);
    return fd;
}
