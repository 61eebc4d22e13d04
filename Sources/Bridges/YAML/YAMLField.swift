/// One field of a block: its name, where its value goes, and everything that is said of it.
public struct YAMLField<Target: Sendable>: Sendable {
    /// The field without its type.
    public let shape: YAMLFieldShape
    let decode: @Sendable (YAMLNode, inout Target, inout YAMLDecoding) -> Void
    let encode: @Sendable (Target) -> YAMLNode?

    /// A field that is decoded and printed in a way of its own.
    public init(
        shape: YAMLFieldShape,
        decode: @escaping @Sendable (YAMLNode, inout Target, inout YAMLDecoding) -> Void,
        encode: @escaping @Sendable (Target) -> YAMLNode?
    ) {
        self.shape = shape
        self.decode = decode
        self.encode = encode
    }

    /// A field that always has a value: the one that a new `Target` holds where none is set.
    ///
    /// `standard` is what the documentation gives as default where it is not that value.
    public init<Value>(
        _ name: String, _ path: any WritableKeyPath<Target, Value> & Sendable,
        _ codec: YAMLCodec<Value>, required: Bool = false, standard: String? = nil,
        support: YAMLSupport = .honoured, _ summary: String
    ) {
        self.init(
            shape: YAMLFieldShape(
                name: name, kind: codec.kind, standard: standard, isRequired: required,
                support: support, summary: summary)
        ) { node, target, decoding in
            if let value = codec.read(node, &decoding) { target[keyPath: path] = value }
        } encode: {
            codec.write($0[keyPath: path])
        }
    }

    /// A field that may have no value.
    public init<Value>(
        _ name: String, _ path: any WritableKeyPath<Target, Value?> & Sendable,
        _ codec: YAMLCodec<Value>, required: Bool = false, standard: String? = nil,
        support: YAMLSupport = .honoured, _ summary: String
    ) {
        self.init(
            shape: YAMLFieldShape(
                name: name, kind: codec.kind, standard: standard, isRequired: required,
                support: support, summary: summary)
        ) { node, target, decoding in
            if let value = codec.read(node, &decoding) { target[keyPath: path] = value }
        } encode: {
            $0[keyPath: path].map(codec.write)
        }
    }

    /// The same field inside a larger block that holds this one's target at `path`.
    public func lifted<Outer>(
        to path: any WritableKeyPath<Outer, Target> & Sendable
    ) -> YAMLField<Outer> {
        YAMLField<Outer>(shape: shape) { node, outer, decoding in
            decode(node, &outer[keyPath: path], &decoding)
        } encode: {
            encode($0[keyPath: path])
        }
    }
}

/// Lists fields one per line, each checked by the compiler on its own.
@resultBuilder
public enum YAMLFieldBuilder<Target: Sendable> {
    /// One field.
    public static func buildExpression(_ field: YAMLField<Target>) -> [YAMLField<Target>] {
        [field]
    }
    /// Several fields, such as those of a block that is written inline.
    public static func buildExpression(_ fields: [YAMLField<Target>]) -> [YAMLField<Target>] {
        fields
    }
    /// The first line.
    public static func buildPartialBlock(first: [YAMLField<Target>]) -> [YAMLField<Target>] {
        first
    }
    /// One more line.
    public static func buildPartialBlock(
        accumulated: [YAMLField<Target>], next: [YAMLField<Target>]
    ) -> [YAMLField<Target>] { accumulated + next }
}
