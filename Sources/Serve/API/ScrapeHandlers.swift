import Access
import HTTPServe
import Model
import Scraping

/// What targets say of their families, and what they answered last.
///
/// A caller that is bound to labels sees the targets whose series it may see.
struct ScrapeHandlers: Sendable {
    private let access: TargetAccess

    init(_ access: TargetAccess) { self.access = access }

    /// What each target says of its families.
    @Sendable func targetMetadata(_ request: ServerRequest) async throws -> ServerResponse {
        let parameters = QueryParameters(request)
        let limit = try parameters.count("limit") ?? -1
        let metric = parameters.text("metric")
        var matchers: [Matcher] = []
        if let text = parameters.text("match_target") {
            matchers = try QueryParameters.matchers(text, of: "match_target")
        }
        let all = await metadata(for: request).filter { one in
            (metric.map { $0.hasSameBytes(as: one.metric) } ?? true) && matchers.accept(one.target)
        }
        return .success { writer in
            writer.beginList()
            for one in all.prefix(limit < 0 ? all.count : limit) {
                writer.beginObject()
                writer.key("target")
                writer.labels(one.target)
                if metric == nil { writer.member("metric", one.metric) }
                writer.metadata(one.metadata)
                writer.endObject()
            }
            writer.endList()
        }
    }

    /// What is said of each family by whichever target, each saying once.
    @Sendable func metadata(_ request: ServerRequest) async throws -> ServerResponse {
        let parameters = QueryParameters(request)
        let limit = try parameters.count("limit") ?? -1
        let perMetric = try parameters.count("limit_per_metric") ?? -1
        let metric = parameters.text("metric")
        var families: [(name: String, said: [MetricMetadata])] = []
        let all = await metadata(for: request).sorted { $0.metric.isBytewiseLess(than: $1.metric) }
        for one in all where metric.map({ $0.hasSameBytes(as: one.metric) }) ?? true {
            if families.last.map({ $0.name.hasSameBytes(as: one.metric) }) != true {
                families.append((one.metric, []))
            }
            let last = families.count - 1
            if perMetric > 0, families[last].said.count >= perMetric { continue }
            if !families[last].said.contains(one.metadata) {
                families[last].said.append(one.metadata)
            }
        }
        return .success { writer in
            writer.beginObject()
            for family in families.prefix(limit < 0 ? families.count : limit) {
                writer.key(family.name)
                writer.beginList()
                for said in family.said {
                    writer.beginObject()
                    writer.metadata(said)
                    writer.endObject()
                }
                writer.endList()
            }
            writer.endObject()
        }
    }

    /// What a target answered last, or with `failing=true` when it last failed.
    @Sendable func body(_ request: ServerRequest) async throws -> ServerResponse {
        let parameters = QueryParameters(request)
        guard let url = parameters.text("target") else {
            throw APIError.badData(
                "no target parameter provided; it is the scrapeUrl that /api/v1/targets shows")
        }
        let job = parameters.text("scrapePool")
        let failing = parameters.text("failing") == "true"
        let isVisible = await visible(to: request).contains {
            $0.url == url && (job == nil || $0.job == job)
        }
        guard isVisible,
            let body = await access.body(url, job, failing)
        else { throw APIError.notFound("nothing is recorded of the target \(url)") }
        var answer = ServerResponse(bytes: body.bytes())
        // Never what the target says: a browser must not take it for a page of Weir's.
        answer.fields["Content-Type"] = "text/plain; charset=utf-8"
        answer.fields["X-Content-Type-Options"] = "nosniff"
        answer.fields["X-Weir-Scrape-Time"] = body.time.description
        answer.fields["X-Weir-Scrape-Status"] = "\(body.status)"
        answer.fields["X-Weir-Body-Bytes"] = "\(body.byteCount)"
        answer.fields["X-Weir-Body-Cut"] = body.isCut ? "true" : "false"
        return answer
    }

    // MARK: What the caller may see

    private func visible(to request: ServerRequest) async -> [TargetStatus] {
        let binding = request.caller.binding
        return await access.active().filter { binding.accept($0.labels) }
    }

    private func metadata(for request: ServerRequest) async -> [TargetMetadata] {
        let binding = request.caller.binding
        return await access.metadata().filter { binding.accept($0.target) }
    }
}
