import Model

/// When the counting of samples began, each as an offset from the sample's own time.
enum StartOffsets {
    /// Reads `-30s`, `-30s-1mx2`, `_`, `_x3`, `*` and `*x3`, one after another.
    static func read(_ text: Substring) throws(ScriptFault) -> [TimeSpan?] {
        var offsets: [TimeSpan?] = []
        for item in text.split(whereSeparator: { $0 == " " || $0 == "\t" }) {
            let last = offsets.last(where: { $0 != nil }) ?? .zero
            offsets += try read(item: item, after: last ?? .zero)
        }
        return offsets
    }

    private static func read(
        item: Substring, after last: TimeSpan
    ) throws(ScriptFault) -> [TimeSpan?] {
        var rest = item
        if rest.first == "_" {
            rest.removeFirst()
            let count = rest.isEmpty ? 1 : try repetitions(rest, of: item)
            return Array(repeating: nil, count: count)
        }
        var offset = last
        var step = TimeSpan.zero
        if rest.first == "*" {
            rest.removeFirst()
        } else {
            offset = try span(&rest, of: item)
            if let sign = rest.first, sign == "+" || sign == "-" {
                step = try span(&rest, of: item)
            }
        }
        let count = rest.isEmpty ? 0 : try repetitions(rest, of: item)
        return (0...Int64(count)).map {
            TimeSpan(milliseconds: offset.milliseconds + $0 * step.milliseconds)
        }
    }

    private static func repetitions(
        _ rest: Substring, of item: Substring
    ) throws(ScriptFault) -> Int {
        guard rest.first == "x", let count = Int(rest.dropFirst()), count >= 0 else {
            throw ScriptFault("invalid ST item \(quoted(String(item)))")
        }
        return count
    }

    private static func span(
        _ rest: inout Substring, of item: Substring
    ) throws(ScriptFault) -> TimeSpan {
        let isNegative = rest.first == "-"
        if isNegative || rest.first == "+" { rest.removeFirst() }
        let digits = rest.prefix { $0.isNumber }
        let unit = rest[digits.endIndex...].prefix { $0.isLetter && $0 != "x" }
        do {
            let span = try TimeSpan(String(rest[..<unit.endIndex]))
            rest = rest[unit.endIndex...]
            return TimeSpan(milliseconds: isNegative ? -span.milliseconds : span.milliseconds)
        } catch {
            throw ScriptFault("invalid ST item \(quoted(String(item))): \(error)")
        }
    }
}
