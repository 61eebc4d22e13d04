/// Text that prints as `<secret>`, so that it reaches no log, page or message by mistake.
public struct HiddenText: Sendable, Hashable, ExpressibleByStringLiteral {
    /// The text itself, for the wire only.
    public let revealed: String

    /// Guards `text`.
    public init(_ text: String) { revealed = text }

    /// Guards `value`.
    public init(stringLiteral value: String) { revealed = value }
}

extension HiddenText: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// `<secret>`, or nothing where there is none.
    public var description: String { revealed.isEmpty ? "" : "<secret>" }
    /// The same.
    public var debugDescription: String { description }
    /// Hides the text from `dump` and from the printing of what holds it.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// A secret as a configuration gives it.
public enum SecretSource: Sendable, Hashable {
    /// Written there.
    case text(HiddenText)
    /// In a file, looked at again at each use; white space at its ends does not count.
    case file(String)

    /// Written there as `text`.
    public static func text(_ text: String) -> SecretSource { .text(HiddenText(text)) }
}
