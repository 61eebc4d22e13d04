/// The header of a request or an answer: names, which ignore case, and values, in order.
public struct HTTPFields: Sendable, Hashable {
    /// One line of a header.
    public struct Field: Sendable, Hashable {
        /// As it was written.
        public let name: String
        /// Without white space around it.
        public let value: String
    }

    /// All lines, in order.
    public private(set) var all: [Field] = []

    /// No lines.
    public init() {}

    /// Lines in the order given.
    public init(_ fields: KeyValuePairs<String, String>) {
        all = fields.map { Field(name: $0.key, value: $0.value) }
    }

    /// The value of the first line named `name`; setting it replaces all such lines.
    public subscript(name: String) -> String? {
        get { all.first { Self.areSame($0.name, name) }?.value }
        set {
            all.removeAll { Self.areSame($0.name, name) }
            if let newValue { all.append(Field(name: name, value: newValue)) }
        }
    }

    /// Adds a line, beside others of its name.
    public mutating func add(_ name: String, _ value: String) {
        all.append(Field(name: name, value: value))
    }

    /// Removes all lines named `name`.
    mutating func remove(_ name: String) { all.removeAll { Self.areSame($0.name, name) } }

    /// Throws where HTTP does not allow one of the lines.
    func check() throws(HTTPFetchError) {
        for field in all {
            let isSound = !field.name.isEmpty && field.name.utf8.allSatisfy(Self.isNameByte)
            guard isSound, Self.isValue(field.value) else {
                throw .invalidField(name: Self.printable(field.name))
            }
        }
    }

    /// Whether `text` fits into one line of a header.
    static func isValue(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 >= 32 && $0 != 127 || $0 == 9 }
    }

    /// Whether two names are the same field.
    static func areSame(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count
            && zip(left.utf8, right.utf8).allSatisfy { lower($0) == lower($1) }
    }

    private static func lower(_ byte: UInt8) -> UInt8 {
        (65...90).contains(byte) ? byte | 32 : byte
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    private static func printable(_ name: String) -> String {
        String(decoding: name.utf8.filter { $0 > 32 && $0 < 127 }.prefix(64), as: UTF8.self)
    }
}
