import Model
import YAML

/// A discovery block of a kind that Weir does not run: checked, printed, and never used.
struct ForeignDiscovery: Sendable, Hashable {
    var kind = ""
    var values: [String: YAMLNode] = [:]
    var http = HTTPClientConfig()

    private var text: String {
        YAMLWriter.text(.map(values.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }))
    }

    static func == (left: ForeignDiscovery, right: ForeignDiscovery) -> Bool {
        left.kind == right.kind && left.text == right.text && left.http == right.http
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(kind)
        hasher.combine(text)
    }

    /// One field per kind: `azure_sd_configs` and so on.
    static let fields: [YAMLField<DiscoveryConfig>] = ForeignKind.all.map { kind in
        let list = YAMLCodec<[ForeignDiscovery]>.list(kind.table.codec)
        return YAMLField<DiscoveryConfig>(
            shape: YAMLFieldShape(
                name: "\(kind.name)_sd_configs", kind: list.kind, standard: nil, isRequired: false,
                support: .refused(reason), summary: kind.summary)
        ) { node, target, decoding in
            if let blocks = list.read(node, &decoding) { target.foreign += blocks }
        } encode: {
            let blocks = $0.foreign.filter { $0.kind == kind.name }
            return blocks.isEmpty ? nil : list.write(blocks)
        }
    }

    private static let reason =
        "Weir runs \(DiscoveryConfig.kinds.joined(separator: ", ")); let http_sd_configs list what another program finds"
}

/// A kind of discovery by its fields.
struct ForeignKind: Sendable {
    let name: String
    let summary: String
    let table: YAMLTable<ForeignDiscovery>

    typealias Field = YAMLField<ForeignDiscovery>
    typealias Check = @Sendable (ForeignDiscovery, YAMLBlock, inout YAMLDecoding) -> Void

    init(
        _ name: String, _ summary: String, hasHTTP: Bool = true, _ fields: [Field],
        check: @escaping Check = { _, _, _ in }
    ) {
        self.name = name
        self.summary = summary
        table = YAMLTable<ForeignDiscovery>(
            "\(name)_sd_config", "\(summary) Checked, but not run.",
            make: { ForeignDiscovery(kind: name) }
        ) { value, block, decoding in
            if hasHTTP { HTTPClientConfig.check(&value.http, block, &decoding) }
            check(value, block, &decoding)
        } fields: {
            fields
            hasHTTP ? HTTPClientConfig.table.lifted(to: \ForeignDiscovery.http) : []
        }
    }

    /// A field that is kept as it is printed.
    static func field<Value>(
        _ name: String, _ codec: YAMLCodec<Value>, _ summary: String, required: Bool = false,
        standard: String? = nil
    ) -> Field {
        Field(
            shape: YAMLFieldShape(
                name: name, kind: codec.kind, standard: standard, isRequired: required,
                support: .honoured, summary: summary)
        ) { node, target, decoding in
            if let value = codec.read(node, &decoding) { target.values[name] = codec.write(value) }
        } encode: {
            $0.values[name] ?? standard.map { .text($0) }
        }
    }

    static func port(_ standard: Int = 80) -> Field {
        field("port", .port, "The targets' port.", standard: "\(standard)")
    }

    static func refresh(_ standard: String = "1m") -> Field {
        field("refresh_interval", .duration, "How often the provider is asked.", standard: standard)
    }

    static func text(_ name: String, _ summary: String, standard: String? = nil) -> Field {
        field(name, .text, summary, standard: standard)
    }

    static func needed(_ name: String, _ summary: String) -> Field {
        field(name, .filled(name), summary, required: true)
    }

    static func secret(_ name: String, _ summary: String, required: Bool = false) -> Field {
        field(name, .secret, summary, required: required)
    }

    static func choice(
        _ name: String, _ choices: [String], _ summary: String, required: Bool = false,
        standard: String? = nil
    ) -> Field {
        field(name, .choice(choices), summary, required: required, standard: standard)
    }

    static let filters = field(
        "filters", .list(DiscoveryFilter.table.codec), "Which of them.")

    static let all: [ForeignKind] = clouds + amazon + catalogs
}
