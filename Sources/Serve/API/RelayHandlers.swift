import Access
import Exposition
import HTTPServe
import Head
import Model
import PromQL
import Telemetry

/// The newest sample of every live series, for others to scrape.
struct RelayHandlers: Sendable {
    private let needs: Dependencies
    // About as much as a socket takes at once.
    private static let pieceSize = 64 << 10

    init(_ needs: Dependencies) { self.needs = needs }

    /// All targets as one, and Weir itself, with types and help kept.
    @Sendable func metrics(_ request: ServerRequest) async throws -> ServerResponse {
        let selectors = try selectors(request)
        let parameters = QueryParameters(request)
        let options = needs.relay()
        let age = try parameters.span("max_age") ?? options.maximumAge
        let oldest = WallClock.now - age
        let (format, escaping) = Self.negotiated(request)
        let head = needs.head
        // Weir's own metrics have no labels to select them by, and go with everything only.
        let isEverything = selectors == [request.caller.binding]
        let own = isEverything ? ownFamilies(request, options) : []
        // Whoever scrapes himself here would keep all he keeps once more, under other labels, with
        // every scrape.
        let isMyself = request.fields["User-Agent"] == needs.userAgent
        return stream(format, escaping) { writer, flush in
            let live = isMyself ? [] : head.families()
            for part in RelayFamilies(live: live, own: own).parts {
                var points = part.own.map { line in
                    MetricPoint(
                        Self.suffix(line.suffix, part.metadata.type), Array(line.labels), line.value
                    )
                }
                for family in part.live {
                    let samples = try Self.samples(head, family, selectors, oldest)
                    points += samples.compactMap { options.point($0, of: part.name) }
                }
                guard !points.isEmpty else { continue }
                writer.write(Exposition.MetricFamily(part.name, part.metadata, points))
                try await flush(&writer)
            }
        }
    }

    /// What `/federate` of a Prometheus says: untyped, with times; `types=keep` keeps the types.
    @Sendable func federate(_ request: ServerRequest) async throws -> ServerResponse {
        if request.parameters["types"] == "keep" { return try await metrics(request) }
        let selectors = try selectors(request)
        guard !request.parameters.values(of: "match[]").isEmpty else {
            return stream(.text004, .underscores) { _, _ in }
        }
        let options = needs.relay()
        // Prometheus looks back as far as a query does.
        let oldest = WallClock.now - needs.engine.options.lookback
        let (format, escaping) = Self.negotiated(request)
        let head = needs.head
        return stream(format, escaping) { writer, flush in
            let metrics = Set(head.families().flatMap(\.metrics))
            for metric in metrics.sorted(by: { $0.isBytewiseLess(than: $1) }) {
                let family = LiveFamily(name: metric, metadata: MetricMetadata(), metrics: [metric])
                let samples = try Self.samples(head, family, selectors, oldest)
                guard !samples.isEmpty else { continue }
                let points = samples.map { options.federated($0) }
                writer.write(Exposition.MetricFamily(metric, MetricMetadata(), points))
                try await flush(&writer)
            }
        }
    }

    /// What each `match[]` and `job` selects of what the caller may see; everything where none does.
    private func selectors(_ request: ServerRequest) throws(APIError) -> [[Matcher]] {
        let binding = request.caller.binding
        let jobs = request.parameters.values(of: "job")
        let matches = try QueryParameters(request).selectors()
        let byJob = jobs.map { [Matcher("job", equals: $0)] }
        let all = (matches.isEmpty ? [[]] : matches).flatMap { matchers in
            (byJob.isEmpty ? [[]] : byJob).map { binding + matchers + $0 }
        }
        return all
    }

    /// The newest samples of a family that one of the selectors selects, each series once.
    private static func samples(
        _ head: Head, _ family: LiveFamily, _ selectors: [[Matcher]], _ oldest: Timestamp
    ) throws(SourceError) -> [NewestSample] {
        var seen: Set<Labels> = []
        var samples: [NewestSample] = []
        for matchers in selectors {
            let found = try head.newestSamples(of: family, matching: matchers, since: oldest)
            if selectors.count == 1 { return found }
            samples += found.filter { seen.insert($0.labels).inserted }
        }
        return samples
    }

    private func ownFamilies(
        _ request: ServerRequest, _ options: RelayOptions
    ) -> [Telemetry.MetricFamily] {
        let binding = request.caller.binding
        return needs.registry.snapshot().map { family in
            let family = binding.isEmpty ? family : family.narrowed(to: binding)
            guard options.ownPrefix != "weir_", family.name.hasPrefix("weir_") else {
                return family
            }
            let name = options.ownPrefix + family.name.dropFirst(5)
            return Telemetry.MetricFamily(
                name: name, metadata: family.metadata, lines: family.lines)
        }
    }

    /// A counter's own sample is its total.
    private static func suffix(_ suffix: String, _ type: MetricType) -> String {
        type == .counter && suffix.isEmpty ? "_total" : suffix
    }

    private static func negotiated(
        _ request: ServerRequest
    ) -> (format: ExpositionFormat, escaping: NameEscaping) {
        let accept = request.fields.values(of: "accept").joined(separator: ",")
        return ExpositionFormat.negotiate(accept: accept)
    }

    /// A body that leaves while it is made; one that breaks off has no end mark and no last chunk.
    private func stream(
        _ format: ExpositionFormat, _ escaping: NameEscaping,
        _ write:
            @escaping @Sendable (
                inout ExpositionWriter, (inout ExpositionWriter) async throws -> Void
            ) async throws -> Void
    ) -> ServerResponse {
        let fields: HeaderFields = [
            "Content-Type": format.contentType(escaping: escaping), "Vary": "Accept",
        ]
        return ServerResponse(fields: fields) { output in
            var writer = ExpositionWriter(format, escaping: escaping)
            try await write(&writer) { writer in
                guard writer.bytes.count >= Self.pieceSize else { return }
                try await output.write(writer.bytes)
                writer.bytes.removeAll(keepingCapacity: true)
            }
            writer.finish()
            try await output.write(writer.bytes)
        }
    }
}
