// A 32-bit program without a C library: 1000 times getppid, then exit_group.
#define CALLS 1000
#if defined(__i386__)
enum { GETPPID = 64, EXIT_GROUP = 252 };
static long call(long number) {
  long result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(0) : "memory");
  return result;
}
#else
enum { GETPPID = 64, EXIT_GROUP = 248 };
static long call(long number) {
  register long r7 __asm__("r7") = number;
  register long r0 __asm__("r0") = 0;
  __asm__ volatile("svc 0" : "+r"(r0) : "r"(r7) : "memory");
  return r0;
}
#endif
void _start(void) {
  for (int i = 0; i < CALLS; i++) call(GETPPID);
  call(EXIT_GROUP);
  for (;;) {
  }
}
