import Configuration
import Exposition
import HTTPFetch
import Model
import Relabeling

/// What all targets of one job share, worked out once from its configuration.
final class JobSettings: Sendable {
    let config: ScrapeConfig
    let relabeler: Relabeler
    let accept: String
    let codings: [HTTPRequest.Coding]
    let parserOptions: ParserOptions
    let fallback: ExpositionFormat?
    let histograms: HistogramRules
    /// The most bytes of a body; Prometheus refuses a body that is as long as its limit.
    let bodyLimit: Int
    /// How targets are asked, or why they cannot be.
    private let options: Result<HTTPClientOptions, HTTPFetchError>
    private let profiles: [String: Result<HTTPClientOptions, HTTPFetchError>]
    let profileConfigs: [String: HTTPClientConfig]

    /// Bodies of jobs without `body_size_limit` may have this many bytes.
    static let safeBodyLimit = 1 << 30

    init(_ config: ScrapeConfig, profiles: [String: HTTPClientConfig]) {
        self.config = config
        relabeler = Relabeler(config.metricRelabelConfigs)
        accept = ExpositionFormat.accept(
            config.scrapeProtocols.compactMap { ExpositionFormat(rawValue: $0.rawValue) },
            escaping: NameEscaping(rawValue: config.escapingScheme) ?? .allowUTF8)
        codings = config.enableCompression ? HTTPRequest.Coding.supported : []
        fallback = config.fallbackProtocol.flatMap { ExpositionFormat(rawValue: $0.rawValue) }
        var parser = ParserOptions()
        parser.readsNativeHistograms = config.scrapeNativeHistograms
        parser.convertsClassicHistograms = config.convertClassicHistograms
        parser.keepsClassicHistograms = config.alwaysScrapeClassicHistograms
        parserOptions = parser
        histograms = HistogramRules(config)
        let limit = Int(config.limits.bodySize.bytes)
        bodyLimit = limit > 0 ? limit - 1 : Self.safeBodyLimit
        options = Self.result(config.http)
        profileConfigs = profiles
        self.profiles = profiles.mapValues { Self.result($0.beside(config.http)) }
    }

    /// How a target with this `__auth_profile__` is asked.
    func options(profile: String) throws(ScrapeError) -> HTTPClientOptions {
        let found = profile.isEmpty ? options : profiles[profile]
        guard let found else { throw .unknownProfile(profile) }
        do throws(HTTPFetchError) { return try found.get() } catch { throw .fetch(error) }
    }

    /// Whether samples of `other` are read and named in the same way, so that what is known of a
    /// target's series still holds.
    func readsLike(_ other: JobSettings) -> Bool {
        config.honorLabels == other.config.honorLabels
            && config.metricRelabelConfigs == other.config.metricRelabelConfigs
            && config.limits == other.config.limits
            && config.nameScheme == other.config.nameScheme
            && parserOptions == other.parserOptions && fallback == other.fallback
    }

    private static func result(
        _ config: HTTPClientConfig
    ) -> Result<HTTPClientOptions, HTTPFetchError> {
        do throws(HTTPFetchError) { return .success(try config.options()) } catch {
            return .failure(error)
        }
    }
}

extension HTTPClientConfig {
    /// A profile as a job's targets are asked with it: what it does not say, the job does.
    fileprivate func beside(_ job: HTTPClientConfig) -> HTTPClientConfig {
        var joined = self
        if basicAuth == nil, authorization == nil, oauth2 == nil {
            joined.basicAuth = job.basicAuth
            joined.authorization = job.authorization
            joined.oauth2 = job.oauth2
        }
        let plain = HTTPClientConfig()
        if tls == plain.tls { joined.tls = job.tls }
        if proxy == plain.proxy { joined.proxy = job.proxy }
        joined.followRedirects = followRedirects && job.followRedirects
        joined.enableHTTP2 = enableHTTP2 && job.enableHTTP2
        joined.headers = job.headers.merging(headers) { $1 }
        return joined
    }
}
