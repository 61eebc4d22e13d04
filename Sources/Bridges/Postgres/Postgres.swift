// Postgres: PostgreSQL through libpq.
// In: SQL, typed parameters, rows for COPY. Out: results, rows and notifications as Swift values.
// Start at `PostgresPool` for many callers, at `PostgresSession` for one connection, and at
// `PostgresConnection` for what a connection can do. Knows no table of Weir, never logs, and
// tries nothing twice but connecting. Imports: CPostgres, CSystem, Threads.

/// What can go wrong between Weir and a PostgreSQL server.
public enum PostgresError: Error, Equatable, Sendable {
    /// The connection string does not parse; `reason` leaves out what it quotes, for its secrets.
    case badConnectionString(reason: String)
    /// No connection came about.
    case cannotConnect(server: String, reason: String)
    /// The server refused a statement, and the connection lives on unless the fault says so.
    case server(PostgresFault)
    /// The connection broke while it was used; what was not committed is lost.
    case connectionLost(server: String, reason: String)
    /// The server did not answer in time, and the connection was given up.
    case noAnswer(server: String, after: Duration)
    /// The task was cancelled, and the statement with it.
    case cancelled
    /// A column holds something else than was asked for.
    case unexpectedColumn(name: String, wanted: String, found: String)
    /// Bytes that are not PostgreSQL's binary format.
    case malformed(what: String)
    /// A statement was used in a way it cannot be, such as `COPY` outside `copyIn`.
    case misuse(what: String)
    /// A pooler stands between, and hands the server connection on after each transaction.
    case transactionPooler(server: String)
    /// The pool or session was closed.
    case closed
}

/// What a server says when it refuses something.
public struct PostgresFault: Equatable, Sendable {
    /// The five characters that name the fault, such as `23505`.
    public var sqlState: String
    /// `ERROR`, `FATAL` or `PANIC`; the latter two end the connection.
    public var severity: String
    /// What happened, in one line.
    public var message: String
    /// More of what happened, if the server said more.
    public var detail: String?
    /// What to do about it, if the server has an idea.
    public var hint: String?
    /// Where in functions or COPY lines it happened.
    public var context: String?
    /// The constraint that was broken, if one was.
    public var constraint: String?

    /// A fault from its parts.
    public init(
        sqlState: String, severity: String = "ERROR", message: String, detail: String? = nil,
        hint: String? = nil, context: String? = nil, constraint: String? = nil
    ) {
        self.sqlState = sqlState
        self.severity = severity
        self.message = message
        self.detail = detail
        self.hint = hint
        self.context = context
        self.constraint = constraint
    }
}

extension PostgresError: CustomStringConvertible {
    /// The sentence for a log line or a terminal.
    public var description: String {
        switch self {
        case .badConnectionString(let reason):
            """
            the connection string of the database does not parse: \(reason); write it as \
            postgres://user@host:5432/database or as host=… dbname=… user=…
            """
        case .cannotConnect(let server, let reason):
            "cannot connect to PostgreSQL at \(server): \(reason)"
        case .server(let fault):
            fault.description
        case .connectionLost(let server, let reason):
            "the connection to PostgreSQL at \(server) broke: \(reason)"
        case .noAnswer(let server, let after):
            "PostgreSQL at \(server) did not answer within \(after.components.seconds) s"
        case .cancelled:
            "the statement was cancelled"
        case .unexpectedColumn(let name, let wanted, let found):
            "column \(name) holds \(found), not \(wanted)"
        case .malformed(let what):
            "PostgreSQL sent bytes that do not read as \(what)"
        case .misuse(let what):
            what
        case .transactionPooler(let server):
            """
            \(server) is a pooler in transaction mode, which keeps no session: Weir needs \
            advisory locks, prepared statements and LISTEN; point `database` at PostgreSQL \
            itself, or at a pool with pool_mode = session (Weir holds only a few connections)
            """
        case .closed:
            "the connection pool is closed"
        }
    }

    /// The server's SQLSTATE, if the server spoke.
    public var sqlState: String? {
        if case .server(let fault) = self { fault.sqlState } else { nil }
    }

    /// Whether the same may well succeed a little later: the server is away, restarting, full
    /// of connections, or ended the transaction in favour of another.
    public var isTransient: Bool {
        switch self {
        case .cannotConnect, .connectionLost, .noAnswer: true
        case .server(let fault): fault.isTransient
        default: false
        }
    }
}

extension PostgresFault: CustomStringConvertible {
    /// `message (SQLSTATE): detail; hint`.
    public var description: String {
        var text = "\(message) (SQLSTATE \(sqlState))"
        if let detail { text += ": \(detail)" }
        if let hint { text += "; \(hint)" }
        return text
    }

    /// Whether the same may well succeed a little later.
    public var isTransient: Bool {
        // 08 connection, 53 resources (disk full, out of memory, too many connections),
        // 57P0x shutdown and start, 40 serialization and deadlock, 58 system errors.
        switch sqlState.prefix(2) {
        case "08", "53", "40", "58": true
        case "57": sqlState.hasPrefix("57P")
        default: false
        }
    }

    /// Whether the server ended the connection with this.
    var endsConnection: Bool { severity == "FATAL" || severity == "PANIC" }
}
