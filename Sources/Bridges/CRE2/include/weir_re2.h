#pragma once
// RE2 is C++; this is the face that Swift sees. No exception leaves it.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A compiled expression: immutable, and safe to share between threads.
typedef struct weir_pattern weir_pattern;

/// Where a group matched: an offset and a length in bytes, or -1 where it took no part.
typedef struct {
    ptrdiff_t start;
    ptrdiff_t length;
} weir_group;

/// Compiles `text`; newlines match `.`, as Prometheus asks.
/// On failure returns NULL and writes the reason into `reason`.
weir_pattern *weir_pattern_new(
    const char *text, size_t length, char *reason, size_t reason_capacity);
void weir_pattern_free(weir_pattern *pattern);

/// Whether the whole of `subject` matches.
bool weir_pattern_matches(const weir_pattern *pattern, const char *subject, size_t length);

/// Whether the whole of `subject` matches; `groups[0]` is all of it, the rest its groups.
bool weir_pattern_captures(
    const weir_pattern *pattern, const char *subject, size_t length, weir_group *groups,
    int group_count);

/// How many groups the expression has, without the whole.
int weir_pattern_group_count(const weir_pattern *pattern);

/// The number of the group called `name`, or -1.
int weir_pattern_group_named(const weir_pattern *pattern, const char *name, size_t length);

#ifdef __cplusplus
}
#endif
