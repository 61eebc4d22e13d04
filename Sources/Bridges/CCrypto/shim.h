#pragma once
// MD5's own functions are marked as deprecated; see weir_md5 below for why they are used.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/md5.h>
#include <openssl/pem.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/// MD5 without a context on the heap: here it spreads targets over servers and guards nothing, and
/// OpenSSL's general way costs more than the digest itself.
static inline void weir_md5(const void *bytes, size_t count, unsigned char digest[16]) {
    MD5_CTX context;
    MD5_Init(&context);
    if (count > 0) MD5_Update(&context, bytes, count);
    MD5_Final(digest, &context);
}

/// Hashes `password` as `setting` asks into `hash`, a text of at most `capacity` - 1 bytes.
/// False where libcrypt does not know the setting. `struct crypt_data` has 32 KiB, too large
/// for Swift to see.
static inline bool weir_crypt(
    const char *password, const char *setting, char *hash, size_t capacity) {
    struct crypt_data *data = (struct crypt_data *)calloc(1, sizeof *data);
    if (data == NULL) return false;
    const char *result = crypt_r(password, setting, data);
    bool worked = result != NULL && result[0] != '*' && strlen(result) < capacity;
    if (worked) memcpy(hash, result, strlen(result) + 1);
    OPENSSL_cleanse(data, sizeof *data);
    free(data);
    return worked;
}
