/// How one kind of value is read from a node and written back.
public struct YAMLCodec<Value: Sendable>: Sendable {
    /// What it is, for documentation and schemas.
    public let kind: YAMLKind
    /// The value; `nil` after a complaint.
    public let read: @Sendable (YAMLNode, inout YAMLDecoding) -> Value?
    /// The node that reads as this value, secrets hidden.
    public let write: @Sendable (Value) -> YAMLNode

    /// A codec of these three.
    public init(
        _ kind: YAMLKind, read: @escaping @Sendable (YAMLNode, inout YAMLDecoding) -> Value?,
        write: @escaping @Sendable (Value) -> YAMLNode
    ) {
        self.kind = kind
        self.read = read
        self.write = write
    }

    /// A codec for a text that is parsed; `complaint` gives what is wrong and what to do.
    public static func parsed(
        _ name: String, pattern: String? = nil, plain: Bool = false,
        parse: @escaping @Sendable (String) -> Result<Value, YAMLFault>,
        show: @escaping @Sendable (Value) -> String
    ) -> YAMLCodec {
        YAMLCodec(.text(name: name, pattern: pattern)) { node, decoding in
            guard case .scalar(let scalar) = node.content, !scalar.isNull else {
                decoding.mismatch(node, expected: "a \(name)")
                return nil
            }
            switch parse(scalar.text) {
            case .success(let value): return value
            case .failure(let fault):
                decoding.error(fault.problem, fault.remedy, at: node.mark)
                return nil
            }
        } write: {
            plain ? .plain(show($0)) : .text(show($0))
        }
    }

    /// The same values with a check after reading.
    public func checked(
        _ check: @escaping @Sendable (Value, YAMLNode, inout YAMLDecoding) -> Void
    ) -> YAMLCodec {
        YAMLCodec(kind) { node, decoding in
            guard let value = read(node, &decoding) else { return nil }
            check(value, node, &decoding)
            return value
        } write: {
            write($0)
        }
    }
}

/// What is wrong with a text, and what to do.
public struct YAMLFault: Error, Sendable {
    /// What is wrong.
    public let problem: String
    /// What to do.
    public let remedy: String

    /// A fault of these two.
    public init(_ problem: String, _ remedy: String) {
        self.problem = problem
        self.remedy = remedy
    }
}

extension YAMLCodec where Value == String {
    /// Any text; a number or a truth is taken as it is written.
    public static var text: YAMLCodec { text("text") }

    /// Any text, under a name of its own in the documentation.
    public static func text(_ name: String) -> YAMLCodec {
        YAMLCodec(.text(name: name)) { node, decoding in
            guard case .scalar(let scalar) = node.content else {
                decoding.mismatch(node, expected: "a text")
                return nil
            }
            return scalar.isNull ? "" : scalar.text
        } write: {
            .text($0)
        }
    }

    /// One of these texts.
    public static func choice(_ choices: [String]) -> YAMLCodec {
        YAMLCodec(.choice(choices)) { node, decoding in
            guard case .scalar(let scalar) = node.content else {
                decoding.mismatch(node, expected: "one of \(choices.joined(separator: ", "))")
                return nil
            }
            guard choices.contains(scalar.text) else {
                decoding.unknownChoice(scalar.text, among: choices, at: node.mark)
                return nil
            }
            return scalar.text
        } write: {
            .text($0)
        }
    }
}

extension YAMLCodec where Value == Bool {
    /// `true` or `false`, and YAML's other words for them.
    public static var boolean: YAMLCodec {
        YAMLCodec(.boolean) { node, decoding in
            if case .scalar(let scalar) = node.content, let value = scalar.boolean { return value }
            decoding.mismatch(node, expected: "true or false")
            return nil
        } write: {
            .plain("\($0)")
        }
    }
}

extension YAMLCodec where Value == Int {
    /// A whole number within `range`.
    public static func whole(_ range: ClosedRange<Int> = 0...Int.max) -> YAMLCodec {
        YAMLCodec(.whole(range)) { node, decoding in
            guard case .scalar(let scalar) = node.content, let value = scalar.whole else {
                decoding.mismatch(node, expected: "a whole number")
                return nil
            }
            guard range.contains(value) else {
                let bounds =
                    range.upperBound == Int.max
                    ? "\(range.lowerBound) or more"
                    : "between \(range.lowerBound) and \(range.upperBound)"
                decoding.error("\(value) is out of range", "write \(bounds)", at: node.mark)
                return nil
            }
            return value
        } write: {
            .plain("\($0)")
        }
    }
}

extension YAMLCodec where Value == Double {
    /// A number.
    public static var decimal: YAMLCodec {
        YAMLCodec(.decimal) { node, decoding in
            if case .scalar(let scalar) = node.content {
                if let value = scalar.decimal { return value }
                if let value = scalar.whole { return Double(value) }
            }
            decoding.mismatch(node, expected: "a number")
            return nil
        } write: {
            let text = "\($0)"
            return .plain(text.hasSuffix(".0") ? String(text.dropLast(2)) : text)
        }
    }
}

extension YAMLCodec {
    /// Values in order; every one is read, also after one that fails.
    public static func list<Item>(
        _ item: YAMLCodec<Item>
    ) -> YAMLCodec<[Item]> where Value == [Item] {
        YAMLCodec<[Item]>(.list(item.kind)) { node, decoding in
            if node.isNull { return [] }
            guard case .list(let nodes) = node.content else {
                let isSecret = item.kind.isSecret
                decoding.error(
                    "expected a list, found \(isSecret ? node.kindAlone : node.kindInWords)",
                    "put \"- \" before each entry", at: node.mark, hidesLine: isSecret)
                return nil
            }
            var items: [Item] = []
            items.reserveCapacity(nodes.count)
            for node in nodes {
                if node.isNull {
                    decoding.error(
                        "an entry of the list is empty", "fill it in, or remove its \"-\"",
                        at: node.mark)
                } else if let value = item.read(node, &decoding) {
                    items.append(value)
                }
            }
            return items
        } write: {
            .list($0.map(item.write))
        }
    }

    /// Values by name; printed in the names' order.
    public static func map<Item>(
        _ item: YAMLCodec<Item>
    ) -> YAMLCodec<[String: Item]> where Value == [String: Item] {
        YAMLCodec<[String: Item]>(.map(item.kind)) { node, decoding in
            if node.isNull { return [:] }
            guard case .map(let entries) = node.content else {
                decoding.error(
                    "expected names with values, found \(node.kindInWords)",
                    "write \"name: value\" lines", at: node.mark)
                return nil
            }
            var items: [String: Item] = [:]
            for entry in entries {
                if let value = item.read(entry.value, &decoding) { items[entry.name] = value }
            }
            return items
        } write: { items in
            .map(items.sorted { $0.key < $1.key }.map { ($0.key, item.write($0.value)) })
        }
    }
}
