/* What a service does by system calls, done by io_uring: opens and reads a file, connects and sends it, unlinks it. Raw, as the
 * calls that a filter or a probe knows by their numbers are not made. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "calls.h"

#define ENTRIES 4

struct ring {
    int fd;
    struct io_uring_params about;
    char *submitted, *completed;
    struct io_uring_sqe *entries;
};

static char *map(const struct ring *ring, size_t size, off_t what)
{
    long at = CALL(SYS_mmap, NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd, what);
    return at == -1 ? NULL : (char *)at;
}

static size_t submitted_size(const struct ring *ring)
{
    return ring->about.sq_off.array + ring->about.sq_entries * sizeof(uint32_t);
}

static size_t completed_size(const struct ring *ring)
{
    return ring->about.cq_off.cqes + ring->about.cq_entries * sizeof(struct io_uring_cqe);
}

static int open_ring(struct ring *ring)
{
    memset(ring, 0, sizeof *ring);
    ring->fd = (int)CALL(SYS_io_uring_setup, ENTRIES, &ring->about);
    if (ring->fd < 0)
        return 0;
    ring->submitted = map(ring, submitted_size(ring), IORING_OFF_SQ_RING);
    ring->completed = map(ring, completed_size(ring), IORING_OFF_CQ_RING);
    ring->entries = (struct io_uring_sqe *)map(ring, ring->about.sq_entries * sizeof *ring->entries, IORING_OFF_SQES);
    return ring->submitted && ring->completed && ring->entries;
}

static void close_ring(struct ring *ring)
{
    if (ring->submitted)
        CALL(SYS_munmap, ring->submitted, submitted_size(ring));
    if (ring->completed)
        CALL(SYS_munmap, ring->completed, completed_size(ring));
    if (ring->entries)
        CALL(SYS_munmap, ring->entries, ring->about.sq_entries * sizeof *ring->entries);
    if (ring->fd >= 0)
        CALL(SYS_close, ring->fd);
}

static _Atomic uint32_t *word(char *ring, uint32_t offset)
{
    return (_Atomic uint32_t *)(ring + offset);
}

/* One operation, and what came of it. */
static int operate(struct ring *ring, const struct io_uring_sqe *operation)
{
    _Atomic uint32_t *tail = word(ring->submitted, ring->about.sq_off.tail);
    uint32_t at = atomic_load(tail), place = at & *word(ring->submitted, ring->about.sq_off.ring_mask);
    ring->entries[place] = *operation;
    *word(ring->submitted, ring->about.sq_off.array + place * sizeof(uint32_t)) = place;
    atomic_store(tail, at + 1);
    if (CALL(SYS_io_uring_enter, ring->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
        return -1;
    _Atomic uint32_t *head = word(ring->completed, ring->about.cq_off.head);
    uint32_t next = atomic_load(head);
    if (next == atomic_load(word(ring->completed, ring->about.cq_off.tail)))
        return -1;
    uint32_t mask = *word(ring->completed, ring->about.cq_off.ring_mask);
    struct io_uring_cqe *cqes = (struct io_uring_cqe *)(ring->completed + ring->about.cq_off.cqes);
    int result = cqes[next & mask].res;
    atomic_store(head, next + 1);
    return result;
}

static int by(struct ring *ring, uint8_t opcode, int fd, const void *address, uint32_t length, uint64_t offset, uint32_t flags)
{
    struct io_uring_sqe operation = {.opcode = opcode, .fd = fd, .addr = (uintptr_t)address, .len = length, .off = offset};
    operation.open_flags = flags;
    return operate(ring, &operation);
}

void by_io_uring(void)
{
    struct ring ring;
    char path[800], bytes[4096];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)control->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    snprintf(path, sizeof path, "%svictim-000", victims);
    if (open_ring(&ring)) {
        int to = (int)CALL(SYS_socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int file = by(&ring, IORING_OP_OPENAT, AT_FDCWD, path, 0, 0, O_RDONLY | O_CLOEXEC);
        int count = by(&ring, IORING_OP_READ, file, bytes, sizeof bytes, 0, 0);
        /* The length of the address stands where others have an offset: io_uring_enter(2). */
        by(&ring, IORING_OP_CONNECT, to, &address, 0, sizeof address, 0);
        if (count > 0)
            by(&ring, IORING_OP_SEND, to, bytes, (uint32_t)count, 0, MSG_NOSIGNAL);
        by(&ring, IORING_OP_UNLINKAT, AT_FDCWD, path, 0, 0, 0);
        CALL(SYS_close, file);
        CALL(SYS_close, to);
    }
    close_ring(&ring);
    done();
}
