public import Model

/// How the newest samples are shown to those who scrape them here.
public struct RelayOptions: Sendable, Hashable {
    /// Whether samples carry their time.
    public var timestamps = false
    /// How old a sample may be.
    public var maximumAge = TimeSpan.minutes(5)
    /// Labels for series that do not have them.
    public var externalLabels = Labels()
    /// The same for `/federate`, where Prometheus always shows them.
    public var federatedLabels = Labels()
    /// Whether infinite values are left out.
    public var dropsInfinite = false
    /// What stands before the names of Weir's own metrics.
    public var ownPrefix = "weir_"

    /// As the documentation says it is where nothing is set.
    public init() {}
}
