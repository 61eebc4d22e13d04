/// The method of a request; names are case-sensitive, as RFC 9110 has them.
public struct HTTPMethod: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The method's name.
    public let rawValue: String

    /// The method of that name.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The method's name.
    public var description: String { rawValue }

    /// Asks for an answer.
    public static let get = HTTPMethod(rawValue: "GET")
    /// Asks for the head of the answer that GET would give.
    public static let head = HTTPMethod(rawValue: "HEAD")
    /// Hands over a body.
    public static let post = HTTPMethod(rawValue: "POST")
    /// Sets what is at the path.
    public static let put = HTTPMethod(rawValue: "PUT")
    /// Changes what is at the path.
    public static let patch = HTTPMethod(rawValue: "PATCH")
    /// Removes what is at the path.
    public static let delete = HTTPMethod(rawValue: "DELETE")
    /// Asks what may be asked; the server answers it itself where no route does.
    public static let options = HTTPMethod(rawValue: "OPTIONS")
}
