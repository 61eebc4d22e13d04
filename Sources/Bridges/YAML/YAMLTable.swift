/// A block as a list of fields: decodes it, prints it, documents it and describes it to editors.
public struct YAMLTable<Target: Sendable>: Sendable {
    /// What the block is called in complaints and documentation.
    public let name: String
    /// What the block is for.
    public let summary: String
    /// The fields, in the order of documentation and print.
    public let fields: [YAMLField<Target>]
    private let places: [String: Int]
    private let standards: [YAMLNode?]
    private let make: @Sendable () -> Target
    private let check: @Sendable (inout Target, YAMLBlock, inout YAMLDecoding) -> Void

    /// A block of `fields`.
    ///
    /// `make` gives the value with all defaults. `check` comes after the fields: what one of them
    /// alone cannot tell, and defaults that depend on others.
    public init(
        _ name: String, _ summary: String, make: @escaping @Sendable () -> Target,
        check: @escaping @Sendable (inout Target, YAMLBlock, inout YAMLDecoding) -> Void = {
            _, _, _ in
        },
        @YAMLFieldBuilder<Target> fields: () -> [YAMLField<Target>]
    ) {
        self.name = name
        self.summary = summary
        self.make = make
        self.check = check
        self.fields = fields()
        places = Dictionary(
            self.fields.enumerated().map { ($1.shape.name, $0) },
            uniquingKeysWith: { first, _ in first })
        let standard = make()
        standards = self.fields.map { $0.encode(standard) }
    }

    /// The value of a node, or `nil` where it is no block at all; complaints say what else is wrong.
    public func decode(_ node: YAMLNode, _ decoding: inout YAMLDecoding) -> Target? {
        var target = make()
        let entries: [YAMLEntry]
        switch node.content {
        case .map(let found): entries = found
        case .scalar(let scalar) where scalar.isNull: entries = []
        default:
            decoding.error(
                "expected the fields of \(name), found \(node.kindAlone)",
                "write \"name: value\" lines", at: node.mark)
            return nil
        }
        for entry in entries {
            guard let place = places[entry.name] else {
                complain(about: entry, &decoding)
                continue
            }
            let field = fields[place]
            guard !entry.value.isNull else { continue }
            let isQuiet = note(field.shape, at: entry, &decoding)
            decoding.quietDepth += isQuiet ? 1 : 0
            field.decode(entry.value, &target, &decoding)
            decoding.quietDepth -= isQuiet ? 1 : 0
        }
        let block = YAMLBlock(name: name, mark: node.mark, entries: entries)
        for field in fields where field.shape.isRequired && !block.has(field.shape.name) {
            decoding.error("\(name) has no \(field.shape.name)", "add it", at: node.mark)
        }
        check(&target, block, &decoding)
        return target
    }

    /// The value with all defaults, checked as an empty block is.
    public func standard(_ decoding: inout YAMLDecoding) -> Target? {
        decode(.plain(""), &decoding)
    }

    /// The node that reads as `target`: defaults filled in, what is empty by default left out.
    public func encode(_ target: Target) -> YAMLNode {
        var entries: [(name: String, value: YAMLNode)] = []
        for (field, standard) in zip(fields, standards) {
            guard let node = field.encode(target) else { continue }
            if node.isEmptyish, standard?.isEmptyish ?? true { continue }
            entries.append((field.shape.name, node))
        }
        return .map(entries)
    }

    /// The block as a value inside another one.
    public var codec: YAMLCodec<Target> {
        YAMLCodec(.block(shape), read: { decode($0, &$1) }, write: { encode($0) })
    }

    /// The block without its type, defaults as text.
    public var shape: YAMLShape {
        let shapes = zip(fields, standards).map { field, standard in
            let shape = field.shape
            return YAMLFieldShape(
                name: shape.name, kind: shape.kind,
                standard: shape.standard ?? standard?.inline, isRequired: shape.isRequired,
                support: shape.support, summary: shape.summary)
        }
        return YAMLShape(name: name, summary: summary, fields: shapes)
    }

    /// The fields inside a larger block that holds this one's value at `path`.
    public func lifted<Outer>(
        to path: any WritableKeyPath<Outer, Target> & Sendable
    ) -> [YAMLField<Outer>] { fields.map { $0.lifted(to: path) } }

    private func complain(about entry: YAMLEntry, _ decoding: inout YAMLDecoding) {
        let names = fields.map(\.shape.name)
        let shown = YAMLComplaint.short(entry.name)
        let remedy: String
        if let near = Nearest.name(to: entry.name, among: names) {
            remedy = "did you mean \"\(near)\"?"
        } else if names.count <= 12 {
            remedy = "it knows \(names.joined(separator: ", "))"
        } else {
            remedy = "remove it, or indent it to the block it belongs to"
        }
        decoding.error("\(name) has no field \"\(shown)\"", remedy, at: entry.mark)
    }

    /// Says what becomes of a field; whether nothing is to be said of those inside it.
    private func note(
        _ shape: YAMLFieldShape, at entry: YAMLEntry, _ decoding: inout YAMLDecoding
    ) -> Bool {
        switch shape.support {
        case .honoured: break
        case .warned(let reason):
            guard decoding.quietDepth == 0 else { break }
            decoding.warnOnce(
                "\(name).\(shape.name)", "\(shape.name) of \(name) has no effect: \(reason)",
                "remove it, or leave it for Prometheus", at: entry.mark)
        case .checkedOnly(let reason):
            guard decoding.quietDepth == 0 else { break }
            decoding.warnOnce(
                "checked only: \(shape.name)", "\(shape.name): read and checked, but \(reason)", "",
                at: entry.mark)
            return true
        case .refused(let reason):
            decoding.error("\(shape.name) of \(name) is not supported", reason, at: entry.mark)
        }
        return false
    }
}

/// A block as it stands in the file, for checks across its fields.
public struct YAMLBlock: Sendable {
    /// What the block is called.
    public let name: String
    /// Where it begins.
    public let mark: YAMLMark
    private let entries: [YAMLEntry]

    init(name: String, mark: YAMLMark, entries: [YAMLEntry]) {
        self.name = name
        self.mark = mark
        self.entries = entries
    }

    /// Whether the file sets `field` to something.
    public func has(_ field: String) -> Bool {
        entries.contains { $0.name == field && !$0.value.isNull }
    }

    /// Where `field` is named; where the block begins if it is not.
    public func mark(of field: String) -> YAMLMark {
        entries.first { $0.name == field }?.mark ?? mark
    }

    /// Where the value of `field` stands; where the block begins if there is none.
    public func value(of field: String) -> YAMLMark {
        entries.first { $0.name == field }?.value.mark ?? mark
    }

    /// The node of `field`.
    public subscript(field: String) -> YAMLNode? {
        entries.first { $0.name == field }?.value
    }

    /// Those of `fields` that the file sets.
    public func present(_ fields: [String]) -> [String] { fields.filter { has($0) } }
}
