import HTTPServe
import Model

/// Rules, alerts and whom they go to: well-formed answers of a Weir that has none of them.
///
/// Grafana asks for them whenever a data source is opened, and takes an error for a fault.
struct RuleHandlers: Sendable {
    /// The groups of rules; what is asked for is checked as if there were some.
    @Sendable func rules(_ request: ServerRequest) async throws -> ServerResponse {
        _ = try QueryParameters(request).selectors()
        let query = request.query
        let type = query["type"]?.lowercased() ?? ""
        guard ["", "alert", "record"].contains(type) else {
            throw Self.invalid("type", "not supported value \(QueryParameters.quoted(type))")
        }
        if let text = query["exclude_alerts"], !text.isEmpty {
            do throws(GoNumberFault) { _ = try GoNumber.truth(text) } catch {
                throw Self.invalid("exclude_alerts", "error converting exclude_alerts: \(error)")
            }
        }
        try Self.checkPage(
            limit: query["group_limit"] ?? "", token: query["group_next_token"] ?? "")
        return .success { writer in
            writer.beginObject()
            writer.key("groups")
            writer.strings([])
            writer.endObject()
        }
    }

    private static func checkPage(limit: String, token: String) throws(APIError) {
        if limit.isEmpty {
            guard token.isEmpty else {
                throw invalid(
                    "group_limit",
                    "group_limit needs to be set in order to paginate over the groups")
            }
            return
        }
        let number: Int
        do throws(GoNumberFault) { number = try GoNumber.whole(limit) } catch {
            throw invalid("group_limit", "group_limit needs to be a valid number: \(error)")
        }
        guard number > 0 else {
            throw invalid("group_limit", "group_limit needs to be greater than 0")
        }
        guard token.isEmpty else {
            throw invalid(
                "group_next_token",
                "invalid group_next_token '\(token)'. were rule groups changed?")
        }
    }

    /// The alerts that are pending or firing.
    @Sendable func alerts(_ request: ServerRequest) async -> ServerResponse {
        .success { writer in
            writer.beginObject()
            writer.key("alerts")
            writer.strings([])
            writer.endObject()
        }
    }

    /// Whom alerts are sent to.
    @Sendable func alertmanagers(_ request: ServerRequest) async -> ServerResponse {
        .success { writer in
            writer.beginObject()
            for name in ["activeAlertmanagers", "droppedAlertmanagers"] {
                writer.key(name)
                writer.strings([])
            }
            writer.endObject()
        }
    }

    private static func invalid(_ name: String, _ reason: String) -> APIError {
        .badData("invalid parameter \(QueryParameters.quoted(name)): \(reason)")
    }
}
