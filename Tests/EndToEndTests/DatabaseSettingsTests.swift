import TestKit
import Testing

/// The ways to name a database, and what Weir says about its own.
struct DatabaseSettingsTests {
    @Test func `a server is named by file, variable, flag or service`() async throws {
        let server = try await PostgresServer.shared
        let folder = try TemporaryFolder("settings")
        for way in ["file", "variable", "variable's file", "flag", "service"] {
            let string = try await server.makeDatabase()
            let database = String(try #require(string.split(separator: "=").last))
            try folder.write("database: \"\(string)\"\n", to: "weir.yml")
            try folder.write(string + "\n", to: "secret")
            try folder.write(
                "[mine]\nhost=\(server.socketFolder)\nport=\(server.port)\nuser=postgres\n"
                    + "dbname=\(database)\n", to: "services")
            let (words, variables): ([String], [String: String]) =
                switch way {
                case "file": (["--settings=" + folder.file("weir.yml")], [:])
                case "variable": ([], ["WEIR_DATABASE": string])
                case "variable's file": ([], ["WEIR_DATABASE_FILE": folder.file("secret")])
                case "flag": (["--database", string], [:])
                default: (["--database=service=mine"], ["PGSERVICEFILE": folder.file("services")])
                }
            let outcome = try await ChildProcess.run(
                [Built.weir, "migrate"] + words, environment: variables)
            #expect(outcome.status == 0, "\(way): \(outcome.errors)")
            let count = try await server.run(
                "SELECT count(*) > 0 FROM weir_data.migration", database: database)
            #expect(count == "t", "\(way)")
        }
    }

    @Test func `weir run takes the server of weir.yml, and says how to open it`() async throws {
        let server = try await PostgresServer.shared
        let folder = try TemporaryFolder("settings")
        let string = try await server.makeDatabase()
        try folder.write("database: \"\(string)\"\n", to: "weir.yml")
        try folder.write("scrape_configs: []\n", to: "prometheus.yml")
        let weir = try await ChildProcess.start(
            [
                Built.weir, "run", "--web.listen-address=127.0.0.1:0",
                "--config.file=" + folder.file("prometheus.yml"),
                "--storage.tsdb.path=" + folder.file("data"),
            ])
        let isTold = try await eventually { weir.errors.contains("add a target in") }
        #expect(isTold, "\(weir.errors)")
        let file = folder.file("weir.yml")
        #expect(weir.errors.contains("command=\"weir psql --settings=\(file)\""), "\(weir.errors)")
        let target = "file=\(folder.file("prometheus.yml"))"
        #expect(weir.errors.contains(target), "\(weir.errors)")
        #expect(await weir.stop().status == 0)
    }

    @Test func `the command that a ready Weir names opens its data`() async throws {
        let data = try DataFolder()
        let weir = try await data.weir("run")
        let isTold = try await eventually { weir.errors.contains("add a target in") }
        #expect(isTold, "\(weir.errors)")
        let line = weir.errors.split(separator: "\n").first { $0.contains("open the data with") }
        #expect(line?.contains("level=info") == true)
        let command = "weir psql --storage.tsdb.path=\(data.path)"
        #expect(line?.contains("command=\"\(command)\"") == true, "\(line ?? "")")
        let typed = command.replacing("weir psql", with: "\(Built.weir) psql", maxReplacements: 1)
        let answer = try await ChildProcess.run(["sh", "-c", typed + " -- -Atc 'SELECT 7'"])
        #expect(answer.output == "7\n", "\(answer.errors)")
        await weir.stop()
    }
}
