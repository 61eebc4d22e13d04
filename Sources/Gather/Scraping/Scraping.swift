// Scraping: from a target to a committed batch, tick after tick.
// In: targets as discovery finds them. Out: batches into a `SampleSink`, and how each target does.
// Start at `Scraper`; one target's memory is `TargetSeries`, its clock `ScrapeSchedule`.

public import Exposition
public import HTTPFetch

/// Why a scrape brought nothing but its report.
public enum ScrapeError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The target could not be asked, or its answer did not arrive.
    case fetch(HTTPFetchError)
    /// It answered with a status other than 200.
    case status(String)
    /// The body could not be read.
    case body(ExpositionError)
    /// More samples than `sample_limit`.
    case sampleLimit
    /// A native histogram with more buckets than `native_histogram_bucket_limit`, however coarse.
    case bucketLimit
    /// A sample with more, or longer, labels than are allowed; the text says which.
    case labelLimit(String)
    /// What relabeling left of a series is none.
    case badSeries(String)
    /// The job has more targets than `target_limit`.
    case targetLimit(count: Int, limit: Int)
    /// The target asks for credentials that weir.yml does not have.
    case unknownProfile(String)
    /// The target's URL is none.
    case badURL(String)
    /// The batch could not be kept.
    case notKept(String)

    /// What happened, in Prometheus's words where it has some.
    public var description: String {
        switch self {
        case .fetch(let error): error.description
        case .status(let line): "server returned HTTP status \(line)"
        case .body(let error): error.description
        case .sampleLimit: "sample limit exceeded"
        case .bucketLimit: "histogram bucket limit exceeded"
        case .labelLimit(let text), .badSeries(let text), .badURL(let text): text
        case .targetLimit(let count, let limit):
            "target_limit exceeded (number of targets: \(count), limit: \(limit))"
        case .unknownProfile(let name):
            "there is no profile \"\(name)\" among the auth_profiles of weir.yml; add it, or "
                + "correct the label __auth_profile__"
        case .notKept(let reason): reason
        }
    }
}
