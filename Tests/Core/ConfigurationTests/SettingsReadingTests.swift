import Access
import Configuration
import Model
import TestKit
import Testing
import YAML

private func read(_ text: String, _ environment: [String: String] = [:]) throws -> SettingsReading {
    SettingsReading(
        document: try YAMLReader.read(Array(text.utf8), file: "weir.yml"), environment: environment)
}

struct SettingsReadingTests {
    @Test(arguments: ["", "# nothing\n", "---\n", "spool:\nlimits: {}\n"])
    func `everything has a default`(text: String) throws {
        let reading = try read(text)
        let settings = try #require(reading.settings)
        #expect(settings.database.isEmpty)
        #expect(settings.retention == .days(15))
        #expect(settings.spool.size == ByteSize(bytes: 4 << 30))
        #expect(settings.listen.isEmpty)
        #expect(settings.access.credentials.isEmpty)
        #expect(!settings.dialects.dcos.enabled)
    }

    @Test func `a whole file is read`() throws {
        let reading = try read(
            """
            database: postgres://weir:topsecret@db.example/metrics
            listen: [127.0.0.1:9090, "[::1]:9090", ":9091"]
            auth: always
            credentials:
              - {name: grafana, kind: bearer, secret: topsecret, permissions: [query]}
            retention: 30d
            retention_size: 200GB
            retention_rules:
              - {match: '{job="debug"}', keep: 2d}
            rollups:
              - {match: '{__name__=~"node_.*"}', every: [5m, 1h], keep: 2y}
            spool: {size: 1GB, sync: 250ms}
            sql: {reader_password: topsecret, statement_timeout: 10s}
            auth_profiles:
              shop:
                oauth2:
                  client_id: weir
                  client_secret: topsecret
                  token_url: https://id.example/token
                  endpoint_params: {audience: metrics}
              lab: {basic_auth: {username: weir, password_file: /run/secrets/lab}}
            limits: {series_budget: 100000}
            federation: {timestamps: true, drop_infinite: true}
            dialects: {directus: {enabled: true}, dcos: {agent_id: a-S0}}

            """)
        #expect(reading.errors.map(\.description) == [])
        let settings = try #require(reading.settings)
        #expect(settings.database == "postgres://weir:topsecret@db.example/metrics")
        #expect(settings.listen.count == 3)
        #expect(settings.access.rule == .always)
        #expect(settings.access.credentials.map(\.name) == ["grafana"])
        #expect(settings.retentionRules.first?.keep == .days(2))
        #expect(settings.rollups.first?.every == [.minutes(5), .hours(1)])
        #expect(settings.spool.sync == TimeSpan(milliseconds: 250))
        #expect(try settings.authProfiles["shop"]?.oauth2?.clientSecret?.reveal() == "topsecret")
        #expect(settings.authProfiles["shop"]?.oauth2?.scopes == [])
        #expect(settings.authProfiles["lab"]?.basicAuth?.username == "weir")
        #expect(settings.dialects.directus.enabled)
        #expect(settings.federation.dropInfinite)
        #expect(!settings.yaml.contains("topsecret"))
        #expect(!"\(settings)".contains("clientSecret: \"topsecret"))
    }

    @Test func `all errors are told in one run, each with its place`() throws {
        let reading = try read(
            """
            databse: x
            listen: [localhost]
            retention: 1.5h
            retention_rules:
              - {match: "{job="}
            spool: {size: 3XB}
            auth: nobody
            credentials:
              - {name: a, kind: bearer, permissions: [query]}
            auth_profiles:
              empty: {}
              both: {authorization: {credentials: a, credentials_file: b}}
            limits: {failed_logins: 0}

            """)
        #expect(reading.settings == nil)
        #expect(
            reading.errors.map(\.description) == [
                "weir.yml:1:1: weir.yml has no field \"databse\"; did you mean \"database\"?",
                "weir.yml:2:10: \"localhost\" is not an address; write host and port, such as "
                    + "127.0.0.1:9090 or [::1]:9090",
                "weir.yml:3:12: \"1.5h\" is not a duration; write whole numbers with units, such as "
                    + "30s or 1h30m",
                "weir.yml:5:5: retention_rule has no keep; add it",
                "weir.yml:5:13: cannot read the selector {job= at character 6: expected a text in "
                    + "quotes; write one such as {job=\"api\"}",
                "weir.yml:6:15: \"3XB\" is not a size; write a number with a unit, such as 512MB or "
                    + "1GB",
                "weir.yml:7:7: auth is \"nobody\"; write one of by_address, always, none",
                "weir.yml:9:5: credential a has no secret; write one of secret, secret_file, "
                    + "secret_sha256, secret_bcrypt, certificate_names",
                "weir.yml:11:10: the profile has no credentials; write basic_auth, "
                    + "authorization, oauth2, http_headers or tls_config",
                "weir.yml:12:42: credentials and credentials_file stand together in "
                    + "authorization; keep one of them",
                "weir.yml:13:25: 0 is out of range; write between 1 and 100000",
            ])
    }

    @Test func `a field that nothing honours yet is a warning that names it`() throws {
        let reading = try read("sql: {}\nfederation: {timestamps: true}\ndialects: {}\n")
        #expect(
            reading.warnings.map(\.description) == [
                "weir.yml:1:1: sql: read and checked, but this version of Weir makes readers in SQL "
                    + "alone, with weir_data.make_reader",
                "weir.yml:3:1: dialects: read and checked, but this version of Weir has no dialects "
                    + "yet",
            ])
    }

    @Test func `a file that is not there says so`() {
        let reading = SettingsReading(path: "/nowhere/weir.yml")
        #expect(
            reading.errors.map(\.description) == [
                "/nowhere/weir.yml:1:1: cannot be read: no such file or directory; "
                    + "check the path and its permissions"
            ])
    }
}

struct SettingsEnvironmentTests {
    @Test func `the environment goes before the file`() throws {
        let reading = try read(
            "database: a\nspool: {size: 1GB, sync: 2s}\nlisten: [127.0.0.1:1]\n",
            [
                "WEIR_DATABASE": "host=/run user='a: b'", "WEIR_SPOOL_SIZE": "2GB",
                "WEIR_LISTEN": "127.0.0.1:2, [::1]:3", "WEIR_FEDERATION_TIMESTAMPS": "true",
                "WEIR_AUTH": "none", "WEIR_LIMITS_SERIES_BUDGET": "7", "OTHER": "x",
                "WEIR_RETENTION_RULES": "[{match: '{a=\"b\"}', keep: 1d}]",
                "WEIR_DIALECTS_DCOS_AGENT_ID": "yes",
                "WEIR_CREDENTIALS": "- {name: g, kind: bearer, secret: s, permissions: [query]}\n",
            ])
        #expect(reading.errors.map(\.description) == [])
        let settings = try #require(reading.settings)
        #expect(settings.database == "host=/run user='a: b'")
        #expect(settings.spool.size == ByteSize(bytes: 2 << 30))
        #expect(settings.spool.sync == .seconds(2))
        #expect(settings.listen == ["127.0.0.1:2", "[::1]:3"])
        #expect(settings.federation.timestamps)
        #expect(settings.access.rule == .none)
        #expect(settings.limits.seriesBudget == 7)
        #expect(settings.retentionRules.first?.keep == .days(1))
        #expect(settings.dialects.dcos.agentID == "yes")
        #expect(settings.access.credentials.map(\.name) == ["g"])
    }

    @Test func `a value may lie in a file`() throws {
        let folder = try TemporaryFolder("settings")
        let path = try folder.write("postgres://weir:word@db/x\n\n", to: "database")
        let reading = SettingsReading(path: nil, environment: ["WEIR_DATABASE_FILE": path])
        #expect(reading.settings?.database == "postgres://weir:word@db/x")
        let both = SettingsReading(
            path: nil, environment: ["WEIR_DATABASE_FILE": path, "WEIR_DATABASE": "x"])
        #expect(
            both.errors.map(\.description) == [
                "WEIR_DATABASE_FILE:1:1: WEIR_DATABASE is set too; unset one of them"
            ])
        let missing = SettingsReading(path: nil, environment: ["WEIR_DATABASE_FILE": "/nowhere"])
        #expect(missing.errors.count == 1)
        #expect(missing.errors.first?.file == "WEIR_DATABASE_FILE")
    }

    @Test func `a bad value is told with the variable's name`() {
        let reading = SettingsReading(
            path: nil, environment: ["WEIR_SPOOL_SIZE": "much", "WEIR_SQL_CONNECTIONS": "{"])
        #expect(reading.settings == nil)
        #expect(reading.errors.map(\.file) == ["WEIR_SPOOL_SIZE", "WEIR_SQL_CONNECTIONS"])
        #expect(reading.errors.first?.problem == "\"much\" is not a size")
    }

    @Test func `a variable of no setting is a warning`() {
        let reading = SettingsReading(path: nil, environment: ["WEIR_DATABSE": "x"])
        #expect(reading.settings != nil)
        #expect(
            reading.warnings.map(\.description) == [
                "WEIR_DATABSE:1:1: no setting has this variable; did you mean WEIR_DATABASE?"
            ])
    }
}
