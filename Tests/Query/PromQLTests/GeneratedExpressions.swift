/// Expressions that both versions of Prometheus know, made at random and the same in every run.
struct GeneratedExpressions {
    private var numbers: SeededNumbers

    init(seed: UInt64) { numbers = SeededNumbers(seed: seed) }

    /// The next expression.
    mutating func next() -> String { vector(depth: Int.random(in: 1...4, using: &numbers)) }

    private mutating func pick<Element>(_ list: [Element]) -> Element {
        list[Int.random(in: 0..<list.count, using: &numbers)]
    }

    private mutating func chance(_ percent: Int) -> Bool {
        Int.random(in: 0..<100, using: &numbers) < percent
    }

    // MARK: Vectors

    private mutating func vector(depth: Int) -> String {
        guard depth > 0 else { return selector() }
        switch Int.random(in: 0..<22, using: &numbers) {
        case 0...4: return overTime(depth: depth)
        case 5...8: return aggregation(depth: depth)
        case 9...11: return binary(depth: depth)
        case 12...13: return element(depth: depth)
        case 14: return "(\(vector(depth: depth - 1))) \(pick(Self.comparisons)) \(number())"
        // Prometheus 2 kept the name of what was put through `atan2` with a number.
        case 15:
            return "\(number()) \(pick(Self.arithmetic.dropLast())) (\(vector(depth: depth - 1)))"
        case 16:
            return "histogram_quantile(\(pick(["0.5", "0.9", "0.99", "0", "1"])), \(buckets()))"
        case 17: return "absent(\(selector()))"
        case 18: return set(depth: depth)
        case 19: return label(depth: depth)
        case 20: return "-(\(vector(depth: depth - 1)))"
        default: return join()
        }
    }

    private mutating func selector() -> String {
        let name = pick(["requests_total", "temperature", "load", "latency_seconds_bucket"])
        var matchers: [String] = []
        if chance(40) { matchers.append("job=\"\(pick(["api", "web", "none"]))\"") }
        if chance(30) { matchers.append("host=~\"\(pick(["a|b", "[bc]", ".+", "c"]))\"") }
        if chance(15) { matchers.append("host!=\"\(pick(["a", "b"]))\"") }
        if name == "requests_total", chance(40) { matchers.append("code!~\"4..\"") }
        let text = matchers.isEmpty ? name : name + "{" + matchers.joined(separator: ",") + "}"
        return text + modifiers()
    }

    private mutating func modifiers() -> String {
        var text = ""
        if chance(10) { text += pick([" offset 5m", " offset -3m", " offset 90s"]) }
        if chance(6) { text += pick([" @ 1600003600", " @ start()", " @ end()"]) }
        return text
    }

    private mutating func range() -> String {
        let name = pick(["requests_total", "temperature", "load", "latency_seconds_bucket"])
        let matcher = chance(40) ? "{job=\"\(pick(["api", "web"]))\"}" : ""
        return name + matcher + "[\(pick(["1m", "2m", "5m", "10m", "35s"]))]" + modifiers()
    }

    private mutating func overTime(depth: Int) -> String {
        let argument =
            depth > 1 && chance(25)
            // Not a multiple of the step, so that no instant lies at the start of a range.
            ? "(\(vector(depth: depth - 2)))[\(pick(["301s:60s", "121s:30s", "601s:2m"]))]"
            : range()
        switch Int.random(in: 0..<26, using: &numbers) {
        case 0: return "quantile_over_time(\(pick(["0", "0.3", "0.9", "1"])), \(argument))"
        case 1: return "predict_linear(\(argument), \(pick(["60", "-30", "3600"])))"
        default:
            return pick([
                "rate", "rate", "rate", "increase", "delta", "irate", "idelta", "deriv", "changes",
                "resets", "sum_over_time", "avg_over_time", "min_over_time", "max_over_time",
                "count_over_time", "stddev_over_time", "stdvar_over_time", "last_over_time",
                "present_over_time", "absent_over_time",
            ]) + "(\(argument))"
        }
    }

    private mutating func aggregation(depth: Int) -> String {
        let inner = vector(depth: depth - 1)
        let labels = pick(["", "job", "host", "host, job", "code", "le", "nothing"])
        let clause = chance(25) ? "" : " \(pick(["by", "without"])) (\(labels)) "
        switch Int.random(in: 0..<12, using: &numbers) {
        case 0: return "quantile\(clause)(\(pick(["0.1", "0.5", "0.95"])), \(inner))"
        case 1: return "count(topk\(clause)(\(pick(["1", "2", "5"])), \(inner)))"
        case 2: return "max(bottomk\(clause)(\(pick(["1", "3"])), \(inner)))"
        case 3: return "count_values\(clause)(\"value\", \(inner))"
        default:
            return pick(["sum", "sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"])
                + "\(clause)(\(inner))"
        }
    }

    private static let arithmetic = ["+", "-", "*", "/", "%", "^", "atan2"]
    private static let comparisons = [
        ">", "<", ">=", "<=", "==", "!=", "> bool", "< bool", "!= bool", "== bool",
    ]

    private mutating func binary(depth: Int) -> String {
        let matching = pick([
            "", "", "on (host, job) ", "ignoring (code) ", "on (host) ", "ignoring (le, code) ",
        ])
        return "(\(vector(depth: depth - 1))) \(pick(Self.arithmetic + Self.comparisons)) "
            + "\(matching)(\(vector(depth: depth - 1)))"
    }

    private mutating func set(depth: Int) -> String {
        let matching = pick(["", "on (job) ", "ignoring (code, le, zone) "])
        return "(\(vector(depth: depth - 1))) \(pick(["and", "or", "unless"])) "
            + "\(matching)(\(vector(depth: depth - 1)))"
    }

    private mutating func join() -> String {
        pick([
            "rate(requests_total[5m]) * on (host) group_left (os) host_info",
            "host_info * on (host) group_right (os) sum by (host, job) (temperature)",
            "requests_total / on (host, job) group_left sum by (host, job) (requests_total)",
            "sum by (host) (load) > on (host) group_left temperature",
            "temperature - on (host, job) load",
        ])
    }

    private mutating func element(depth: Int) -> String {
        let inner = vector(depth: depth - 1)
        switch Int.random(in: 0..<8, using: &numbers) {
        case 0: return "clamp(\(inner), \(pick(["-10", "0"])), \(pick(["20", "1e6"])))"
        case 1: return "clamp_min(\(inner), 3)"
        case 2: return "round(\(inner), \(pick(["1", "0.1", "10"])))"
        case 3: return "vector(scalar(\(inner)))"
        case 4: return "timestamp(\(chance(50) ? selector() : inner))"
        case 5:
            return pick([
                "hour", "minute", "day_of_week", "day_of_month", "day_of_year", "days_in_month",
                "month", "year",
            ]) + "(\(inner))"
        default:
            return pick([
                "abs", "ceil", "floor", "exp", "sqrt", "ln", "log2", "log10", "sgn", "sin", "cos",
                "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh",
                "deg", "rad", "sort", "sort_desc",
            ]) + "(\(inner))"
        }
    }

    private mutating func label(depth: Int) -> String {
        let inner = vector(depth: depth - 1)
        return chance(50)
            ? "label_replace(\(inner), \"host\", \"$1-x\", \"job\", \"(a|w).*\")"
            : "label_join(\(inner), \"both\", \"/\", \"host\", \"job\")"
    }

    private mutating func buckets() -> String {
        pick([
            "latency_seconds_bucket", "rate(latency_seconds_bucket[5m])",
            "sum by (le) (rate(latency_seconds_bucket[5m]))",
            "sum by (le, job) (latency_seconds_bucket)",
        ])
    }

    private mutating func number() -> String {
        pick(["0", "1", "2.5", "-3", "1e3", "NaN", "Inf", "0.5", "time() % 7"])
    }
}
