/// What is wrong with a script, or with what a query of it yielded.
struct ScriptFault: Error {
    /// A sentence without its place.
    let message: String

    init(_ message: String) { self.message = message }
}

/// A script that cannot be read: where, and why.
public struct ScriptError: Error, CustomStringConvertible {
    /// The script's name.
    public let file: String
    /// The line; the first is 1.
    public let line: Int
    /// What is wrong there.
    public let message: String

    /// Where, and why.
    public var description: String { "\(file):\(line): \(message)" }
}
