import Glibc
import PrivatePostgres
import Telemetry

/// `weir psql`: opens the database with PostgreSQL's own terminal.
enum PsqlCommand {
    static let command = Command(
        "psql", "Opens the database in psql.", operands: "[-- ARGUMENT…]", operandCount: 0...64,
        flags: [
            .toggle(
                "reader", isCommon: true, "As weir_reader, who sees what dashboards see.")
        ] + Database.flags,
        details: """
            Arguments after -- go to psql: weir psql -- -c 'SELECT 1'
            Without --database it is Weir's own database, which is started for it if need be.
            """
    ) { invocation in
        let log = Log.standardError(level: .warn, format: .logfmt)
        let database = try Database(invocation, log: log)
        let asReader = invocation.isOn("reader")
        let code = try await database.whileRunning {
            let psql = try PsqlInvocation(
                asReader ? try database.readerOptions() : database.options,
                // In Weir's own database the reader is a login; elsewhere a role to take.
                asReader: asReader && database.cluster == nil, extra: invocation.operands)
            return try await psql.run()
        }
        return code == 0 ? .success : .failure
    }
}
