import Glibc
import Model

/// A logger: a value that carries where its lines go and the fields that all of them share.
///
/// The message of a line is constant and the facts are fields. Never put a secret into a field.
public struct Log: Sendable {
    private let write: @Sendable (LogLine) -> Void
    private let minimum: LogLevel
    private let fields: [LogLine.Field]

    /// A logger whose lines of at least `level` are handed to `write`.
    public init(level: LogLevel, write: @escaping @Sendable (LogLine) -> Void) {
        minimum = level
        fields = []
        self.write = write
    }

    private init(
        level: LogLevel, fields: [LogLine.Field], write: @escaping @Sendable (LogLine) -> Void
    ) {
        minimum = level
        self.fields = fields
        self.write = write
    }

    /// A logger that writes to standard error, each line in one piece.
    public static func standardError(level: LogLevel, format: LogFormat) -> Log {
        Log(level: level) { line in
            var text = line.text(as: format)
            text.withUTF8 { bytes in
                // What cannot be written to standard error has no other place to go.
                _ = unsafe Glibc.write(2, bytes.baseAddress, bytes.count)
            }
        }
    }

    /// A logger that says nothing.
    public static let silent = Log(level: .error) { _ in }

    /// The same logger, whose lines carry one more field.
    public func with(_ name: String, _ value: some CustomStringConvertible) -> Log {
        Log(level: minimum, fields: fields + [(name, value.description)], write: write)
    }

    /// The same logger for one module.
    public func module(_ name: String) -> Log { with("module", name) }

    /// Whether lines of `level` are written at all.
    public func writes(_ level: LogLevel) -> Bool { level >= minimum }

    /// Something a person has to act on.
    public func error(_ message: StaticString, _ facts: KeyValuePairs<String, String> = [:]) {
        log(.error, message, facts)
    }

    /// Weir helped itself, but something is lost.
    public func warn(_ message: StaticString, _ facts: KeyValuePairs<String, String> = [:]) {
        log(.warn, message, facts)
    }

    /// A start, a stop, a reload.
    public func info(_ message: StaticString, _ facts: KeyValuePairs<String, String> = [:]) {
        log(.info, message, facts)
    }

    /// What happens per scrape and per query.
    public func debug(_ message: StaticString, _ facts: KeyValuePairs<String, String> = [:]) {
        log(.debug, message, facts)
    }

    /// A line of any level.
    public func log(
        _ level: LogLevel, _ message: StaticString, _ facts: KeyValuePairs<String, String> = [:]
    ) {
        guard writes(level) else { return }
        let all = fields + facts.map { ($0.key, $0.value) }
        write(
            LogLine(time: WallClock.now, level: level, message: message.description, fields: all))
    }
}
