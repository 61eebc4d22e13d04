/// What Grafana makes of the text of a panel before it sends it.
struct GrafanaMacros {
    /// Milliseconds.
    let from: Int64
    let to: Int64
    /// Seconds.
    let interval: Int64
    /// Whether the toggle for TimescaleDB is on.
    var usesTimeBucket = false
    /// The dashboard's variables, as they are put into the text.
    var variables: [String: String] = [:]

    private static func rfc3339(_ milliseconds: Int64) -> String {
        let seconds = milliseconds / 1000
        let days = seconds / 86_400
        // From the number of a day to its date, in the Gregorian calendar.
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * month + 2) / 5 + 1
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let realMonth = month < 10 ? month + 3 : month - 9
        let year = yearOfEra + era * 400 + (realMonth <= 2 ? 1 : 0)
        let time = seconds % 86_400
        return "\(year)-\(two(realMonth))-\(two(day))T\(two(time / 3600)):"
            + "\(two(time / 60 % 60)):\(two(time % 60))Z"
    }

    private var intervalText: String {
        interval % 3600 == 0 && interval > 0
            ? "\(interval / 3600)h" : interval % 60 == 0 ? "\(interval / 60)m" : "\(interval)s"
    }

    private static func seconds(_ text: String) -> Int64 {
        let digits = Int64(text.filter { $0.isNumber }) ?? 1
        return switch text.last(where: { $0.isLetter }) {
        case "m": digits * 60
        case "h": digits * 3600
        case "d": digits * 86_400
        default: digits
        }
    }

    /// SQL as it goes to the server.
    func sql(_ text: String) -> String {
        var output = ""
        var rest = substituted(text)[...]
        while let start = rest.firstRange(of: "$__") {
            output += rest[..<start.lowerBound]
            let tail = rest[start.upperBound...]
            guard let open = tail.firstIndex(of: "("), let close = tail.firstIndex(of: ")"),
                tail[..<open].allSatisfy({ $0.isLetter })
            else {
                output += "$__"
                rest = tail
                continue
            }
            let arguments = tail[tail.index(after: open)..<close].split(separator: ",").map {
                String($0).trimmed
            }
            rest = tail[tail.index(after: close)...]
            var name = String(tail[..<open])
            // What it always was.
            if name == "timeGroup", rest.first == "," { name = "timeGroupAlias" }
            output += macro(name, arguments)
        }
        return output + rest
    }

    private func macro(_ name: String, _ arguments: [String]) -> String {
        let column = arguments.first ?? ""
        let (first, last) = (Self.rfc3339(from), Self.rfc3339(to))
        switch name {
        case "time": return "\(column) AS \"time\""
        case "timeEpoch": return "extract(epoch from \(column)) as \"time\""
        case "timeFilter": return "\(column) BETWEEN '\(first)' AND '\(last)'"
        case "timeFrom": return "'\(first)'"
        case "timeTo": return "'\(last)'"
        case "timeGroup", "timeGroupAlias":
            let seconds = Self.seconds(arguments[1].filter { $0 != "'" })
            let alias = name == "timeGroup" ? "" : " AS \"time\""
            return usesTimeBucket
                ? "time_bucket('\(seconds).000s',\(column))\(alias)"
                : "floor(extract(epoch from \(column))/\(seconds))*\(seconds)\(alias)"
        case "unixEpochFilter":
            return "\(column) >= \(from / 1000) AND \(column) <= \(to / 1000)"
        default: return "unknown macro \(name)"
        }
    }

    private func substituted(_ text: String) -> String {
        var text = text.replacing("$__interval_ms", with: "\(interval * 1000)")
            .replacing("$__interval", with: intervalText)
        for (name, value) in variables {
            text = text.replacing("${\(name)}", with: value).replacing("$\(name)", with: value)
        }
        return text
    }

    /// PromQL as it goes to the server.
    func promQL(_ text: String) -> String {
        substituted(
            text.replacing("$__rate_interval", with: "\(max(interval * 4, 120))s")
                .replacing("$__range", with: "\((to - from) / 1000)s"))
    }
}

extension String {
    fileprivate var trimmed: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
