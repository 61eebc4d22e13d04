/// Whether two answers say the same.
enum AnswerDifference {
    private static let mark = Array("{\"metric\":".utf8)

    /// Where they do not, to nine digits; series may come in any order.
    static func first(_ ours: [UInt8], _ theirs: [UInt8]) -> String? {
        let (left, right) = (series(ours), series(theirs))
        guard left.count == right.count else {
            return "\(left.count) series, and Prometheus has \(right.count)"
        }
        for (one, other) in zip(left, right) where one != other {
            let (a, b) = (words(one), words(other))
            guard a.count == b.count else {
                return "\(text(one)), and Prometheus says \(text(other))"
            }
            for (l, r) in zip(a, b) where l != r {
                let (x, y) = (Double(l) ?? .nan, Double(r) ?? .nan)
                guard abs(x - y) <= 1e-9 * max(abs(x), abs(y)) else {
                    return "\(text(one)): \(l), and Prometheus says \(r)"
                }
            }
        }
        return nil
    }

    private static func text(_ bytes: [UInt8]) -> String {
        String(decoding: bytes.prefix(300), as: UTF8.self)
    }

    /// The bytes of each series, sorted.
    private static func series(_ body: [UInt8]) -> [[UInt8]] {
        var starts: [Int] = []
        var end = body.count
        for place in body.indices where body[place] == mark[0] {
            if body[place...].starts(with: mark) { starts.append(place + mark.count) }
        }
        let last = starts.last ?? 0
        if let stats = body[last...].firstRange(of: Array("],\"stats\"".utf8)) {
            end = stats.lowerBound
        }
        var all: [[UInt8]] = []
        for (index, start) in starts.enumerated() {
            let next = index + 1 < starts.count ? starts[index + 1] - mark.count : end
            var one = Array(body[start..<next])
            if one.last == UInt8(ascii: ",") { one.removeLast() }
            all.append(one)
        }
        return all.sorted { $0.lexicographicallyPrecedes($1) }
    }

    private static func words(_ bytes: [UInt8]) -> [Substring] {
        String(decoding: bytes, as: UTF8.self).split { "\",[]{}:".contains($0) }
    }
}
