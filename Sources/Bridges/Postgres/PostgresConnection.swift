/// One connection, used by one thread at a time; gone when the value is.
///
/// All calls block. `PostgresSession` gives a connection a thread of its own and cancels what a
/// cancelled task has it do.
public struct PostgresConnection: ~Copyable {
    let handle: ConnectionHandle
    let canceller: PostgresCanceller?
    private let prepared = PreparedNames()

    // A class, so that statements can be prepared by who only borrows the connection.
    private final class PreparedNames {
        var bySQL: [String: String] = [:]
        var count = 0
    }

    /// Connects, which takes as long as `connect_timeout` at most.
    public init(_ options: PostgresOptions) throws(PostgresError) {
        let handle = try ConnectionHandle(options)
        if let greeting = options.greeting { try handle.greet(greeting) }
        self.handle = handle
        canceller = handle.makeCanceller()
    }

    // MARK: What it is

    /// The server's version as PostgreSQL counts: 150004 is 15.4.
    public var serverVersion: Int { handle.serverVersion }

    /// The process that the greeting named: not the real one if a pooler stands between.
    public var announcedProcess: Int { Int(handle.backendProcess) }

    /// Whether the connection is encrypted.
    public var usesTLS: Bool { handle.usesTLS }

    /// Whether it can still be used; a broken connection never mends.
    public var isUsable: Bool { handle.isUsable }

    /// What the server said of itself when it greeted, such as `server_version`.
    public func reported(_ name: String) -> String? { handle.setting(name) }

    // MARK: Statements

    /// Runs one statement or several without parameters; gives the rows the last one touched.
    @discardableResult
    public func run(_ sql: String) throws(PostgresError) -> Int {
        try checkCancelled()
        try handle.send(sql)
        return try lastResult().affectedRows
    }

    /// Runs one statement; its rows come in binary.
    public func query(
        _ sql: String, _ parameters: [PostgresValue] = []
    ) throws(PostgresError) -> PostgresResult {
        try checkCancelled()
        try handle.send(sql, ParameterBuffer(parameters))
        return try lastResult()
    }

    /// Runs a statement that the server parses and plans only once per connection.
    ///
    /// For what is run often: the text is the key, so it must not hold values. The types of its
    /// parameters are those of the first run.
    public func execute(
        _ sql: String, _ parameters: [PostgresValue] = []
    ) throws(PostgresError) -> PostgresResult {
        try checkCancelled()
        let buffer = ParameterBuffer(parameters)
        let name = try prepare(sql, types: buffer.types)
        do throws(PostgresError) {
            try handle.sendPrepared(name, buffer)
            try handle.flush()
            return try lastResult()
        } catch {
            // A table that changed its columns leaves a plan behind that never works again.
            if error.sqlState == "0A000" || error.sqlState == "26000" {
                prepared.bySQL[sql] = nil
            }
            throw error
        }
    }

    /// Runs one statement once for each row of parameters, in one transaction and without
    /// waiting for each answer; gives the rows touched.
    ///
    /// Pays where statements are small and many: one round trip instead of one per row.
    @discardableResult
    public func execute(
        _ sql: String, forEach rows: [[PostgresValue]]
    ) throws(PostgresError) -> Int {
        try checkCancelled()
        guard let first = rows.first else { return 0 }
        let name = try prepare(sql, types: ParameterBuffer(first).types)
        try handle.enterPipeline()
        for row in rows {
            try handle.sendPrepared(name, ParameterBuffer(row))
        }
        try handle.syncPipeline()
        let outcome = try pipelineResults()
        try handle.exitPipeline()
        if let fault = outcome.fault { throw serverError(fault) }
        return outcome.affectedRows
    }

    private func prepare(_ sql: String, types: [UInt32]) throws(PostgresError) -> String {
        if let name = prepared.bySQL[sql] { return name }
        // Never the name of one that was dropped: the server may still know that.
        prepared.count += 1
        let name = "weir_\(prepared.count)"
        try handle.sendPrepare(name, sql, types: types)
        _ = try lastResult()
        prepared.bySQL[sql] = name
        return name
    }

    // MARK: Results

    /// Takes all results of what was sent; throws the first fault, else gives the last result.
    func lastResult() throws(PostgresError) -> PostgresResult {
        var last: PostgresResult?
        var fault: PostgresFault?
        while let result = try handle.nextResult() {
            switch result.kind {
            case .rows, .done: last = consume result
            case .failed:
                if fault == nil { fault = result.fault }
            case .copy:
                handle.giveUp()
                throw .misuse(what: "COPY has to go through copyIn or copyOut")
            case .synced: break
            }
        }
        if let fault { throw serverError(fault) }
        guard let last else { throw .misuse(what: "the statement is empty") }
        return last
    }

    private func pipelineResults() throws(PostgresError) -> (
        affectedRows: Int, fault: PostgresFault?
    ) {
        var affected = 0
        var fault: PostgresFault?
        while true {
            // Between two statements' results comes a nil; the end is the answer to the sync.
            guard let result = try handle.nextResult() else { continue }
            switch result.kind {
            case .synced: return (affected, fault)
            case .failed: fault = fault ?? result.fault
            default: affected += result.affectedRows
            }
        }
    }

    func serverError(_ fault: PostgresFault) -> PostgresError {
        if fault.endsConnection { handle.giveUp() }
        return .server(fault)
    }

    func checkCancelled() throws(PostgresError) {
        if canceller?.isCancelled == true { throw .cancelled }
    }
}
