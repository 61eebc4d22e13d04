import Access
import Discovery
import HTTPServe
import JSON
import Model
import RE2
import Relabeling
import Scraping

/// What is scraped, what was dropped and why, and where all of it comes from.
///
/// A caller that is bound to labels sees the targets whose series it may see.
struct TargetHandlers: Sendable {
    private let access: TargetAccess

    init(_ access: TargetAccess) { self.access = access }

    // MARK: /targets

    @Sendable func targets(_ request: ServerRequest) async -> ServerResponse {
        let state = request.query["state"]?.lowercased() ?? ""
        let pool = request.query["scrapePool"] ?? ""
        let showsActive = ["", "any", "active"].contains(state)
        let showsDropped = ["", "any", "dropped"].contains(state)
        let binding = request.caller.binding
        let active = showsActive ? await access.active() : []
        let jobs = showsDropped && binding.isEmpty ? await access.jobs().byName : []
        let budgets = binding.isEmpty ? await access.budgets() : []
        return .success { writer in
            writer.beginObject()
            writer.key("activeTargets")
            writer.beginList()
            for target in active where pool.isEmpty || target.job == pool {
                if binding.accept(target.labels) { write(target, to: &writer) }
            }
            writer.endList()
            writer.key("droppedTargets")
            writer.beginList()
            for (name, targets) in jobs where pool.isEmpty || name == pool {
                for found in targets.dropped { write(found, of: targets, to: &writer) }
            }
            writer.endList()
            writer.key("droppedTargetCounts")
            if showsDropped {
                writer.beginObject()
                for (name, targets) in jobs where pool.isEmpty || name == pool {
                    writer.key(name)
                    writer.number(Int64(targets.droppedCount))
                }
                writer.endObject()
            } else {
                writer.null()
            }
            if !budgets.isEmpty {
                // What Prometheus does not have.
                writer.key("seriesBudgets")
                writer.beginObject()
                for (name, budget) in budgets where pool.isEmpty || name == pool {
                    writer.key(name)
                    writer.budget(budget)
                }
                writer.endObject()
            }
            writer.endObject()
        }
    }

    private func write(_ target: TargetStatus, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("discoveredLabels")
        writer.labels(target.discovered)
        writer.key("labels")
        writer.labels(target.labels)
        writer.member("scrapePool", target.job)
        writer.member("scrapeUrl", target.url)
        writer.member("globalUrl", access.outside?.url(target.url) ?? target.url)
        writer.member("lastError", target.lastError ?? "")
        writer.member("lastScrape", target.lastScrape?.description ?? "0001-01-01T00:00:00Z")
        writer.key("lastScrapeDuration")
        writer.plain(target.lastDuration / .seconds(1))
        writer.member("health", target.health.rawValue)
        writer.member("scrapeInterval", target.interval.description)
        writer.member("scrapeTimeout", target.timeout.description)
        // What Prometheus does not say.
        writer.details(of: target)
        writer.endObject()
    }

    private func write(_ found: FoundTarget, of job: JobTargets, to writer: inout JSONWriter) {
        let trace = job.rules.trace(found)
        writer.beginObject()
        writer.key("discoveredLabels")
        writer.labels(trace.input)
        writer.member("scrapePool", job.rules.job)
        if let index = trace.droppedBy {
            // What Prometheus does not say: which rule it was, counted from 1.
            writer.key("droppedByRule")
            writer.number(Int64(index + 1))
            writer.member("rule", trace.entries[index].rule.description)
        }
        writer.endObject()
    }

    // MARK: /scrape_pools and /targets/relabel_steps

    @Sendable func scrapePools(_ request: ServerRequest) async -> ServerResponse {
        let names = await access.jobs().byName.map(\.key)
        return .success { writer in
            writer.beginObject()
            writer.key("scrapePools")
            writer.strings(names)
            writer.endObject()
        }
    }

    /// The configuration of one job.
    @Sendable func poolConfig(
        _ request: ServerRequest, _ text: @Sendable (String) async -> String?
    ) async throws -> ServerResponse {
        guard let pool = request.query["scrapePool"], !pool.isEmpty else {
            throw APIError.badData("no scrapePool parameter provided")
        }
        guard let yaml = await text(pool) else {
            throw APIError.notFound("unable to locate scrape pool \(Labels.quoted(pool))")
        }
        return .success { writer in
            writer.beginObject()
            writer.member("yaml", yaml)
            writer.endObject()
        }
    }

    @Sendable func relabelSteps(_ request: ServerRequest) async throws -> ServerResponse {
        guard let pool = request.query["scrapePool"], !pool.isEmpty else {
            throw APIError.badData("no scrapePool parameter provided")
        }
        guard let text = request.query["labels"], !text.isEmpty else {
            throw APIError.badData("no labels parameter provided")
        }
        let labels = try Self.labels(text)
        guard let job = await access.jobs()[pool] else {
            throw APIError.notFound("unable to locate scrape pool \(Labels.quoted(pool))")
        }
        let trace = job.rules.relabeler.trace(labels)
        return .success { writer in
            writer.beginObject()
            writer.key("steps")
            writer.beginList()
            for entry in trace.entries {
                writer.beginObject()
                writer.key("rule")
                writer.rule(entry.rule)
                writer.key("output")
                if entry.keeps { writer.labels(entry.after) } else { writer.labels(Labels()) }
                writer.key("keep")
                writer.bool(entry.keeps)
                writer.endObject()
            }
            writer.endList()
            writer.endObject()
        }
    }

    private static func labels(_ text: String) throws(APIError) -> Labels {
        let value: JSONValue
        do throws(JSONError) { value = try JSONReader.read(Array(text.utf8)) } catch {
            throw .badData("unable to parse labels: \(error)")
        }
        guard case .object(let members) = value else {
            throw .badData("unable to parse labels: they are \(value.kindInWords), not an object")
        }
        var builder = LabelsBuilder()
        for member in members {
            guard let text = member.value.text else {
                throw .badData(
                    "unable to parse labels: \(member.name) is \(member.value.kindInWords), "
                        + "not a text")
            }
            builder[member.name] = text
        }
        return Labels(builder)
    }

    // MARK: /service_discovery

    @Sendable func serviceDiscovery(_ request: ServerRequest) async -> ServerResponse {
        let isFree = request.caller.binding.isEmpty
        let sources = isFree ? await access.sources() : []
        let jobs = isFree ? await access.jobs().byName : []
        return .success { writer in
            writer.beginObject()
            writer.key("sources")
            writer.beginList()
            for source in sources { write(source, to: &writer) }
            writer.endList()
            writer.key("jobs")
            writer.beginList()
            for (_, targets) in jobs { write(targets, to: &writer) }
            writer.endList()
            writer.endObject()
        }
    }

    private func write(_ source: SourceState, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("kind", source.kind)
        writer.member("source", source.place)
        writer.key("scrapePools")
        writer.strings(source.jobs)
        writer.key("lastSuccess")
        writer.timeOrNull(source.lastSuccess)
        writer.member("lastError", source.lastError ?? "")
        writer.key("lastErrorTime")
        writer.timeOrNull(source.lastErrorTime)
        writer.key("groups")
        writer.number(Int64(source.groupCount))
        writer.key("targets")
        writer.number(Int64(source.targetCount))
        writer.endObject()
    }

    private func write(_ job: JobTargets, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("scrapePool", job.rules.job)
        for (name, count) in [
            ("active", job.active.count), ("dropped", job.droppedCount),
            ("failed", job.failures.count),
        ] {
            writer.key(name)
            writer.number(Int64(count))
        }
        writer.member("limitError", job.limitFault ?? "")
        writer.key("failures")
        writer.beginList()
        for failure in job.failures {
            writer.beginObject()
            writer.key("discoveredLabels")
            writer.labels(job.rules.discovered(failure.found))
            writer.member("source", failure.source)
            writer.member("error", failure.fault.description)
            writer.endObject()
        }
        writer.endList()
        writer.endObject()
    }
}

extension Dictionary where Key == String {
    /// All of it, sorted by the bytes of the names.
    fileprivate var byName: [(key: String, value: Value)] {
        sorted { $0.key.isBytewiseLess(than: $1.key) }
    }
}

extension JSONWriter {
    /// A rule with the names that Prometheus's answers give its fields.
    fileprivate mutating func rule(_ rule: RelabelRule) {
        beginObject()
        if !rule.sourceLabels.isEmpty {
            key("sourceLabels")
            strings(rule.sourceLabels)
        }
        if !rule.separator.isEmpty { member("separator", rule.separator) }
        member("regex", rule.pattern.text)
        if rule.modulus != 0 {
            key("modulus")
            number(Int64(clamping: rule.modulus))
        }
        if !rule.targetLabel.isEmpty { member("targetLabel", rule.targetLabel) }
        if !rule.replacement.isEmpty { member("replacement", rule.replacement) }
        member("action", rule.action.rawValue)
        endObject()
    }

    fileprivate mutating func timeOrNull(_ time: Timestamp?) {
        if let time { string(time.description) } else { null() }
    }
}
