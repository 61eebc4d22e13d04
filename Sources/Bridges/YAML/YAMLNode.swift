/// Where a value begins: line and column, both counted from 1.
public struct YAMLMark: Sendable, Hashable, Comparable {
    private let lineNumber: Int32
    private let columnNumber: Int32

    /// The line.
    public var line: Int { Int(lineNumber) }
    /// The column, in characters.
    public var column: Int { Int(columnNumber) }

    /// A place in a file.
    public init(line: Int, column: Int) {
        lineNumber = Int32(clamping: line)
        columnNumber = Int32(clamping: column)
    }

    /// Before everything, for values that no file holds.
    public static let start = YAMLMark(line: 1, column: 1)

    /// Whether `left` comes first in the file.
    public static func < (left: YAMLMark, right: YAMLMark) -> Bool {
        (left.lineNumber, left.columnNumber) < (right.lineNumber, right.columnNumber)
    }
}

/// A value of a YAML file: a text, a list or a map, and where it stands.
public struct YAMLNode: Sendable {
    /// What a node holds.
    public enum Content: Sendable {
        /// A text, which may stand for a number, a truth or nothing.
        case scalar(YAMLScalar)
        /// Values in their order.
        case list([YAMLNode])
        /// Values by name, in their order; each name once.
        case map([YAMLEntry])
    }

    /// What it holds.
    public let content: Content
    /// Where it begins.
    public let mark: YAMLMark
    /// How many values it holds in all, itself included, aliases written out.
    let weight: Int32

    init(_ content: Content, mark: YAMLMark, weight: Int) {
        self.content = content
        self.mark = mark
        self.weight = Int32(clamping: weight)
    }

    /// A node that no file holds, to be printed.
    public init(_ content: Content) { self.init(content, mark: .start, weight: 1) }

    /// A text to be printed; quoted where YAML would take it for something else.
    public static func text(_ text: String) -> YAMLNode {
        YAMLNode(.scalar(YAMLScalar(text: text, isPlain: false)))
    }

    /// A number, a truth or a duration to be printed as it is.
    public static func plain(_ text: String) -> YAMLNode {
        YAMLNode(.scalar(YAMLScalar(text: text, isPlain: true)))
    }

    /// A list to be printed.
    public static func list(_ items: [YAMLNode]) -> YAMLNode { YAMLNode(.list(items)) }

    /// A map to be printed.
    public static func map(_ entries: [(name: String, value: YAMLNode)]) -> YAMLNode {
        YAMLNode(.map(entries.map { YAMLEntry(name: $0.name, mark: .start, value: $0.value) }))
    }

    /// Whether it says nothing: `null`, `~`, or no text at all.
    public var isNull: Bool {
        if case .scalar(let scalar) = content { scalar.isNull } else { false }
    }

    /// The value under `name`, where it is a map that has one.
    public subscript(name: String) -> YAMLNode? {
        guard case .map(let entries) = content else { return nil }
        return entries.first { $0.name == name }?.value
    }

    /// The text as it was written, cut to fit a sentence; empty for a list or a map.
    public var written: String {
        guard case .scalar(let scalar) = content else { return "" }
        return YAMLComplaint.short(scalar.text)
    }

    /// What it is, without the text itself, which may be a secret.
    public var kindAlone: String {
        if case .scalar = content, !isNull { return "a text" }
        return kindInWords
    }

    /// What it is, for a sentence: `a list`, `the text "abc"`.
    public var kindInWords: String {
        switch content {
        case .list: "a list"
        case .map: "a map"
        case .scalar(let scalar) where scalar.isNull: "nothing"
        case .scalar(let scalar): "\"\(YAMLComplaint.short(scalar.text))\""
        }
    }
}

/// One `name: value` of a map.
public struct YAMLEntry: Sendable {
    /// The name.
    public let name: String
    /// Where the name stands.
    public let mark: YAMLMark
    /// The value.
    public let value: YAMLNode
}
