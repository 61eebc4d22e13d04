import YAML

extension Settings.Dialects {
    static let table = YAMLTable<Self>(
        "dialects", "Each dialect is off until it is switched on.", make: { Self() }
    ) {
        YAMLField(
            "dcos", \.dcos, Settings.DCOS.table.codec,
            "DC/OS's metrics API.")
        YAMLField(
            "directus", \.directus, Settings.Directus.table.codec,
            "Directus's rule for `/metrics`.")
        YAMLField(
            "mackerel", \.mackerel, Settings.Mackerel.table.codec,
            "Mackerel's service metrics.")
        YAMLField(
            "wgtwo", \.wgtwo, Settings.Wgtwo.table.codec,
            "wgtwo's `/metrics/v1`.")
        YAMLField(
            "influxdb", \.influxdb, Settings.InfluxDB.table.codec,
            "InfluxDB's errors, health and scrapers.")
    }
}

extension Settings.DCOS {
    static let table = YAMLTable<Self>(
        "dcos", "`/system/v1/metrics/v0`, `/system/v1/agent/ID/metrics/v0` and `/v0`.",
        make: { Self() }
    ) {
        YAMLField("enabled", \.enabled, .boolean, "Whether its routes are served.")
        YAMLField(
            "agent_id", \.agentID, .text,
            "Which node `/node` speaks of; that of Weir's own host where it is not set.")
    }
}

extension Settings.Directus {
    static let table = YAMLTable<Self>(
        "directus", "A missing or wrong token is answered with 403 and Directus's envelope.",
        make: { Self() }
    ) {
        YAMLField("enabled", \.enabled, .boolean, "Whether `/metrics` follows Directus's rule.")
        YAMLField("name_prefix", \.namePrefix, .text, "What stands before the names.")
    }
}

extension Settings.Mackerel {
    static let table = YAMLTable<Self>("mackerel", "`/api/v0/services`.", make: { Self() }) {
        YAMLField("enabled", \.enabled, .boolean, "Whether its routes are served.")
        YAMLField("organisation", \.organisation, .text, "The organisation's name in answers.")
    }
}

extension Settings.Wgtwo {
    static let table = YAMLTable<Self>("wgtwo", "`/metrics/v1`.", make: { Self() }) {
        YAMLField("enabled", \.enabled, .boolean, "Whether its routes are served.")
        YAMLField(
            "token_endpoint", \.tokenEndpoint, .boolean,
            "Whether tokens are given out at `/oauth2/token`.")
    }
}

extension Settings.InfluxDB {
    static let table = YAMLTable<Self>(
        "influxdb", "`/health`, `/ready` and `/api/v2/scrapers` as InfluxDB has them.",
        make: { Self() }
    ) {
        YAMLField("enabled", \.enabled, .boolean, "Whether its routes are served.")
        YAMLField(
            "scrapers", \.scrapers, .boolean, "Whether `/api/v2/scrapers` may add targets.")
    }
}
