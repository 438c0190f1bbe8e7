/* Stands for the exploited process of a service, in the scenario suite only.
 *
 * The suite preloads it into the services that it starts itself, in every phase, learning included, so that its presence is no
 * sign of an attack. It interposes calls that a service makes all the time. After each of them it looks at one word of a shared
 * mapping, which is no system call; when the suite has written an order there, the first thread that comes by takes it and
 * makes the attack in the service's own thread. Everything stays in the suite's folder and namespaces and on loopback.
 *
 * What it adds to a service's calls, in every phase alike: in the constructor openat, mmap and close of the control file,
 * getpid and gettid; in a forked child getpid and gettid; in another thread getpid and gettid at its first interposed
 * call. After that an idle implant adds none, and taking an order adds none either: ids are at hand, and the time comes from
 * the vDSO. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "control.h"

#define CONTROL_VARIABLE "MONITOR_SCENARIOS_CONTROL"

static struct control *control;
static char program[32];
static char kept[2][600]; /* the two variables, for a program that clears its environment and runs itself again */
static uid_t effective;
static int shut_in; /* this process gave up rights by chroot or seccomp: most attacks would only be refused */
static uint32_t own_tgid;
static __thread uint32_t own_tid __attribute__((tls_model("initial-exec")));

static void remember(void)
{
    own_tgid = (uint32_t)getpid();
    own_tid = (uint32_t)gettid();
}

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv(CONTROL_VARIABLE), *preload = getenv("LD_PRELOAD");
    const char *end = path ? strrchr(path, '/') : NULL;
    if (!end || !preload || (size_t)(end - path) + sizeof "/victims/" > sizeof victims || strlen(preload) > 500)
        return;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    void *mapped = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (mapped == MAP_FAILED)
        return;
    struct control *found = mapped;
    if (found->magic != MAGIC || found->version != VERSION)
        return;
    snprintf(victims, sizeof victims, "%.*s/victims/", (int)(end - path), path);
    snprintf(program, sizeof program, "%s", program_invocation_short_name);
    snprintf(kept[0], sizeof kept[0], "LD_PRELOAD=%s", preload);
    snprintf(kept[1], sizeof kept[1], CONTROL_VARIABLE "=%s", path);
    effective = (uid_t)getauxval(AT_EUID);
    remember();
    pthread_atfork(NULL, NULL, remember);
    control = found;
}

static int fits(const struct control *c)
{
    if (shut_in || strncmp(program, c->program, strnlen(c->program, sizeof c->program)) != 0)
        return 0;
    return c->user == USER_ANY || (c->user == USER_ROOT) == (effective == 0);
}

/* The next step of a slow attack, by whatever thread of the service comes by when it is due. */
static void go_on(struct control *c, enum attack attack)
{
    uint64_t due = atomic_load_explicit(&c->due_ns, memory_order_acquire), now;
    if (due == 0 || (now = monotonic_ns()) < due)
        return;
    uint32_t place = atomic_load(&c->step);
    int last = place + 1 >= c->steps;
    if (!atomic_compare_exchange_strong(&c->due_ns, &due, last ? 0 : now + c->interval_ms * 1000000ull))
        return;
    int before = errno;
    atomic_store(&c->step, place + 1);
    uint32_t taker = atomic_fetch_add(&c->takers, 1);
    if (taker < MOST_TAKERS)
        c->taken_by[taker] = own_tgid;
    step(c, attack, place, last);
    errno = before;
}

/* Looks for an order. Called after the service's own call, as an exploit is found in what the call brought. */
static void look(void)
{
    struct control *c = control;
    if (!c)
        return;
    if (!own_tid) {
        int before = errno;
        remember();
        errno = before;
    }
    uint32_t order = atomic_load_explicit(&c->order, memory_order_acquire);
    if (order == NO_ATTACK || !fits(c))
        return;
    if (order & CLAIMED) {
        go_on(c, (enum attack)(order & ~CLAIMED));
        return;
    }
    if (!atomic_compare_exchange_strong(&c->order, &order, order | CLAIMED))
        return;
    int before = errno;
    c->tgid = own_tgid;
    c->tid = own_tid;
    c->start_ns = monotonic_ns();
    atomic_store(&c->state, STATE_RUNNING);
    strike(c, (enum attack)order);
    errno = before;
}

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) \
        real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

/* The function `name` of the C library, and a look after it. */
#define INTERPOSE(type, name, parameters, arguments) \
    type name parameters \
    { \
        REAL(name); \
        type result = real arguments; \
        look(); \
        return result; \
    }

INTERPOSE(int, epoll_wait, (int e, struct epoll_event *v, int n, int t), (e, v, n, t))
INTERPOSE(int, epoll_pwait, (int e, struct epoll_event *v, int n, int t, const sigset_t *s), (e, v, n, t, s))
INTERPOSE(int, poll, (struct pollfd *f, nfds_t n, int t), (f, n, t))
INTERPOSE(int, ppoll, (struct pollfd *f, nfds_t n, const struct timespec *t, const sigset_t *s), (f, n, t, s))
INTERPOSE(int, select, (int n, fd_set *r, fd_set *w, fd_set *x, struct timeval *t), (n, r, w, x, t))
INTERPOSE(int, pselect, (int n, fd_set *r, fd_set *w, fd_set *x, const struct timespec *t, const sigset_t *s), (n, r, w, x, t, s))
INTERPOSE(ssize_t, read, (int f, void *b, size_t n), (f, b, n))
INTERPOSE(ssize_t, recv, (int f, void *b, size_t n, int g), (f, b, n, g))
INTERPOSE(ssize_t, recvfrom, (int f, void *b, size_t n, int g, __SOCKADDR_ARG a, socklen_t *l), (f, b, n, g, a, l))
INTERPOSE(ssize_t, recvmsg, (int f, struct msghdr *m, int g), (f, m, g))
INTERPOSE(int, accept, (int f, __SOCKADDR_ARG a, socklen_t *l), (f, a, l))
INTERPOSE(int, accept4, (int f, __SOCKADDR_ARG a, socklen_t *l, int g), (f, a, l, g))
INTERPOSE(pid_t, wait, (int *s), (s))
INTERPOSE(pid_t, waitpid, (pid_t p, int *s, int o), (p, s, o))
INTERPOSE(pid_t, wait3, (int *s, int o, struct rusage *u), (s, o, u))
INTERPOSE(pid_t, wait4, (pid_t p, int *s, int o, struct rusage *u), (p, s, o, u))

/* What a program calls in their place when it was built with _FORTIFY_SOURCE, as Debian's are. */
ssize_t __read_chk(int, void *, size_t, size_t);
ssize_t __recv_chk(int, void *, size_t, size_t, int);
int __poll_chk(struct pollfd *, nfds_t, int, size_t);
int __ppoll_chk(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *, size_t);
INTERPOSE(ssize_t, __read_chk, (int f, void *b, size_t n, size_t l), (f, b, n, l))
INTERPOSE(ssize_t, __recv_chk, (int f, void *b, size_t n, size_t l, int g), (f, b, n, l, g))
INTERPOSE(int, __poll_chk, (struct pollfd *f, nfds_t n, int t, size_t l), (f, n, t, l))
INTERPOSE(int, __ppoll_chk, (struct pollfd *f, nfds_t n, const struct timespec *t, const sigset_t *s, size_t l), (f, n, t, s, l))

/* Whom this process runs as, so that asking is not needed. */
#define FOLLOW_USER(name, parameters, arguments, now) \
    int name parameters \
    { \
        REAL(name); \
        int result = real arguments; \
        if (result == 0 && (now) != (uid_t)-1) \
            effective = (now); \
        return result; \
    }

FOLLOW_USER(setuid, (uid_t u), (u), u)
FOLLOW_USER(seteuid, (uid_t u), (u), u)
FOLLOW_USER(setreuid, (uid_t r, uid_t e), (r, e), e)
FOLLOW_USER(setresuid, (uid_t r, uid_t e, uid_t s), (r, e, s), e)

int chroot(const char *path)
{
    REAL(chroot);
    int result = real(path);
    if (result == 0)
        shut_in = 1;
    return result;
}

int prctl(int option, ...)
{
    REAL(prctl);
    va_list list;
    va_start(list, option);
    long a = va_arg(list, long), b = va_arg(list, long), c = va_arg(list, long), d = va_arg(list, long);
    va_end(list);
    int result = real(option, a, b, c, d);
    if (result == 0 && option == PR_SET_SECCOMP)
        shut_in = 1;
    return result;
}

/* A service that runs itself again (sshd for a session, nginx for an upgrade) may have cleared its environment: a program of the
 * same family, told by the first four letters of its name, gets the two variables back. */
static int wants_implant(const char *path, char *const environment[])
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    if (!control || strncmp(name, program, 4) != 0)
        return 0;
    for (; environment && *environment; environment++)
        if (strncmp(*environment, "LD_PRELOAD=", 11) == 0)
            return 0;
    return 1;
}

int execve(const char *path, char *const arguments[], char *const environment[])
{
    REAL(execve);
    if (!wants_implant(path, environment))
        return real(path, arguments, environment);
    size_t count = 0;
    while (environment && environment[count])
        count++;
    char *with[count + 3];
    for (size_t i = 0; i < count; i++)
        with[i] = environment[i];
    with[count] = kept[0];
    with[count + 1] = kept[1];
    with[count + 2] = NULL;
    return real(path, arguments, with);
}

int execv(const char *path, char *const arguments[])
{
    return execve(path, arguments, environ);
}
