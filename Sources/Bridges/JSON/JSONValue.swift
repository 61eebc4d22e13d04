/// A value of a JSON text.
public enum JSONValue: Sendable, Hashable {
    /// Values by name, in their order.
    case object([JSONMember])
    /// Values in their order.
    case array([JSONValue])
    /// A text.
    case string(String)
    /// A whole number of 64 bits.
    case int(Int64)
    /// A number with a fraction or an exponent, or a whole number that 64 bits do not hold.
    case double(Double)
    /// `true` or `false`.
    case bool(Bool)
    /// `null`; also what is read where there is nothing.
    case null

    /// The member `name`; `null` where there is none, or where this is no object.
    ///
    /// It looks at one member after another: walk `members` where an object has thousands.
    public subscript(name: String) -> JSONValue {
        guard case .object(let members) = self else { return .null }
        return members.first { $0.name == name }?.value ?? .null
    }

    /// The element at `index`; `null` where there is none, or where this is no list.
    public subscript(index: Int) -> JSONValue {
        guard case .array(let values) = self, values.indices.contains(index) else { return .null }
        return values[index]
    }

    /// The text; `nil` where this is none.
    public var text: String? { if case .string(let text) = self { text } else { nil } }

    /// The whole number, also one that was written `3.0`; `nil` where this is none.
    public var whole: Int? {
        switch self {
        case .int(let value): Int(value)
        case .double(let value): Int(exactly: value)
        default: nil
        }
    }

    /// The number; `nil` where this is none.
    public var number: Double? {
        switch self {
        case .int(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }

    /// The truth; `nil` where this is none.
    public var truth: Bool? { if case .bool(let value) = self { value } else { nil } }

    /// The elements of a list; none where this is no list.
    public var elements: [JSONValue] { if case .array(let list) = self { list } else { [] } }

    /// The members of an object; none where this is no object.
    public var members: [JSONMember] { if case .object(let list) = self { list } else { [] } }

    /// Whether it is `null`, or was never there.
    public var isNull: Bool { self == .null }

    /// What it is, for a sentence: `a list`, `a text`, `nothing`.
    public var kindInWords: String {
        switch self {
        case .object: "an object"
        case .array: "a list"
        case .string: "a text"
        case .int, .double: "a number"
        case .bool(let value): value ? "true" : "false"
        case .null: "nothing"
        }
    }
}

/// One `"name": value` of an object.
public struct JSONMember: Sendable, Hashable {
    /// The name.
    public let name: String
    /// The value.
    public let value: JSONValue

    /// A member of these.
    public init(_ name: String, _ value: JSONValue) { (self.name, self.value) = (name, value) }
}
