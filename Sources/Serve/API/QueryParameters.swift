import HTTPServe
import Model
import PromQL

/// What requests for series say, read and refused in Prometheus's words.
struct QueryParameters {
    private let form: FormParameters

    init(_ request: ServerRequest) { form = request.parameters }

    /// A parameter's text; an empty one counts as none.
    func text(_ name: String) -> String? {
        form[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The time that `name` says, or `standard` where it says none.
    func time(_ name: String, standard: Timestamp) throws(APIError) -> Timestamp {
        guard let text = text(name) else { return standard }
        guard let time = Self.time(text) else {
            throw .badData(
                "invalid parameter \(Self.quoted(name)): invalid time value for '\(name)': "
                    + Self.noTime(text))
        }
        return time
    }

    /// The time that `name` has to say.
    func requiredTime(_ name: String) throws(APIError) -> Timestamp {
        guard let time = Self.time(form[name] ?? "") else {
            throw .badData(
                "invalid parameter \(Self.quoted(name)): \(Self.noTime(form[name] ?? ""))")
        }
        return time
    }

    /// The span that `name` says, `nil` where it says none.
    func span(_ name: String) throws(APIError) -> TimeSpan? {
        guard let text = text(name) else { return nil }
        return try requiredSpan(name, text)
    }

    /// The span that `name` has to say.
    func requiredSpan(_ name: String) throws(APIError) -> TimeSpan {
        try requiredSpan(name, form[name] ?? "")
    }

    private func requiredSpan(_ name: String, _ text: String) throws(APIError) -> TimeSpan {
        if let seconds = Self.number(text) {
            let milliseconds = (seconds * 1000).rounded()
            // What does not fit into nanoseconds is too much for Prometheus.
            guard abs(seconds) < 9_223_372_036 else {
                throw .badData(
                    "invalid parameter \(Self.quoted(name)): cannot parse \(Self.quoted(text)) "
                        + "to a valid duration. It overflows int64")
            }
            return TimeSpan(milliseconds: Int64(milliseconds))
        }
        do { return try TimeSpan(text) } catch {
            throw .badData(
                "invalid parameter \(Self.quoted(name)): cannot parse \(Self.quoted(text)) "
                    + "to a valid duration")
        }
    }

    /// The most results that are wanted, `nil` for all.
    func limit() throws(APIError) -> Int? {
        guard let text = text("limit") else { return nil }
        let limit: Int
        do throws(GoNumberFault) { limit = try GoNumber.whole(text) } catch {
            throw .badData("invalid parameter \"limit\": \(error)")
        }
        guard limit >= 0 else {
            throw .badData("invalid parameter \"limit\": limit must be non-negative")
        }
        return limit == 0 ? nil : limit
    }

    /// How the answer is to be written.
    func answerForm() throws(APIError) -> QueryAnswer.Form {
        guard let text = text("format") else { return .json }
        guard let form = QueryAnswer.Form(rawValue: text) else {
            throw .badData(
                "invalid parameter \"format\": \(Self.quoted(text)) is none of "
                    + QueryAnswer.Form.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return form
    }

    /// Whether `name` says yes, in one of the ways that Go's flags have.
    func flag(_ name: String) throws(APIError) -> Bool {
        switch text(name) {
        case nil, "0", "f", "F", "false", "False", "FALSE": return false
        case "1", "t", "T", "true", "True", "TRUE": return true
        case let text?:
            throw .badData(
                "invalid parameter \(Self.quoted(name)): \(Self.quoted(text)) is neither true "
                    + "nor false")
        }
    }

    /// The whole number that `name` says, of either sign; `nil` where it says none.
    func count(_ name: String) throws(APIError) -> Int? {
        guard let text = text(name) else { return nil }
        do throws(GoNumberFault) { return try GoNumber.whole(text) } catch {
            throw .badData("\(name) must be a number")
        }
    }

    /// From `start` to `end`, by default all there is.
    func range() throws(APIError) -> ClosedRange<Timestamp> {
        let start = try time("start", standard: .distantPast)
        let end = try time("end", standard: .distantFuture)
        guard start <= end else {
            throw .badData(
                "invalid parameter \"end\": end timestamp must not be before start time")
        }
        return start...end
    }

    /// What each `match[]` selects; a fault begins with `prefix`, which some routes have and others
    /// have not.
    ///
    /// Federation takes selectors that everything meets; other routes do not.
    func selectors(
        prefix: String = "", takesAll: Bool = false
    ) throws(APIError) -> [[Matcher]] {
        let parser = Parser()
        return try form.values(of: "match[]").map { text throws(APIError) in
            let matchers: [Matcher]
            do throws(PromQLError) { matchers = try parser.selector(text) } catch {
                throw .badData("\(prefix)\(error)")
            }
            guard takesAll || matchers.contains(where: { !$0.acceptsAbsence }) else {
                throw .badData("\(prefix)match[] must contain at least one non-empty matcher")
            }
            return matchers
        }
    }

    /// The conditions of the selector that the parameter `name` has.
    static func matchers(_ text: String, of name: String) throws(APIError) -> [Matcher] {
        do { return try Parser().selector(text) } catch {
            throw .badData("invalid parameter \(quoted(name)): \(error)")
        }
    }

    /// What faults of `match[]` begin with where a route says which parameter it was.
    static let ofMatch = "invalid parameter \"match[]\": "

    // MARK: Texts

    /// Seconds since 1970 with a fraction, or RFC 3339.
    static func time(_ text: String) -> Timestamp? {
        guard let seconds = number(text) else { return Timestamp(rfc3339: text) }
        let milliseconds = (seconds * 1000).rounded()
        guard milliseconds.magnitude < 9.2e18 else {
            return seconds.isNaN ? nil : seconds < 0 ? .distantPast : .distantFuture
        }
        return Timestamp(milliseconds: Int64(milliseconds))
    }

    /// A number as people write it, without the names and hex forms that Swift reads too.
    private static func number(_ text: String) -> Double? {
        let isPlain = text.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || ".+-eE".utf8.contains(byte)
        }
        return isPlain ? Double(text) : nil
    }

    private static func noTime(_ text: String) -> String {
        "cannot parse \(quoted(text)) to a valid timestamp"
    }

    static func quoted(_ text: String) -> String { Labels.quoted(text) }
}
