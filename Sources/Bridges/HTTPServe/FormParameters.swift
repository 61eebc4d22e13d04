/// Names and values of a query string or of a form body, in order.
public struct FormParameters: Sendable, Equatable {
    /// One `name=value`, decoded.
    public struct Parameter: Sendable, Equatable {
        /// What stands before the `=`.
        public let name: String
        /// What stands behind it; empty where there is none.
        public let value: String
    }

    /// All parameters, in order.
    public private(set) var all: [Parameter] = []
    /// The first part that could not be decoded, as `invalid URL escape "%zz"`; that part is left
    /// out of `all`, the others stand.
    public private(set) var problem: String?

    /// No parameters.
    public init() {}

    /// The parameters of `text` as `application/x-www-form-urlencoded`.
    public init(decoding text: some Collection<UInt8>) {
        for part in text.split(separator: UInt8(ascii: "&")) { add(part) }
    }

    /// The first value of `name`, as Go's FormValue gives it, or `nil`.
    public subscript(name: String) -> String? { all.first { $0.name == name }?.value }

    /// Every value of `name`, in order.
    public func values(of name: String) -> [String] {
        all.filter { $0.name == name }.map(\.value)
    }

    /// Whether there is none.
    public var isEmpty: Bool { all.isEmpty }

    /// These parameters and behind them `others`.
    func followed(by others: FormParameters) -> FormParameters {
        if all.isEmpty && problem == nil { return others }
        var both = self
        both.all += others.all
        both.problem = problem ?? others.problem
        return both
    }

    private mutating func add(_ part: some Collection<UInt8>) {
        // Go refuses it too: some servers take ";" for "&", and a proxy in front may be one.
        if part.contains(UInt8(ascii: ";")) {
            problem = problem ?? "invalid semicolon separator in query"
            return
        }
        let sides = part.split(
            separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
        switch (
            percentDecode(sides[0], plusIsBlank: true),
            sides.count > 1 ? percentDecode(sides[1], plusIsBlank: true) : .success("")
        ) {
        case (.success(let name), .success(let value)):
            all.append(Parameter(name: name, value: value))
        case (.failure(let bad), _), (_, .failure(let bad)):
            problem = problem ?? "invalid URL escape \"\(bad.escape)\""
        }
    }
}
