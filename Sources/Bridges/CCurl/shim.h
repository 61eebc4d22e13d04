#pragma once
#include <curl/curl.h>
#include <stdbool.h>

// curl_easy_setopt, curl_easy_getinfo and curl_multi_setopt are variadic, which Swift does not
// import: here is one typed function for each kind of argument.

static inline CURLcode weir_easy_number(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

/// libcurl copies `text`; NULL takes the option back.
static inline CURLcode weir_easy_text(CURL *easy, CURLoption option, const char *text) {
    return curl_easy_setopt(easy, option, text);
}

/// libcurl keeps `list` until the transfer ends; NULL takes the option back.
static inline CURLcode weir_easy_list(CURL *easy, CURLoption option, struct curl_slist *list) {
    return curl_easy_setopt(easy, option, list);
}

/// libcurl copies the bytes.
static inline CURLcode weir_easy_blob(
    CURL *easy, CURLoption option, const void *bytes, size_t count) {
    struct curl_blob blob = {(void *)bytes, count, CURL_BLOB_COPY};
    return curl_easy_setopt(easy, option, &blob);
}

/// libcurl copies the bytes.
static inline CURLcode weir_easy_body(CURL *easy, const void *bytes, size_t count) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)count);
    return code ? code : curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, bytes);
}

/// What libcurl calls with pieces of the head and of the body.
typedef size_t (*weir_piece)(char *bytes, size_t size, size_t count, void *context);

static inline CURLcode weir_easy_readers(
    CURL *easy, weir_piece head, weir_piece body, void *context) {
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, head);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, context);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, body);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, context);
    return curl_easy_setopt(easy, CURLOPT_WRITEDATA, context);
}

/// Where libcurl writes its words on a failure: CURL_ERROR_SIZE bytes.
static inline CURLcode weir_easy_error_buffer(CURL *easy, char *buffer) {
    return curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, buffer);
}

static inline long weir_info_number(CURL *easy, CURLINFO info) {
    long value = 0;
    return curl_easy_getinfo(easy, info, &value) == CURLE_OK ? value : 0;
}

static inline curl_off_t weir_info_offset(CURL *easy, CURLINFO info) {
    curl_off_t value = 0;
    return curl_easy_getinfo(easy, info, &value) == CURLE_OK ? value : 0;
}

/// Valid until the next transfer of `easy`; may be NULL.
static inline const char *weir_info_text(CURL *easy, CURLINFO info) {
    char *value = NULL;
    return curl_easy_getinfo(easy, info, &value) == CURLE_OK ? value : NULL;
}

static inline void *weir_info_context(CURL *easy) {
    char *value = NULL;
    return curl_easy_getinfo(easy, CURLINFO_PRIVATE, &value) == CURLE_OK ? value : NULL;
}

/// What libcurl calls when it begins or ends to care for a socket.
typedef int (*weir_watch)(CURL *easy, curl_socket_t socket, int what, void *context, void *of);
/// What libcurl calls with the milliseconds after which it wants to be called; -1 for never.
typedef int (*weir_timer)(CURLM *multi, long milliseconds, void *context);

static inline CURLMcode weir_multi_watch(
    CURLM *multi, weir_watch watch, weir_timer timer, void *context) {
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, context);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, timer);
    return curl_multi_setopt(multi, CURLMOPT_TIMERDATA, context);
}

static inline CURLMcode weir_multi_number(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

/// The next transfer that ended, with its result; NULL where there is none.
static inline CURL *weir_multi_next_ended(CURLM *multi, CURLcode *result) {
    int left = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left))) {
        if (message->msg != CURLMSG_DONE) continue;
        *result = message->data.result;
        return message->easy_handle;
    }
    return NULL;
}

/// The features of the libcurl that runs, as bits.
static inline long weir_curl_features(void) {
    return curl_version_info(CURLVERSION_NOW)->features;
}
