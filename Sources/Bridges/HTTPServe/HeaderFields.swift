/// Header fields in the order they stand, names compared without case.
public struct HeaderFields: Sendable, ExpressibleByDictionaryLiteral {
    /// One field as it stands on the wire.
    public struct Field: Sendable, Equatable {
        /// Its name, in the case it was written.
        public var name: String
        /// Its value, without surrounding blanks.
        public var value: String
    }

    /// All fields, in order.
    public private(set) var all: [Field] = []

    /// No fields.
    public init() {}

    /// The fields of a literal, in its order.
    public init(dictionaryLiteral elements: (String, String)...) {
        all = elements.map { Field(name: $0.0, value: $0.1) }
    }

    /// The first value of `name`; setting replaces all of that name, `nil` removes them.
    public subscript(name: String) -> String? {
        get { all.first { isSameName($0.name, name) }?.value }
        set {
            let place = all.firstIndex { isSameName($0.name, name) }
            all.removeAll { isSameName($0.name, name) }
            guard let newValue else { return }
            all.insert(Field(name: name, value: newValue), at: place ?? all.count)
        }
    }

    /// Every value of `name`, in order.
    public func values(of name: String) -> [String] {
        all.filter { isSameName($0.name, name) }.map(\.value)
    }

    /// Adds a field behind the others, also where its name stands already.
    public mutating func append(_ name: String, _ value: String) {
        all.append(Field(name: name, value: value))
    }
}

/// Whether two ASCII names are the same without regard to case.
func isSameName(_ left: String, _ right: String) -> Bool {
    guard left.utf8.count == right.utf8.count else { return false }
    for (one, other) in zip(left.utf8, right.utf8) where one != other {
        guard one | 0x20 == other | 0x20, UInt8(ascii: "a")...UInt8(ascii: "z") ~= one | 0x20
        else { return false }
    }
    return true
}
