/// What a value may be, for documentation and schemas.
public indirect enum YAMLKind: Sendable {
    /// Any text. `name` is what the documentation calls it, `pattern` what an editor checks.
    case text(name: String, pattern: String? = nil)
    /// A text that nobody else may read.
    case secret
    /// `true` or `false`.
    case boolean
    /// A whole number within bounds.
    case whole(ClosedRange<Int>)
    /// A number.
    case decimal
    /// One of these texts.
    case choice([String])
    /// Values of one kind in order.
    case list(YAMLKind)
    /// Values of one kind by name.
    case map(YAMLKind)
    /// A block of fields.
    case block(YAMLShape)

    var isSecret: Bool { if case .secret = self { true } else { false } }

    /// What a table calls it: `duration`, `list of text`.
    public var name: String {
        switch self {
        case .text(let name, _): name
        case .secret: "secret"
        case .boolean: "boolean"
        case .whole: "whole number"
        case .decimal: "number"
        case .choice(let choices): choices.map { "`\($0)`" }.joined(separator: ", ")
        case .list(let kind): "list of \(kind.name)"
        case .map(let kind): "map to \(kind.name)"
        case .block(let shape): "[\(shape.name)](#\(shape.name))"
        }
    }
}

/// What becomes of a field that a file sets.
public enum YAMLSupport: Sendable, Hashable {
    /// It does what it says.
    case honoured
    /// It is checked and then has no effect; a warning gives the reason.
    case warned(String)
    /// It is checked with all that is inside it and then has no effect, which one warning says.
    ///
    /// The reason is a sentence's end: "this version does not scrape yet".
    case checkedOnly(String)
    /// It is checked, and then keeps the file from being used.
    case refused(String)
}

/// A field, without the type it is decoded to.
public struct YAMLFieldShape: Sendable {
    /// Its name in the file.
    public let name: String
    /// What it holds.
    public let kind: YAMLKind
    /// What holds where it is not set, as text; `nil` for nothing.
    public let standard: String?
    /// Whether it must be set.
    public let isRequired: Bool
    /// What becomes of it.
    public let support: YAMLSupport
    /// What it does, in a sentence.
    public let summary: String

    /// A field of these.
    public init(
        name: String, kind: YAMLKind, standard: String?, isRequired: Bool, support: YAMLSupport,
        summary: String
    ) {
        self.name = name
        self.kind = kind
        self.standard = standard
        self.isRequired = isRequired
        self.support = support
        self.summary = summary
    }
}

/// A block of fields, without the type it is decoded to.
public struct YAMLShape: Sendable {
    /// What it is called in complaints and documentation.
    public let name: String
    /// What it is for, in a sentence or two.
    public let summary: String
    /// Its fields in the order of documentation.
    public let fields: [YAMLFieldShape]
}
