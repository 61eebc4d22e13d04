#pragma once
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

// libmicrohttpd's functions are variadic, which Swift does not import: typed ones around them.

struct weir_mhd_options {
    unsigned int connection_limit;
    unsigned int timeout_seconds;
    size_t memory;
    /// PEM; no TLS where `certificate` is null.
    const char *certificate, *key, *authorities, *priorities;
    void *context;
    MHD_AccessHandlerCallback access;
    MHD_RequestCompletedCallback completed;
    MHD_NotifyConnectionCallback connection;
    void *(*target)(void *context, const char *target, struct MHD_Connection *connection);
};

/// Leaves escapes as they are: the bridge decodes them itself, once.
static inline size_t weir_mhd_keep(
    void *context, struct MHD_Connection *connection, char *text) {
    (void)context;
    (void)connection;
    return strlen(text);
}

/// A daemon without threads and without listening sockets, which the caller runs.
static inline struct MHD_Daemon *weir_mhd_start(const struct weir_mhd_options *o) {
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)o->certificate},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)o->key},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)o->priorities},
        {o->authorities ? MHD_OPTION_HTTPS_MEM_TRUST : MHD_OPTION_END, 0, (void *)o->authorities},
        {MHD_OPTION_END, 0, NULL},
    };
    struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    unsigned int flags =
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_TURBO;
    if (o->certificate) flags |= MHD_USE_TLS;
    return MHD_start_daemon(
        flags, 0, NULL, NULL, o->access, o->context,
        MHD_OPTION_CONNECTION_LIMIT, o->connection_limit,
        MHD_OPTION_CONNECTION_TIMEOUT, o->timeout_seconds,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, o->memory,
        MHD_OPTION_NOTIFY_COMPLETED, o->completed, o->context,
        MHD_OPTION_NOTIFY_CONNECTION, o->connection, o->context,
        MHD_OPTION_URI_LOG_CALLBACK, o->target, o->context,
        MHD_OPTION_UNESCAPE_CALLBACK, weir_mhd_keep, NULL,
        MHD_OPTION_ARRAY, o->certificate ? tls : none, MHD_OPTION_END);
}

/// The epoll descriptor that turns readable when the daemon has work.
static inline int weir_mhd_epoll(struct MHD_Daemon *daemon) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
    return info ? info->epoll_fd : -1;
}

static inline int weir_mhd_socket(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}

static inline const struct sockaddr *weir_mhd_address(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return info ? info->client_addr : NULL;
}

static inline void *weir_mhd_context(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

/// The bytes of the request's head; 0 while it is not complete.
static inline size_t weir_mhd_head_size(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    return info ? info->header_size : 0;
}

/// The TLS session; null on a plain connection.
static inline gnutls_session_t weir_mhd_session(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    return info ? (gnutls_session_t)info->tls_session : NULL;
}

// Sockets, where glibc hides a function from Swift or does not know what the kernel tells.

extern int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);
extern int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *t, const sigset_t *mask);

/// Waits until `fd` is readable or `nanoseconds` have passed; `poll` knows milliseconds only.
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

/// `gnutls_free` is a variable in C, which Swift may not read from several threads.
static inline void weir_gnutls_free(void *memory) { gnutls_free(memory); }
