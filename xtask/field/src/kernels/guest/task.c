// What is watched in the emulated machine: each kind makes a known number of getppid calls.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long per_thread;

static void calls(long count) {
  for (long i = 0; i < count; i++) syscall(SYS_getppid);
}

static int fail(const char *what) {
  perror(what);
  return 1;
}

static void rest_ms(long ms) {
  struct timespec time = {ms / 1000, ms % 1000 * 1000000};
  nanosleep(&time, NULL);
}

static void *thread_calls(void *unused) {
  (void)unused;
  prctl(PR_SET_NAME, "worker");
  calls(per_thread);
  return NULL;
}

// task threads COUNT CALLS
static int threads(long count, long each) {
  pthread_t thread[64];
  per_thread = each;
  for (long i = 0; i < count && i < 64; i++) pthread_create(&thread[i], NULL, thread_calls, NULL);
  for (long i = 0; i < count && i < 64; i++) pthread_join(thread[i], NULL);
  return 0;
}

// task children COUNT CALLS: one after another
static int children(long count, long each) {
  for (long i = 0; i < count; i++) {
    pid_t child = fork();
    if (child == 0) {
      prctl(PR_SET_NAME, "child");
      calls(each);
      _exit(0);
    }
    waitpid(child, NULL, 0);
  }
  return 0;
}

// task chain LEFT CALLS: makes its calls, then executes itself as often as is left
static int chain(long left, const char *each) {
  char next[32];
  calls(atol(each));
  if (left == 0) return 0;
  snprintf(next, sizeof next, "%ld", left - 1);
  execl("/proc/self/exe", "task", "chain", next, each, (char *)NULL);
  return fail("exec");
}

static void *thread_execs(void *unused) {
  (void)unused;
  calls(50);
  execl("/proc/self/exe", "task", "calls", "10", (char *)NULL);
  return NULL;
}

// task execthread: a thread that is not the leader makes 50 calls and executes what makes 10
static int exec_by_thread(void) {
  pthread_t thread;
  pthread_create(&thread, NULL, thread_execs, NULL);
  pause();
  return 1;
}

// task beside CLASS COUNT CALLS: on one CPU with a process that calls without end, at SCHED_IDLE where CLASS is idle
static int beside(const char *class, long count, long each) {
  cpu_set_t first;
  CPU_ZERO(&first);
  CPU_SET(0, &first);
  if (sched_setaffinity(0, sizeof first, &first)) return fail("sched_setaffinity");
  pid_t other = fork();
  if (other == 0) {
    struct sched_param none = {0};
    prctl(PR_SET_NAME, "caller");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!strcmp(class, "idle") && sched_setscheduler(0, SCHED_IDLE, &none)) _exit(1);
    for (;;) syscall(SYS_getppid);
  }
  for (long i = 0; i < count; i++) {
    rest_ms(20);
    pid_t child = fork();
    if (child == 0) {
      prctl(PR_SET_NAME, "victim");
      calls(each);
      _exit(0);
    }
    waitpid(child, NULL, 0);
  }
  kill(other, SIGKILL);
  waitpid(other, NULL, 0);
  return 0;
}

// task await FILE CALLS: begins once the file is there
static int await_file(const char *file, long each) {
  while (access(file, F_OK)) rest_ms(20);
  calls(each);
  return 0;
}

// task named NAME CALLS
static int named(const char *name, long each) {
  prctl(PR_SET_NAME, name);
  calls(each);
  return 0;
}

// task as UID none|bpf LOCKED_KIB COMMAND...: without root, with no capability or with CAP_PERFMON and CAP_BPF
static int as(char **words) {
  enum { PERFMON = 38, BPF = 39 };
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {{0, 0, 0}, {0, 0, 0}};
  int bpf = !strcmp(words[1], "bpf");
  struct rlimit locked = {atol(words[2]) << 10, atol(words[2]) << 10};
  if (setrlimit(RLIMIT_MEMLOCK, &locked)) return fail("setrlimit");
  prctl(PR_SET_KEEPCAPS, 1);
  if (setgid(atol(words[0])) || setuid(atol(words[0]))) return fail("setuid");
  if (bpf) {
    uint32_t both = 1U << (PERFMON - 32) | 1U << (BPF - 32);
    data[1] = (struct __user_cap_data_struct){both, both, both};
  }
  if (syscall(SYS_capset, &header, data)) return fail("capset");
  if (bpf && (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, PERFMON, 0, 0) ||
              prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, BPF, 0, 0)))
    return fail("prctl");
  execvp(words[3], words + 3);
  return fail("exec");
}

// task pidns COMMAND...: as process 1 of a pid namespace of its own, with its /proc
static int pid_namespace(char **words) {
  int status;
  if (unshare(CLONE_NEWPID | CLONE_NEWNS)) return fail("unshare");
  pid_t child = fork();
  if (child == 0) {
    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
    if (mount("proc", "/proc", "proc", 0, NULL)) _exit(fail("mount"));
    execvp(words[0], words);
    _exit(fail("exec"));
  }
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

#ifdef __x86_64__
// task int80 CALLS: by the i386 table, from 64-bit code
static int by_int80(long count) {
  for (long i = 0; i < count; i++) {
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(64L) : "memory", "r8", "r9", "r10", "r11");
  }
  return 0;
}

// task x32 CALLS: by the x32 table, whether the kernel serves it or not
static int by_x32(long count) {
  for (long i = 0; i < count; i++) syscall(0x40000000L | SYS_getppid);
  return 0;
}
#endif

// task programs: how many BPF programs the kernel holds
static int programs(void) {
  union bpf_attr attributes;
  uint32_t id = 0;
  int count = 0;
  for (;;) {
    memset(&attributes, 0, sizeof attributes);
    attributes.start_id = id;
    if (syscall(SYS_bpf, BPF_PROG_GET_NEXT_ID, &attributes, sizeof attributes)) break;
    id = attributes.next_id;
    count++;
  }
  printf("%d\n", count);
  return 0;
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  const char *kind = argv[1];
  const char *second = argc > 2 ? argv[2] : "", *third = argc > 3 ? argv[3] : "0";
  long a = atol(second), b = atol(third);
  if (!strcmp(kind, "calls")) return calls(a), 0;
  if (!strcmp(kind, "threads")) return threads(a, b);
  if (!strcmp(kind, "children")) return children(a, b);
  if (!strcmp(kind, "chain")) return chain(a, third);
  if (!strcmp(kind, "execthread")) return exec_by_thread();
  if (!strcmp(kind, "beside") && argc > 4) return beside(second, b, atol(argv[4]));
  if (!strcmp(kind, "await")) return await_file(second, b);
  if (!strcmp(kind, "named")) return named(second, b);
  if (!strcmp(kind, "as") && argc > 5) return as(argv + 2);
  if (!strcmp(kind, "pidns") && argc > 2) return pid_namespace(argv + 2);
#ifdef __x86_64__
  if (!strcmp(kind, "int80")) return by_int80(a);
  if (!strcmp(kind, "x32")) return by_x32(a);
#endif
  if (!strcmp(kind, "programs")) return programs();
  return 2;
}
