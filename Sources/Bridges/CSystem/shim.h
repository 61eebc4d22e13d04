#pragma once
// glibc, as far as Swift's own `Glibc` module hides it.
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

// A function of _GNU_SOURCE, which Swift's importer does not define.
extern int pthread_setname_np(pthread_t thread, const char *name);

/// Names the calling thread, as `top -H` shows it; Linux keeps the first 15 bytes.
static inline int weir_set_thread_name(const char *name) {
    return pthread_setname_np(pthread_self(), name);
}
