// PromQL: questions in Prometheus's language, understood and answered.
// In: a text, and a source of series. Out: values over time, with warnings that name their place.
// Language reads the text, Histograms calculates with native histograms; Engine and Functions
// answer. Start at `Parser`, then `Expression`.
// Knows nothing of HTTP or of where series lie. Imports: Model, RE2, Threads.

/// Why a question has no answer, in the words that Prometheus uses.
public enum PromQLError: Error, Hashable, CustomStringConvertible {
    /// The text is no expression.
    case parse(ParseFault)
    /// The expression cannot be evaluated over these series.
    case execution(String)
    /// It took too long; the stage is such as `expression evaluation`.
    case timedOut(stage: String)
    /// The one who asked has gone.
    case cancelled(stage: String)
    /// More samples at once than the limit allows.
    case tooManySamples(stage: String)
    /// The series could not be read.
    case source(reason: String)

    /// The sentence that Prometheus answers with.
    public var description: String {
        switch self {
        case .parse(let fault): fault.description
        case .execution(let sentence): sentence
        case .timedOut(let stage): "query timed out in \(stage)"
        case .cancelled(let stage): "query was canceled in \(stage)"
        case .tooManySamples(let stage):
            "query processing would load too many samples into memory in \(stage)"
        case .source(let reason): reason
        }
    }
}

/// A place in an expression's text, and what is wrong there.
public struct ParseFault: Error, Hashable, CustomStringConvertible {
    /// The bytes that are wrong.
    public let position: PositionRange
    /// What is wrong with them.
    public let message: String
    /// Line and column where they begin, as `1:5`.
    public let place: String

    /// A fault in `query`.
    public init(_ position: PositionRange, _ message: String, in query: String) {
        self.position = position
        self.message = message
        place = position.place(in: query)
    }

    /// As Prometheus says it: `1:5: parse error: unexpected end of input`.
    public var description: String { "\(place): parse error: \(message)" }
}
