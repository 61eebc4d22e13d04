#pragma once
// glibc, as far as Swift's own `Glibc` module hides it.
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

// Functions of _GNU_SOURCE, which Swift's importer does not define.
extern int pthread_setname_np(pthread_t thread, const char *name);

extern int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);

/// Waits until `fd` is readable or `nanoseconds` have passed; `poll` knows milliseconds only.
extern int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *t, const sigset_t *mask);
static inline int weir_wait_readable(int fd, long nanoseconds) {
    struct pollfd one = {.fd = fd, .events = POLLIN};
    struct timespec timeout = {.tv_sec = 0, .tv_nsec = nanoseconds};
    return ppoll(&one, 1, &timeout, NULL);
}

/// All bytes that a TCP socket has received since it was accepted; -1 for other sockets.
///
/// `tcpi_bytes_received` is 128 bytes into the kernel's `tcp_info`; glibc's ends before it.
static inline int64_t weir_bytes_received(int fd) {
    unsigned char info[256];
    socklen_t length = sizeof info;
    uint64_t received;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &length) || length < 136) return -1;
    memcpy(&received, info + 128, sizeof received);
    return (int64_t)received;
}

/// Names the calling thread, as `top -H` shows it; Linux keeps the first 15 bytes.
static inline int weir_set_thread_name(const char *name) {
    return pthread_setname_np(pthread_self(), name);
}
