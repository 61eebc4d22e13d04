#pragma once
// c-ares, with the socket calls that its event loop needs.
#include <arpa/inet.h>
#include <ares.h>
#include <arpa/nameser.h>
#include <netdb.h>

/// Whether socket `number` of `ares_getsock`'s bits is to be read from; a macro in the header.
static inline int weir_ares_reads(int bits, int number) {
    return ARES_GETSOCK_READABLE(bits, number);
}

/// Whether socket `number` of `ares_getsock`'s bits is to be written to; a macro in the header.
static inline int weir_ares_writes(int bits, int number) {
    return ARES_GETSOCK_WRITABLE(bits, number);
}
