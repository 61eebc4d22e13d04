public import Postgres
import Processes

/// How `psql` is started so that it opens Weir's database, without a secret among its arguments.
public struct PsqlInvocation: Equatable, Sendable {
    /// The program.
    public let path: String
    /// What follows its name.
    public let arguments: [String]
    /// `NAME=value`, the whole environment.
    public let environment: [String]

    /// An invocation that opens the database of `options`, found in one of `places`.
    ///
    /// `asReader` acts as `weir_reader`, who cannot write; `extra` goes to psql as it is.
    public init(
        _ options: PostgresOptions, asReader: Bool, extra: [String] = [],
        places: [String] = PostgresInstallation.places
    ) throws(PrivatePostgresError) {
        guard let path = places.reversed().map({ $0 + "/psql" }).first(where: Files.isProgram)
        else {
            throw .process(.system(call: "find", subject: "psql (postgresql-client)", code: 2))
        }
        self.path = path
        arguments = extra
        var own = options.environment
        if asReader { own.append(("PGOPTIONS", "-c role=weir_reader")) }
        let names = Set(own.map(\.name))
        environment =
            Command.ownEnvironment.filter { !names.contains(String($0.prefix { $0 != "=" })) }
            + own.map { "\($0.name)=\($0.value)" }
    }

    /// Runs psql at this terminal; gives its exit code.
    public func run() async throws(PrivatePostgresError) -> Int32 {
        var command = Command(path, arguments)
        command.environment = environment
        do throws(ProcessError) {
            let status = try await command.runAtTerminal()
            if case .code(let code) = status { return code }
            return 1
        } catch {
            throw .process(error)
        }
    }
}
