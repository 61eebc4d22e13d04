import CPostgres
import Glibc

/// Where a server is, and how patient to be with it.
public struct PostgresOptions: Sendable {
    /// What the user wrote: a URI or `key=value` pairs, whatever libpq understands.
    ///
    /// Holds secrets.
    public let connectionString: String
    /// The same without secrets, for log lines and messages: `user@host:port/database`.
    public let server: String
    /// How long one statement may take before the server ends it; `nil` leaves the server's own.
    public var statementTimeout: Duration?
    /// How long to wait for bytes that do not come before the connection is given up; `nil` waits
    /// for ever, as a statement may take.
    public var answerTimeout: Duration?
    /// Settings that each new connection starts with, such as `synchronous_commit`.
    public var settings: [(name: String, value: String)] = []
    /// Called on the connection's thread with each NOTICE or WARNING of the server.
    public var onNotice: (@Sendable (PostgresFault) -> Void)?

    /// The same connection as environment variables, for programs that use libpq themselves.
    ///
    /// Holds secrets, but where `ps` does not show them. What has no variable is left out.
    public let environment: [(name: String, value: String)]

    private let ownDefaults: [(String, String)]

    /// Reads a connection string; nothing is connected yet.
    ///
    /// `applicationName` is shown in `pg_stat_activity`, unless the string names another.
    public init(
        _ connectionString: String, applicationName: String = "weir"
    ) throws(PostgresError) {
        let (given, variables) = try Self.parse(connectionString)
        environment = variables
        self.connectionString = connectionString
        server = Self.describe(given)
        var defaults = [("fallback_application_name", applicationName)]
        // A service file fills only what is still unset, so there Weir's own wishes stand back.
        if given["service"] == nil && getenv("PGSERVICE") == nil {
            defaults += Self.patience.filter { given[$0.0] == nil }
        }
        ownDefaults = defaults
    }

    /// What every connection gets unless the string says otherwise: a server that vanishes is
    /// noticed within about half a minute.
    private static let patience = [
        ("connect_timeout", "10"), ("keepalives_idle", "10"), ("keepalives_interval", "5"),
        ("keepalives_count", "3"), ("tcp_user_timeout", "25000"),
    ]

    /// Keywords and values as `PQconnectdbParams` takes them: what comes later counts more.
    var parameters: [(String, String)] {
        ownDefaults + [("dbname", connectionString), ("client_encoding", "UTF8")]
    }

    /// `SET` statements for a new connection, or `nil` if there are none.
    var greeting: String? {
        var all = settings
        if let statementTimeout {
            let milliseconds = statementTimeout / .milliseconds(1)
            all.append((name: "statement_timeout", value: "\(Int(milliseconds.rounded(.up)))"))
        }
        if all.isEmpty { return nil }
        return all.map { "SET \(quoted(identifier: $0.name)) = \(quoted(literal: $0.value))" }
            .joined(separator: ";")
    }

    private static func parse(
        _ text: String
    ) throws(PostgresError) -> (given: [String: String], variables: [(String, String)]) {
        var message: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(text, &message) else {
            defer { PQfreemem(message) }
            let reason = message.map { String(cString: $0) } ?? "out of memory"
            throw .badConnectionString(reason: withoutQuotations(reason))
        }
        defer { PQconninfoFree(options) }
        var given: [String: String] = [:]
        var variables: [(String, String)] = []
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val {
                given[String(cString: keyword)] = String(cString: value)
                if let variable = option.pointee.envvar {
                    variables.append((String(cString: variable), String(cString: value)))
                }
            }
            option += 1
        }
        return (given, variables)
    }

    private static func describe(_ given: [String: String]) -> String {
        if let service = given["service"] { return "service \(service)" }
        var text = given["user"].map { $0 + "@" } ?? ""
        text += given["host"] ?? given["hostaddr"] ?? "localhost"
        if let port = given["port"] { text += ":" + port }
        return text + "/" + (given["dbname"] ?? given["user"] ?? "")
    }
}

/// `message` with each quotation emptied: libpq quotes what it stumbles over, passwords too.
func withoutQuotations(_ message: String) -> String {
    var text = ""
    var isInside = false
    for character in message where character != "\n" {
        if character == "\"" {
            text += isInside ? "…\"" : "\""
            isInside.toggle()
        } else if !isInside {
            text.append(character)
        }
    }
    return text
}

/// `name` as SQL writes a name, whatever is in it.
public func quoted(identifier name: String) -> String {
    // `a.b` is how a setting of an extension is called; SET takes its parts quoted one by one.
    name.split(separator: ".", omittingEmptySubsequences: false)
        .map { part in
            "\"" + part.map { $0 == "\"" ? "\"\"" : String($0) }.joined() + "\""
        }
        .joined(separator: ".")
}

/// `text` as SQL writes a string, whatever is in it.
public func quoted(literal text: String) -> String {
    let inner = text.map { $0 == "'" ? "''" : $0 == "\\" ? "\\\\" : String($0) }.joined()
    return (text.contains("\\") ? " E'" : "'") + inner + "'"
}
