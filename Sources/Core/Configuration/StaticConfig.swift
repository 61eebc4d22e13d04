public import Model
import YAML

/// One entry of `static_configs`: addresses and their labels.
public struct StaticConfig: Sendable, Hashable {
    /// Addresses: host and port.
    public var targets: [String] = []
    /// Labels of all of them.
    public var labels = Labels()

    /// The targets as a group of `source`.
    public func group(source: String) -> TargetGroup {
        TargetGroup(
            source: source, targets: targets.map { Labels([Label(LabelName.address, $0)]) },
            labels: labels)
    }

    static let table = YAMLTable<StaticConfig>(
        "static_config", "Targets that stand in the file itself.", make: { StaticConfig() }
    ) {
        YAMLField("targets", \.targets, .list(.text("address")), "Addresses: host and port.")
        YAMLField("labels", \.labels, .labels, "Labels of all of them.")
    }

    /// Notes targets that are URLs where addresses are asked for.
    static func checkTargets(_ block: YAMLBlock, _ decoding: inout YAMLDecoding) {
        guard case .list(let groups)? = block["static_configs"]?.content else { return }
        for group in groups {
            guard case .list(let targets)? = group["targets"]?.content else { continue }
            for target in targets {
                guard case .scalar(let scalar) = target.content,
                    scalar.text.utf8.contains(UInt8(ascii: "/"))
                else { continue }
                decoding.error(
                    "\"\(YAMLComplaint.short(scalar.text))\" is not host:port", advice(scalar.text),
                    at: target.mark)
            }
        }
    }

    private static func advice(_ target: String) -> String {
        guard let scheme = target.firstRange(of: "://") else {
            return "put the path into metrics_path"
        }
        let host = target[scheme.upperBound...].prefix { $0 != "/" }
        return "write \"\(YAMLComplaint.short(String(host)))\", with scheme and metrics_path apart"
    }
}
