/// What a transaction may see and do.
public struct TransactionMode: Sendable {
    /// How the transaction begins, in SQL.
    let begin: String

    /// Reads what is committed at each statement; writes.
    public static let readWrite = TransactionMode(begin: "BEGIN")
    /// Reads one and the same state from first statement to last; writes nothing.
    public static let snapshot = TransactionMode(
        begin: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    /// As if transactions ran one after another; may fail with 40001 and be tried again.
    public static let serializable = TransactionMode(begin: "BEGIN ISOLATION LEVEL SERIALIZABLE")
}

extension PostgresConnection {
    /// Runs `body` in a transaction: committed when it returns, rolled back when it throws.
    ///
    /// Inside another transaction it becomes a savepoint, and `mode` is the outer one's. If the
    /// connection breaks during the commit nobody knows whether it happened.
    public func transaction<Value>(
        _ mode: TransactionMode = .readWrite,
        _ body: (borrowing PostgresConnection) throws(PostgresError) -> Value
    ) throws(PostgresError) -> Value {
        let isNested = handle.isInTransaction
        try run(isNested ? "SAVEPOINT weir" : mode.begin)
        do throws(PostgresError) {
            let value = try body(self)
            try commit(isNested: isNested)
            return value
        } catch {
            rollBack(isNested: isNested)
            throw error
        }
    }

    private func commit(isNested: Bool) throws(PostgresError) {
        let result = try simple(isNested ? "RELEASE SAVEPOINT weir" : "COMMIT")
        // The server answers COMMIT with ROLLBACK, and no error, if a statement had failed.
        if result.command == "ROLLBACK" {
            throw .misuse(what: "a failed statement was ignored, so the transaction was undone")
        }
    }

    /// Undoes; a connection that cannot is given up, which undoes it too.
    func rollBack(isNested: Bool = false) {
        guard handle.isUsable, handle.isInTransaction else { return }
        do throws(PostgresError) {
            let sql = isNested ? "ROLLBACK TO SAVEPOINT weir; RELEASE SAVEPOINT weir" : "ROLLBACK"
            // Not through `run`, because a cancelled task has to roll back too.
            try handle.send(sql)
            _ = try lastResult()
        } catch {
            handle.giveUp()
        }
    }

    private func simple(_ sql: String) throws(PostgresError) -> PostgresResult {
        try checkCancelled()
        try handle.send(sql)
        return try lastResult()
    }
}
