import HTTPFetch
import JSON
import Model
import Postgres
import Telemetry
import TestKit
import Testing

@testable import Discovery

struct PostgresSourceTests {
    private func surroundings(_ options: PostgresOptions?) -> SourceSurroundings {
        SourceSurroundings(
            client: HTTPClient(), log: .silent, registry: MetricRegistry(),
            database: { options })
    }

    @Test func `rows become targets, and a notification asks again`() async throws {
        let server = try await PostgresServer.shared
        let database = try await server.makeDatabase()
        _ = try await server.run(
            """
            CREATE TABLE hosts (address text, rack int, "Data-Center" text, up bool, tags text[],
                labels jsonb, __metrics_path__ text);
            INSERT INTO hosts VALUES
                ('a:1', 7, 'eu west', true, '{x,y}', '{"team": "ops", "n": 3}', '/m'),
                ('b:1', NULL, NULL, false, '{}', NULL, NULL);
            """, database: database)
        let options = try PostgresOptions(server.connectionString(database: database))
        let source = try Configured.source(
            """
            postgres_sd_configs:
              - query: "SELECT * FROM hosts ORDER BY address;"
                channel: hosts
                refresh_interval: 1h
            """, surroundings(options))
        try await source.recorded { recorder in
            await recorder.expect { $0.groups.first?.targets.count == 2 }
            #expect(
                recorder.groups[0].targets == [
                    [
                        "__address__": "a:1", "__meta_postgres_Data_Center": "eu west",
                        "__meta_postgres_rack": "7", "__meta_postgres_tags": ",x,y,",
                        "__meta_postgres_up": "true", "__metrics_path__": "/m", "n": "3",
                        "team": "ops",
                    ],
                    ["__address__": "b:1", "__meta_postgres_up": "false"],
                ])
            _ = try await server.run(
                "DELETE FROM hosts WHERE address = 'a:1'; NOTIFY hosts", database: database)
            await recorder.expect { $0.groups.first?.targets.count == 1 }
            _ = try await server.run("DELETE FROM hosts; NOTIFY hosts", database: database)
            await recorder.expect { $0.groups.first?.targets.isEmpty == true }
            #expect(recorder.failures.isEmpty)
        }
    }

    @Test func `a list of targets in one row, asked every so often, by a string of its own`()
        async throws
    {
        let server = try await PostgresServer.shared
        let folder = try TemporaryFolder()
        try folder.write(server.connectionString(), to: "dsn")
        let source = try Configured.source(
            """
            postgres_sd_configs:
              - query: |
                  SELECT ARRAY['a:1', 'b:1'] AS targets, inet '10.1.2.3' AS ip -- the end
                database_file: dsn
                refresh_interval: 50ms
            """, in: folder, surroundings(nil))
        try await source.recorded { recorder in
            await recorder.expect { $0.all.count > 2 }
            #expect(
                recorder.groups[0].targets == [
                    ["__address__": "a:1", "__meta_postgres_ip": "10.1.2.3"],
                    ["__address__": "b:1", "__meta_postgres_ip": "10.1.2.3"],
                ])
            #expect(recorder.failures.isEmpty)
        }
    }

    @Test(arguments: [
        ("SELECT nothing", "column \"nothing\" does not exist (SQLSTATE 42703)"),
        (
            "SELECT 1 AS rack",
            "row 1 of the query: there is no column address and no column targets"
        ),
        ("SELECT '' AS address", "row 1 of the query: the address is empty"),
        ("SELECT 'a' AS address, '[1]'::jsonb AS labels", "the column labels is a list"),
        ("SELECT 1) x; CREATE TABLE boo (); SELECT (1", "SQLSTATE 42601"),
    ])
    func `a query that gives no targets says why`(query: String, words: String) async throws {
        let server = try await PostgresServer.shared
        let options = try PostgresOptions(server.connectionString())
        let source = try Configured.source(
            "postgres_sd_configs: [{query: \"\(query)\", refresh_interval: 1h}]",
            surroundings(options))
        try await source.recorded { recorder in
            await recorder.expect { !$0.failures.isEmpty }
            #expect(recorder.failures[0].contains(words), "\(recorder.failures[0])")
            #expect(recorder.groups.isEmpty)
        }
    }

    @Test func `a query cannot write, and without a database there is a sentence`() async throws {
        let server = try await PostgresServer.shared
        let database = try await server.makeDatabase()
        _ = try await server.run(
            """
            CREATE TABLE t (n int);
            CREATE FUNCTION f() RETURNS text LANGUAGE sql AS
                $$ INSERT INTO t VALUES (1); SELECT 'a:1' $$;
            """, database: database)
        let options = try PostgresOptions(server.connectionString(database: database))
        let yaml = "postgres_sd_configs: [{query: 'SELECT f() AS address'}]"
        try await Configured.source(yaml, surroundings(options)).recorded { recorder in
            await recorder.expect { !$0.failures.isEmpty }
            #expect(recorder.failures[0].contains("read-only"), "\(recorder.failures[0])")
        }
        try await Configured.source(yaml, surroundings(nil)).recorded { recorder in
            await recorder.expect { !$0.failures.isEmpty }
            #expect(recorder.failures[0].hasPrefix("there is no database to ask: name one"))
        }
    }

    @Test func `a server that goes away keeps the targets, and comes back`() async throws {
        let server = try await PostgresServer(.init())
        let options = try PostgresOptions(server.connectionString())
        let source = try Configured.source(
            """
            postgres_sd_configs:
              - {query: "SELECT 'a:1' AS address", channel: hosts, refresh_interval: 50ms}
            """, surroundings(options))
        try await source.recorded { recorder in
            await recorder.expect { $0.groups.first?.targets.count == 1 }
            await server.stop()
            await recorder.expect { !$0.failures.isEmpty }
            #expect(recorder.groups.first?.targets.count == 1)
            try await server.start()
            let failures = recorder.failures.count
            await recorder.expect {
                if case .replaced? = $0.all.last { return $0.failures.count >= failures }
                return false
            }
        }
        await server.stop()
    }
}
