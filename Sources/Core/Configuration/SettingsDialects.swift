extension Settings {
    /// Shapes of other systems' interfaces that Weir answers in; each is off until switched on.
    public struct Dialects: Sendable, Hashable {
        /// DC/OS's metrics API.
        public var dcos = DCOS()
        /// Directus's rule for `/metrics`.
        public var directus = Directus()
        /// Mackerel's service metrics.
        public var mackerel = Mackerel()
        /// wgtwo's `/metrics/v1` and its token endpoint.
        public var wgtwo = Wgtwo()
        /// InfluxDB's JSON errors, health and scrapers.
        public var influxdb = InfluxDB()
    }

    /// DC/OS's metrics API.
    public struct DCOS: Sendable, Hashable {
        /// Whether its routes are served.
        public var enabled = false
        /// Which node this is to `/node`; empty: Weir's own host.
        public var agentID = ""
    }

    /// Directus's rule for `/metrics`.
    public struct Directus: Sendable, Hashable {
        /// Whether `/metrics` follows it.
        public var enabled = false
        /// What stands before the names.
        public var namePrefix = "directus_"
    }

    /// Mackerel's service metrics.
    public struct Mackerel: Sendable, Hashable {
        /// Whether its routes are served.
        public var enabled = false
        /// The organisation's name in answers.
        public var organisation = "weir"
    }

    /// wgtwo's metrics.
    public struct Wgtwo: Sendable, Hashable {
        /// Whether its routes are served.
        public var enabled = false
        /// Whether tokens are given out at `/oauth2/token`.
        public var tokenEndpoint = false
    }

    /// InfluxDB's interface.
    public struct InfluxDB: Sendable, Hashable {
        /// Whether its routes are served.
        public var enabled = false
        /// Whether `/api/v2/scrapers` may add targets.
        public var scrapers = false
    }
}
