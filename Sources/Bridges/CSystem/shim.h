#pragma once
// glibc, as far as Swift's own `Glibc` module hides it.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <grp.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

// A function of _GNU_SOURCE, which Swift's importer does not define.
extern int pthread_setname_np(pthread_t thread, const char *name);

/// Names the calling thread, as `top -H` shows it; Linux keeps the first 15 bytes.
static inline int weir_set_thread_name(const char *name) {
    return pthread_setname_np(pthread_self(), name);
}

/// Lets the calling thread wake when it asked to, and run before others where that is allowed.
///
/// A timer may else be 50 microseconds late. Threads that it starts inherit the priority.
static inline void weir_hurry_thread(int nice) {
    // PR_SET_TIMERSLACK, to a nanosecond.
    syscall(SYS_prctl, 29, 1ul, 0ul, 0ul, 0ul);
    // PRIO_PROCESS, which is this thread; not allowed without privileges, and then nothing changes.
    syscall(SYS_setpriority, 0, 0, nice);
}

// In the headers for _GNU_SOURCE only.
extern int epoll_pwait2(
    int epoll, struct epoll_event *events, int count, const struct timespec *timeout,
    const sigset_t *signals);

/// epoll_wait, which counts milliseconds, with nanoseconds; -1 of them for ever.
static inline int weir_epoll_wait(
    int epoll, struct epoll_event *events, int count, long long nanoseconds) {
    static int is_coarse = 0;
    if (nanoseconds < 0) return epoll_wait(epoll, events, count, -1);
    if (!is_coarse) {
        struct timespec timeout = {nanoseconds / 1000000000, nanoseconds % 1000000000};
        int found = epoll_pwait2(epoll, events, count, &timeout, 0);
        if (found >= 0 || errno == EINTR) return found;
        // A kernel older than 5.11, or one that is told not to do this.
        is_coarse = 1;
    }
    return epoll_wait(epoll, events, count, (int)((nanoseconds + 999999) / 1000000));
}

extern int syncfs(int descriptor);
extern int pipe2(int ends[2], int flags);
extern int close_range(unsigned int first, unsigned int last, int flags);

/// Starts a program: `posix_spawn` with a user, a group and a folder, which POSIX leaves out.
///
/// In C, because between fork and exec a process of many threads may call only what POSIX calls
/// async-signal-safe, and nobody promises that of a Swift runtime. `uid` (uid_t)-1 keeps the user,
/// an `output` of -1 both of this process's.
/// Gives 0 and the process in `pid`, or the errno of the call that failed.
static inline int weir_spawn(
    pid_t *pid, const char *path, char *const *arguments, char *const *environment,
    const char *folder, uid_t uid, gid_t gid, int input, int output, int is_session
) {
    int report[2];
    if (pipe(report) != 0) return errno;
    pid_t child = fork();
    if (child < 0) {
        int code = errno;
        close(report[0]);
        close(report[1]);
        return code;
    }
    if (child == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, 0);
        for (int number = 1; number < 32; number++) signal(number, SIG_DFL);
        if (is_session) setsid();
        int failed = dup2(input, 0) < 0;
        failed = failed || (output >= 0 && (dup2(output, 1) < 0 || dup2(output, 2) < 0));
        // 4 is CLOSE_RANGE_CLOEXEC: nothing but the three standard descriptors is handed on.
        // The report pipe is marked too, so that it closes by itself once exec has worked.
        failed = failed || close_range(3, ~0u, 4) != 0;
        if (!failed && uid != (uid_t)-1) {
            failed = setgroups(1, &gid) != 0 || setgid(gid) != 0 || setuid(uid) != 0;
        }
        failed = failed || (folder && chdir(folder) != 0);
        if (!failed) execve(path, arguments, environment);
        int code = errno;
        ssize_t written = write(report[1], &code, sizeof code);
        (void)written;
        _exit(127);
    }
    close(report[1]);
    int code = 0;
    ssize_t count;
    do count = read(report[0], &code, sizeof code); while (count < 0 && errno == EINTR);
    close(report[0]);
    if (count == sizeof code) {
        waitpid(child, 0, 0);
        return code;
    }
    *pid = child;
    return 0;
}

/// CRC-32C in portable C, four bits at a time.
static inline uint32_t weir_crc32c_portable(uint32_t crc, const void *bytes, size_t count) {
    static const uint32_t table[16] = {
        0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1,
        0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
        0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
        0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75};
    const unsigned char *next = (const unsigned char *)bytes;
    crc = ~crc;
    while (count-- > 0) {
        crc ^= *next++;
        crc = table[crc & 15] ^ (crc >> 4);
        crc = table[crc & 15] ^ (crc >> 4);
    }
    return ~crc;
}

#if defined(__x86_64__)
/// The same by the processor's own instruction.
__attribute__((target("sse4.2"))) static inline uint32_t weir_crc32c_sse(
    uint32_t crc, const void *bytes, size_t count
) {
    const unsigned char *next = (const unsigned char *)bytes;
    unsigned long long state = ~crc;
    for (; count >= 8; count -= 8, next += 8) {
        unsigned long long word;
        __builtin_memcpy(&word, next, 8);
        state = __builtin_ia32_crc32di(state, word);
    }
    uint32_t last = (uint32_t)state;
    while (count-- > 0) last = __builtin_ia32_crc32qi(last, *next++);
    return ~last;
}
#endif

/// The CRC-32C of `count` bytes that follow those of `crc`.
static inline uint32_t weir_crc32c(uint32_t crc, const void *bytes, size_t count) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2")) return weir_crc32c_sse(crc, bytes, count);
#endif
    return weir_crc32c_portable(crc, bytes, count);
}
