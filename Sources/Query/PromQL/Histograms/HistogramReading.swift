import Model

extension FloatHistogram {
    /// The histogram that a script writes between `{{` and `}}`, and whether it tells the hint.
    static func read(_ text: Substring) throws(ScriptFault) -> (FloatHistogram, Bool) {
        var histogram = FloatHistogram()
        var lists: [String: [Double]] = [:]
        var offsets: [String: Int32] = [:]
        var seen: Set<String> = []
        var isHintTold = false
        var rest = text[...]
        while true {
            rest = rest.drop { $0 == " " || $0 == "\t" }
            if rest.isEmpty { break }
            let key = String(rest.prefix { $0 != ":" })
            guard key.utf8.count < rest.utf8.count else {
                throw ScriptFault("expected a key and a colon in {{\(text)}}")
            }
            rest = rest.dropFirst(key.count + 1)
            guard seen.insert(key).inserted else {
                throw ScriptFault("duplicate key \"\(key)\" in histogram")
            }
            switch key {
            case "buckets", "n_buckets", "custom_values":
                guard rest.first == "[", let end = rest.firstIndex(of: "]") else {
                    throw ScriptFault("expected [ ] behind \(key)")
                }
                var list: [Double] = []
                for word in rest[rest.index(after: rest.startIndex)..<end].split(separator: " ") {
                    list.append(try number(word))
                }
                lists[key] = list
                rest = rest[rest.index(after: end)...]
                continue
            default: break
            }
            let word = rest.prefix { $0 != " " && $0 != "\t" }
            rest = rest[word.endIndex...]
            switch key {
            case "schema":
                guard let schema = Int32(word) else { throw ScriptFault("not a schema: \(word)") }
                histogram.schema = schema
            case "offset", "n_offset":
                guard let offset = Int32(word) else { throw ScriptFault("not an offset: \(word)") }
                offsets[key] = offset
            case "sum": histogram.sum = try number(word)
            case "count": histogram.count = try number(word)
            case "z_bucket": histogram.zeroCount = try number(word)
            case "z_bucket_w": histogram.zeroThreshold = try number(word)
            case "counter_reset_hint":
                histogram.resetHint = try hint(word)
                isHintTold = true
            default: throw ScriptFault("bad histogram descriptor found: \(quoted(key))")
            }
        }
        histogram.customBounds = lists["custom_values"] ?? []
        histogram.positive = side(lists["buckets"] ?? [], from: offsets["offset"] ?? 0)
        histogram.negative = side(lists["n_buckets"] ?? [], from: offsets["n_offset"] ?? 0)
        return (histogram, isHintTold)
    }

    private static func side(_ counts: [Double], from offset: Int32) -> BucketSide {
        guard !counts.isEmpty else { return BucketSide() }
        let span = NativeHistogram.Span(offset: offset, length: UInt32(counts.count))
        return BucketSide([span], .counts(counts))
    }

    private static func number(_ word: Substring) throws(ScriptFault) -> Double {
        guard let value = Double(scriptNumber: word) else {
            throw ScriptFault("not a number: \(word)")
        }
        return value
    }

    private static func hint(
        _ word: Substring
    ) throws(ScriptFault) -> NativeHistogram.ResetHint {
        switch word {
        case "unknown": return .unknown
        case "reset": return .reset
        case "not_reset": return .notReset
        case "gauge": return .gauge
        default: throw ScriptFault("bad counter_reset_hint: \(word)")
        }
    }
}
