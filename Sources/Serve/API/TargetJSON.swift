import HTTPFetch
import Model
import Scraping

// A target as Prometheus shows it, and what Weir knows beyond that.
extension JSONWriter {
    mutating func target(_ target: TargetStatus) {
        beginObject()
        key("discoveredLabels")
        labels(target.discovered)
        key("labels")
        labels(target.labels)
        member("scrapePool", target.job)
        member("scrapeUrl", target.url)
        member("globalUrl", target.url)
        member("lastError", target.lastError ?? "")
        member("lastScrape", target.lastScrape?.description ?? "0001-01-01T00:00:00Z")
        member("lastScrapeDuration", seconds: target.lastDuration)
        member("health", target.health.rawValue)
        member("scrapeInterval", target.interval.description)
        member("scrapeTimeout", target.timeout.description)
        details(of: target)
        endObject()
    }

    private mutating func details(of target: TargetStatus) {
        key("nextScrape")
        if let next = target.nextScrape { string(next.description) } else { null() }
        key("phases")
        beginObject()
        member("dns", seconds: target.timings.dns)
        member("connect", seconds: target.timings.connect)
        member("tls", seconds: target.timings.tls)
        member("firstByte", seconds: target.timings.firstByte)
        member("body", seconds: target.timings.body)
        member("parse", seconds: target.parsing)
        endObject()
        for (name, count) in [
            ("bodyBytes", target.bodyBytes), ("transferredBytes", target.transferredBytes),
            ("samples", target.samples), ("keptSamples", target.keptSamples),
            ("samplesOverBudget", target.samplesOverBudget), ("series", target.series),
            ("skippedScrapes", target.skippedTicks),
        ] {
            key(name)
            number(Int64(count))
        }
        if let profile = target.authProfile { member("authProfile", profile) }
        guard let token = target.token else { return }
        key("oauth2")
        self.token(token)
    }

    private mutating func token(_ token: OAuth2TokenState) {
        beginObject()
        member("tokenUrl", token.tokenURL)
        member("clientId", token.clientID)
        key("scopes")
        strings(token.scopes)
        key("hasToken")
        bool(token.isPresent)
        key("requests")
        number(Int64(token.requests))
        key("failures")
        number(Int64(token.failures))
        if let age = token.age { member("age", seconds: age) }
        if let left = token.expiresIn { member("expiresIn", seconds: left) }
        if let error = token.lastError { member("lastError", error) }
        if let next = token.nextAttemptIn { member("nextAttemptIn", seconds: next) }
        endObject()
    }

    mutating func budget(_ budget: SeriesBudgetStatus) {
        beginObject()
        key("limit")
        number(Int64(budget.limit))
        key("series")
        number(Int64(budget.used))
        key("refused")
        number(Int64(budget.refused))
        if let label = budget.explodedLabel { member("explodedLabel", label) }
        key("examples")
        beginList()
        for example in budget.examples { labels(example) }
        endList()
        endObject()
    }

    mutating func metadata(_ metadata: MetricMetadata) {
        member("type", metadata.type.rawValue)
        member("help", metadata.help)
        member("unit", metadata.unit)
    }

    private mutating func member(_ name: String, seconds time: Duration) {
        let (seconds, attoseconds) = time.components
        key(name)
        plain(Double(seconds) + Double(attoseconds) / 1e18)
    }
}
