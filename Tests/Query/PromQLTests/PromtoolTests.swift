import Glibc
import TestKit
import Testing

@testable import PromQL

/// Generated texts, read by Weir and by Debian's promtool.
struct PromtoolTests {
    /// What texts are made of.
    private static let pieces = [
        "up", "foo{a=\"b\"}", "foo{a=~\"x.*\",b!=\"c\"}", "sum(", "sum by (a) (", "rate(", "[5m]",
        ")", ")", "(", " + ", " - ", " * ", "/", " and ", " or ", " unless on(a) ", " == bool ",
        " > ", "1", "0.5", "Inf", "NaN", "\"text\"", "'a'", " offset 5m", " @ 10", " @ start()",
        "[1h:5m]", "[1h:]", "topk(3, ", "histogram_quantile(0.9, ", "label_replace(up, ", ", ",
        ",", "{", "}", "[", "]", " by (x)", " without (x, y)", " group_left(z) ", " on(a) ",
        " ignoring(b) ", "time()", "vector(1)", "abs(", "-", "^", "%", " atan2 ", "count_values(",
        "#c\n", " ", "bool", "offset", "by", "5m", "!", "=~", "foo:bar", "1e3", "0x1f", "scalar(",
    ]

    private struct Random {
        var state: UInt64
        mutating func next(_ limit: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(limit))
        }
    }

    /// Mostly sound expressions, some of which then lose, double or swap a piece.
    private static func text(_ random: inout Random) -> String {
        func expression(_ depth: Int, _ random: inout Random) -> [String] {
            if depth == 0 { return [["up", "foo{a=\"b\"}", "1", "time()"][random.next(4)]] }
            switch random.next(8) {
            case 0: return ["sum by (a) ("] + expression(depth - 1, &random) + [")"]
            case 1: return ["rate(", "foo{a=~\"x.*\"}", "[5m]", " offset 5m", ")"]
            case 2: return ["("] + expression(depth - 1, &random) + [")"]
            case 3:
                return ["max_over_time("] + expression(depth - 1, &random) + ["[1h:5m]", ")"]
            case 4: return ["-"] + expression(depth - 1, &random)
            case 5: return ["topk(3, "] + expression(depth - 1, &random) + [")", " by (x)"]
            default:
                let link = [" + ", " * ", " / on(a) ", " > ", " == bool ", " and ", "^", " - "]
                return expression(depth - 1, &random) + [link[random.next(link.count)]]
                    + expression(depth - 1, &random)
            }
        }
        var parts = expression(random.next(4), &random)
        for _ in 0..<random.next(3) where !parts.isEmpty {
            let place = random.next(parts.count)
            switch random.next(3) {
            case 0: parts.remove(at: place)
            case 1: parts.insert(pieces[random.next(pieces.count)], at: place)
            default: parts[place] = pieces[random.next(pieces.count)]
            }
        }
        return parts.joined()
    }

    @Test func `what Prometheus reads, Weir reads, and most faults are told in the same words`()
        async throws
    {
        let count = getenv("WEIR_DIFFERENTIAL").flatMap { Int(String(cString: $0)) } ?? 400
        let seed = getenv("WEIR_SEED").flatMap { UInt64(String(cString: $0)) } ?? 42
        var random = Random(state: seed &* 0x9e37_79b9_7f4a_7c15 | 1)
        var texts: [String] = []
        while texts.count < count {
            let text = Self.text(&random)
            // Empty rules and blanks at the ends are matters of YAML.
            if !text.isEmpty, text.first != " ", text.last != " " { texts.append(text) }
        }
        let theirs = try await promtool(texts)
        var (same, other) = (0, 0)
        for (index, text) in texts.enumerated() {
            let ours: String?
            do {
                _ = try Parser().expression(text)
                ours = nil
            } catch {
                ours = error.description
            }
            switch (ours, theirs[index]) {
            case (nil, nil): same += 1
            case (let fault?, nil): Issue.record("\(quoted(text)): \(fault)")
            case (nil, _?): other += 1
            case (let ours?, let theirs?):
                if ours == theirs { same += 1 } else { other += 1 }
                if ours != theirs, getenv("WEIR_SHOW") != nil {
                    print("\(quoted(text))\n   weir     \(ours)\n   promtool \(theirs)")
                }
            }
        }
        print("\(same) of \(texts.count) texts are read or refused in the same words")
        #expect(Double(other) < 0.15 * Double(texts.count))
    }

    /// What promtool says of each text; `nil` where it reads it.
    private func promtool(_ texts: [String]) async throws -> [String?] {
        let folder = try TemporaryFolder()
        var rules = "groups:\n- name: g\n  rules:\n"
        for (index, text) in texts.enumerated() {
            rules += "  - record: r\(index)\n    expr: \(quoted(text))\n"
        }
        let file = try folder.write(rules, to: "rules.yml")
        let outcome = try await ChildProcess.run([
            "promtool", "check", "rules", "--lint=none", file,
        ])
        var faults = [String?](repeating: nil, count: texts.count)
        let mark = "could not parse expression: "
        for line in (outcome.output + outcome.errors).split(separator: "\n") {
            guard let name = line.split(separator: "\"").dropFirst(3).first, name.first == "r",
                let index = Int(name.dropFirst()), faults.indices.contains(index)
            else { continue }
            let parts = line.split(separator: mark, maxSplits: 1)
            if parts.count == 2 { faults[index] = String(parts[1]) }
        }
        return faults
    }
}
