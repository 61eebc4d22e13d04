import Model

/// The labels of a target or a group while they are gathered; of two with one name the later counts.
struct MetaLabels {
    private let prefix: String
    private var gathered: [Label] = []

    /// Labels whose names begin with `__meta_` and `prefix`.
    init(_ prefix: String) { self.prefix = LabelName.metaPrefix + prefix }

    /// Whether the label `__meta_<prefix><name>` was gathered.
    func has(_ name: String) -> Bool { gathered.contains { $0.name == prefix + name } }

    /// What was gathered, without empty values.
    var labels: Labels { Labels(gathered) }

    /// Adds `__meta_<prefix><name>`.
    mutating func set(_ name: String, _ value: String) {
        gathered.append(Label(prefix + name, value))
    }

    /// Adds a label whose name is the whole name.
    mutating func setPlain(_ name: String, _ value: String) { gathered.append(Label(name, value)) }

    /// Adds all of another gathering.
    mutating func merge(_ other: MetaLabels) { gathered += other.gathered }

    /// Adds `<name><key>` for each pair, and `<presence><key>` with the value `true`.
    ///
    /// Keys become label names; of two that become the same name, the later in order counts.
    mutating func set(_ name: String, each pairs: [String: String], presence: String? = nil) {
        for (key, value) in pairs.sorted(by: { $0.key < $1.key }) {
            let key = LabelName.sanitized(key)
            set(name + key, value)
            if let presence { set(presence + key, "true") }
        }
    }
}

extension LabelName {
    /// `text` with `_` in place of everything that is no ASCII letter, digit or `_`.
    static func sanitized(_ text: String) -> String {
        var name = ""
        name.unicodeScalars.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            let isWord =
                switch scalar {
                case "a"..."z", "A"..."Z", "0"..."9", "_": true
                default: false
                }
            name.unicodeScalars.append(isWord ? scalar : "_")
        }
        return name
    }
}

/// `host:port`, with brackets around an IPv6 address.
func hostAndPort(_ host: String, _ port: Int) -> String {
    host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
}
