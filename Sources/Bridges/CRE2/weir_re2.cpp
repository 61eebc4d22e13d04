#include "weir_re2.h"

#include <re2/re2.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

struct weir_pattern {
    RE2 expression;
    weir_pattern(re2::StringPiece text, const RE2::Options &options) : expression(text, options) {}
};

static void tell(char *reason, size_t capacity, const std::string &text) {
    if (capacity == 0) return;
    size_t length = text.size() < capacity - 1 ? text.size() : capacity - 1;
    memcpy(reason, text.data(), length);
    reason[length] = 0;
}

extern "C" {

weir_pattern *weir_pattern_new(
    const char *text, size_t length, char *reason, size_t reason_capacity) {
    try {
        RE2::Options options;
        options.set_log_errors(false);
        options.set_dot_nl(true);
        auto pattern =
            std::make_unique<weir_pattern>(re2::StringPiece(text, length), options);
        if (pattern->expression.ok()) return pattern.release();
        tell(reason, reason_capacity, pattern->expression.error());
    } catch (const std::exception &failure) {
        tell(reason, reason_capacity, failure.what());
    }
    return nullptr;
}

void weir_pattern_free(weir_pattern *pattern) { delete pattern; }

bool weir_pattern_matches(const weir_pattern *pattern, const char *subject, size_t length) {
    return pattern->expression.Match(
        re2::StringPiece(subject, length), 0, length, RE2::ANCHOR_BOTH, nullptr, 0);
}

bool weir_pattern_captures(
    const weir_pattern *pattern, const char *subject, size_t length, weir_group *groups,
    int group_count) {
    re2::StringPiece inline_pieces[16];
    std::vector<re2::StringPiece> more;
    re2::StringPiece *pieces = inline_pieces;
    if (group_count > 16) {
        more.resize(group_count);
        pieces = more.data();
    }
    if (!pattern->expression.Match(
            re2::StringPiece(subject, length), 0, length, RE2::ANCHOR_BOTH, pieces, group_count))
        return false;
    for (int i = 0; i < group_count; i++) {
        bool took_part = pieces[i].data() != nullptr;
        groups[i].start = took_part ? pieces[i].data() - subject : -1;
        groups[i].length = took_part ? (ptrdiff_t)pieces[i].size() : -1;
    }
    return true;
}

int weir_pattern_group_count(const weir_pattern *pattern) {
    return pattern->expression.NumberOfCapturingGroups();
}

int weir_pattern_group_named(const weir_pattern *pattern, const char *name, size_t length) {
    const auto &names = pattern->expression.NamedCapturingGroups();
    auto found = names.find(std::string(name, length));
    return found == names.end() ? -1 : found->second;
}
}
