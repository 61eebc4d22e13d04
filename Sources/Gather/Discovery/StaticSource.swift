import Configuration

/// `static_configs`: targets that stand in the configuration.
struct StaticSource: TargetSource {
    private let configs: [StaticConfig]

    init(_ configs: [StaticConfig]) { self.configs = configs }

    func run(_ updates: TargetUpdates) async {
        updates.replace(configs.enumerated().map { $1.group(source: "\($0)") })
    }
}
