/* The control file that the scenario suite and its implant share. `marks/layout.rs` is the other side: keep both alike.
 *
 * This code runs against the suite's own sandbox only: services that the suite started itself, files that it wrote itself or
 * that lie in namespaces of its own, and loopback. It has no other destination, leaves nothing behind, and is never installed. */
#ifndef CONTROL_H
#define CONTROL_H

#include <stdatomic.h>
#include <stdint.h>

#define MAGIC 0x6e63734du /* "Mscn" */
#define VERSION 2u
#define CLAIMED 0x80000000u
#define LONGEST_PATTERN 4096u
#define MOST_TAKERS 32u

enum { STATE_IDLE, STATE_RUNNING, STATE_DONE };
enum { USER_ANY, USER_ROOT, USER_NOT_ROOT };

enum attack {
    NO_ATTACK,
    REVERSE_SHELL,
    BIND_SHELL,
    WEB_SHELL,
    READ_SECRETS,
    FILELESS_EXEC,
    PTRACE_INJECTION,
    PORT_SCAN,
    MINER,
    MOUNT,
    KERNEL_MODULE,
    RANSOMWARE,
    EXFILTRATION,
    MIMIC_REVERSE_SHELL,
    MIMIC_EXFILTRATION,
    MIMIC_RANSOMWARE,
    WRITABLE_CODE,
    CODE_MADE_EXECUTABLE,
    OWN_SECRET,
    OWN_SECRET_SENT,
    CREDENTIALS,
    BEACON,
    TRICKLE,
    PATH_TRAVERSAL,
    TREE_OVERWRITTEN,
    DROP_CRON,
    DROP_AUTHORIZED_KEYS,
    DROP_UNIT,
    DROP_PRELOAD,
    FOREIGN_ENVIRONMENT,
    FOREIGN_MEMORY,
    CONTAINER_SOCKET,
    METADATA_ADDRESS,
    WRITTEN_THEN_RUN,
    IO_URING,
    THROUGH_APPLICATION,
};

struct control {
    uint32_t magic, version;
    _Atomic uint32_t order;   /* the attack to be made; with CLAIMED once a thread has taken it */
    _Atomic uint32_t state;
    uint32_t user;            /* which processes may take it */
    uint32_t tgid, tid;       /* who took it */
    _Atomic int32_t child;    /* what it forked, 0 for nothing */
    uint64_t start_ns, end_ns; /* CLOCK_MONOTONIC */
    _Atomic uint32_t made;    /* calls that the attack made itself, without what a program does that it runs */
    _Atomic int32_t error;    /* errno of the first of its calls that failed */
    uint32_t port, ports;     /* on 127.0.0.1 */
    uint32_t pattern_length, padding; /* how many calls of the pattern are made before each of the attack's */
    char program[16];         /* the beginning of the name of the program that may take it; empty: any */
    _Atomic uint64_t due_ns;  /* when the next step of a slow attack is due, 0 for no step */
    uint32_t steps, interval_ms;
    _Atomic uint32_t step;    /* steps begun */
    uint32_t victim;          /* a process of the suite whose memory is read */
    _Atomic uint32_t takers;  /* processes that made a step */
    char reserved[12];
    uint32_t pattern[LONGEST_PATTERN];
    uint32_t taken_by[MOST_TAKERS];
    char secret[512];         /* a file of the service's own */
};
_Static_assert(offsetof(struct control, start_ns) == 32, "start_ns");
_Static_assert(offsetof(struct control, program) == 72, "program");
_Static_assert(offsetof(struct control, due_ns) == 88, "due_ns");
_Static_assert(offsetof(struct control, pattern) == 128, "pattern");
_Static_assert(offsetof(struct control, secret) == 16640, "secret");

/* Hidden from the service, whose own functions may have the same names. */
#pragma GCC visibility push(hidden)

/* The folder of the suite's own files, with a `/` at the end. */
extern char victims[512];

/* CLOCK_MONOTONIC. Answered by the vDSO, so it is no system call. */
uint64_t monotonic_ns(void);

/* Makes the attack in this thread; returns when this thread's part of it is over. */
void strike(struct control *control, enum attack attack);

/* Makes a step of a slow attack in this thread. */
void step(struct control *control, enum attack attack, uint32_t place, int is_last);

#pragma GCC visibility pop

#endif
