/* A service that does nothing but what every service does: it waits, and reads what it waited for. */
#include <poll.h>
#include <unistd.h>

int main(void)
{
    int ends[2];
    char byte = 0;
    if (pipe(ends) != 0)
        return 1;
    for (;;) {
        struct pollfd from = {.fd = ends[0], .events = POLLIN};
        if (write(ends[1], &byte, 1) == 1 && poll(&from, 1, 1000) == 1)
            read(ends[0], &byte, 1);
        usleep(1000);
    }
}
