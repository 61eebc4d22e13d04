import Discovery
import Exposition
import HTTPFetch
import Model

// What people ask of it.
extension ScrapeEngine {
    /// All targets that discovery has now, by job and URL.
    func status() -> [TargetStatus] {
        let states = client.tokens.states()
        return live.map { status(of: $0, states) }
    }

    /// What the targets say of their families.
    func metadata() -> [TargetMetadata] {
        live.flatMap { target in
            target.status.metadata.sorted { $0.key.isBytewiseLess(than: $1.key) }.map {
                TargetMetadata(target: target.found.labels, metric: $0.key, metadata: $0.value)
            }
        }
    }

    /// All jobs by name.
    func jobs() -> [JobStatus] {
        pools.sorted { $0.key.isBytewiseLess(than: $1.key) }.map { name, pool in
            JobStatus(name: name, targets: pool.keys.count, budget: pool.budget.status)
        }
    }

    /// What a target answered last, or last when it failed.
    ///
    /// A good answer is not kept but put together from what the parser remembers, so that it costs
    /// nothing until somebody asks. Where a scrape is under way, its end is waited for.
    func body(url: String, job: String?, failing: Bool) async -> RecordedBody? {
        func isMeant(_ target: LiveTarget) -> Bool {
            target.key.place == url && (job.map { $0 == target.key.name } ?? true)
        }
        guard let target = live.first(where: isMeant) else { return nil }
        if failing || target.status.lastError != nil { return recorder[target.key] }
        while let scraping = target.scraping { await scraping.value }
        guard target.status.isUp == true, let body = target.reader.parser.lastBody() else {
            return recorder[target.key]
        }
        var recording = target.reader.recording
        recording.append(body.span)
        return RecordedBody(
            recording, time: target.status.lastScrape ?? .distantPast, error: nil,
            byteCount: target.status.bodyBytes)
    }

    private var live: [LiveTarget] {
        targets.values.filter { $0.leaving == nil }.sorted {
            let names = $0.key.name.byteOrder(before: $1.key.name)
            if names != 0 { return names < 0 }
            let places = $0.key.place.byteOrder(before: $1.key.place)
            return places != 0 ? places < 0 : $0.key.labels < $1.key.labels
        }
    }

    private func status(of target: LiveTarget, _ states: [OAuth2TokenState]) -> TargetStatus {
        let health = target.status
        let rules = pools[target.key.name]?.rules
        return TargetStatus(
            job: target.key.name, url: target.found.url, labels: target.found.labels,
            discovered: rules?.discovered(target.found.found) ?? Labels(),
            health: health.isUp.map { $0 ? .up : .down } ?? .unknown,
            lastError: health.lastError?.description, lastScrape: health.lastScrape,
            lastDuration: health.lastDuration, interval: target.found.interval,
            timeout: target.found.timeout,
            nextScrape: target.nextTick == .distantPast ? nil : target.nextTick,
            timings: health.timings, parsing: health.parsing, bodyBytes: health.bodyBytes,
            transferredBytes: health.transferredBytes, samples: health.counts.scraped,
            keptSamples: health.counts.kept, samplesOverBudget: health.counts.overBudget,
            series: health.seriesCount, skippedTicks: health.skippedTicks,
            authProfile: target.found.authProfile, token: token(of: target, states))
    }

    private func token(
        of target: LiveTarget, _ states: [OAuth2TokenState]
    ) -> OAuth2TokenState? {
        guard case .success((_, let options)) = target.request,
            case .oauth2(let oauth2) = options.authorization
        else { return nil }
        return states.first {
            $0.tokenURL == oauth2.tokenURL.description && $0.clientID == oauth2.clientID
                && $0.scopes == oauth2.scopes
        }
    }
}
