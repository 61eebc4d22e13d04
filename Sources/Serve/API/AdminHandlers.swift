import Access
import HTTPServe
public import Model

/// What may be done to what is kept; switched on by `--web.enable-admin-api`.
public struct AdminAccess: Sendable {
    /// Whether the routes do their work.
    public var isEnabled = false
    /// Erases series; `nil` where nothing can be erased.
    public var eraser: (any SeriesEraser)?
    /// Makes a snapshot, with or without what is in memory alone, and says its name.
    public var snapshot: (@Sendable (_ skipHead: Bool) async throws -> String)?

    /// Switched off.
    public init() {}
}

/// Erasing series, tidying up behind that, and snapshots.
struct AdminHandlers: Sendable {
    private let access: AdminAccess

    init(_ access: AdminAccess) { self.access = access }

    /// Erases what the selected series said in a range.
    @Sendable func deleteSeries(_ request: ServerRequest) async throws -> ServerResponse {
        try checkEnabled()
        if let problem = request.parameters.problem {
            throw APIError.badData("error parsing form values: \(problem)")
        }
        guard !request.parameters.values(of: "match[]").isEmpty else {
            throw APIError.badData("no match[] parameter provided")
        }
        let parameters = QueryParameters(request)
        let range = try parameters.range()
        // All are read before the first is erased.
        let selectors = try parameters.selectors(prefix: QueryParameters.ofMatch)
        guard let eraser = access.eraser else {
            throw APIError.unavailable("nothing that is kept here can be erased")
        }
        let scope = request.caller.binding
        for matchers in selectors {
            do throws(SourceError) {
                _ = try await eraser.erase(matching: scope + matchers, in: range)
            } catch {
                throw APIError.internal(error.description)
            }
        }
        return ServerResponse(status: 204)
    }

    /// Does nothing: what is erased is gone at once, and leaves no tombstone.
    @Sendable func cleanTombstones(_ request: ServerRequest) async throws -> ServerResponse {
        try checkEnabled()
        return ServerResponse(status: 204)
    }

    /// Makes a snapshot and says its name.
    @Sendable func snapshot(_ request: ServerRequest) async throws -> ServerResponse {
        try checkEnabled()
        var skipHead = false
        if let text = QueryParameters(request).text("skip_head") {
            do throws(GoNumberFault) { skipHead = try GoNumber.truth(text) } catch {
                throw APIError.badData(
                    "invalid parameter \"skip_head\": unable to parse boolean \(error)")
            }
        }
        guard let make = access.snapshot else {
            throw APIError.unavailable("this Weir has no place for snapshots")
        }
        let name: String
        do { name = try await make(skipHead) } catch {
            throw APIError.internal("create snapshot: \(error)")
        }
        return .success { writer in
            writer.beginObject()
            writer.member("name", name)
            writer.endObject()
        }
    }

    private func checkEnabled() throws(APIError) {
        guard access.isEnabled else { throw .unavailable("admin APIs disabled") }
    }
}
