import HTTPFetch
import Model
import Scraping

// What Weir knows of a target beyond what Prometheus shows.
extension JSONWriter {
    mutating func details(of target: TargetStatus) {
        if let next = target.nextScrape { member("nextScrape", next.description) }
        member("lastSamples", Int64(target.samples))
        member("lastBodyBytes", Int64(target.bodyBytes))
        member("series", Int64(target.series))
        member("skippedScrapes", Int64(target.skippedTicks))
        key("phases")
        beginObject()
        member("dns", seconds: target.timings.dns)
        member("connect", seconds: target.timings.connect)
        member("tls", seconds: target.timings.tls)
        member("firstByte", seconds: target.timings.firstByte)
        member("body", seconds: target.timings.body)
        member("parse", seconds: target.parsing)
        endObject()
        member("transferredBytes", Int64(target.transferredBytes))
        member("keptSamples", Int64(target.keptSamples))
        member("samplesOverBudget", Int64(target.samplesOverBudget))
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

    private mutating func member(_ name: String, _ count: Int64) {
        key(name)
        number(count)
    }

    private mutating func member(_ name: String, seconds time: Duration) {
        let (seconds, attoseconds) = time.components
        key(name)
        plain(Double(seconds) + Double(attoseconds) / 1e18)
    }
}
