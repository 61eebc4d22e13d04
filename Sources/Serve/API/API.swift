// API: what Weir answers over HTTP, one table of routes.
// In: requests that have passed the gatekeeper. Out: answers, written as they go.
// Start at `Routes`. Needs everything handed in by `Dependencies`; starts and stops nothing.

/// Why a route of `/api/v1` cannot answer; each kind has Prometheus's word and status.
public enum APIError: Error, Equatable, CustomStringConvertible {
    /// The request asks for something that cannot be.
    case badData(String)
    /// The query failed while it ran.
    case execution(String)
    /// The query was cancelled.
    case canceled(String)
    /// The query took too long.
    case timeout(String)
    /// Weir failed.
    case `internal`(String)
    /// There is no such thing.
    case notFound(String)
    /// None of the forms that the client takes can be given.
    case notAcceptable(String)
    /// What is asked for is switched off, or not there yet.
    case unavailable(String)

    /// Prometheus's word for the kind.
    public var type: String {
        switch self {
        case .badData: "bad_data"
        case .execution: "execution"
        case .canceled: "canceled"
        case .timeout: "timeout"
        case .internal: "internal"
        case .notFound: "not_found"
        case .notAcceptable: "not_acceptable"
        case .unavailable: "unavailable"
        }
    }

    /// Prometheus's status for the kind.
    public var status: Int {
        switch self {
        case .badData: 400
        case .execution: 422
        case .canceled: 499
        case .timeout: 503
        case .internal: 500
        case .notFound: 404
        case .notAcceptable: 406
        // As Prometheus has it, although 503 would say it better.
        case .unavailable: 500
        }
    }

    /// The sentence alone, as clients of Prometheus compare it.
    public var description: String {
        switch self {
        case .badData(let text), .execution(let text), .canceled(let text), .timeout(let text),
            .internal(let text), .notFound(let text), .notAcceptable(let text),
            .unavailable(let text):
            text
        }
    }
}
