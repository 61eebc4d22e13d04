// swift-tools-version:6.2
import PackageDescription

// Weir in one list. Reading down is the data's way, and the order of dependence: a module uses
// only names that stand above it. The folders under Sources sort the same way, A to Z.

let package = Package(
    name: "weir",
    products: [.executable(name: "weir", targets: ["Weir"])],
    targets: [
        // Bridges: one module per C library. They know nothing of metrics, and they never log.
        library("CAres", pkgConfig: "libcares", apt: "libc-ares-dev"),
        library("CCrypto", pkgConfig: "libcrypto", apt: "libssl-dev"),
        library("CCurl", pkgConfig: "libcurl", apt: "libcurl4-openssl-dev"),
        library("CJansson", pkgConfig: "jansson", apt: "libjansson-dev"),
        library("CMicrohttpd", pkgConfig: "libmicrohttpd", apt: "libmicrohttpd-dev"),
        library("CPostgres", pkgConfig: "libpq", apt: "libpq-dev"),
        library("CSnappy", apt: "libsnappy-dev"),
        library("CSystem"),
        library("CYAML", pkgConfig: "yaml-0.1", apt: "libyaml-dev"),
        library("CZlib", pkgConfig: "zlib", apt: "zlib1g-dev"),
        library("CZstd", pkgConfig: "libzstd", apt: "libzstd-dev"),
        // RE2 is C++: a C face of a few functions, so that no Swift module needs C++ interop.
        .target(
            name: "CRE2", path: "Sources/Bridges/CRE2", linkerSettings: [.linkedLibrary("re2")]),
        module("Compression", in: "Bridges", uses: "CSnappy", "CZlib", "CZstd"),
        module("Crypto", in: "Bridges", uses: "CCrypto"),
        module("RE2", in: "Bridges", uses: "CRE2"),
        module("Threads", in: "Bridges", uses: "CSystem"),
        module("Processes", in: "Bridges", uses: "CSystem", "Threads"),
        module("YAML", in: "Bridges", uses: "CYAML"),
        module("JSON", in: "Bridges", uses: "CJansson"),
        module("DNS", in: "Bridges", uses: "CAres", "Threads"),
        module("HTTPFetch", in: "Bridges", uses: "CCurl", "CSystem", "Crypto", "Threads"),
        module(
            "HTTPServe", in: "Bridges", uses: "CMicrohttpd", "CSystem", "Compression", "Threads"),
        module("Postgres", in: "Bridges", uses: "CPostgres", "CSystem", "Threads"),

        // Core: the words that all the others share.
        module("Model", in: "Core", uses: "RE2"),
        module("Telemetry", in: "Core", uses: "Model", "Threads"),
        module("Access", in: "Core", uses: "Crypto", "Model", "Telemetry", "Threads", "YAML"),
        module("Relabeling", in: "Core", uses: "Crypto", "Model", "RE2", "Threads"),
        module(
            "Configuration", in: "Core",
            uses: "Access", "HTTPFetch", "Model", "RE2", "Relabeling", "YAML"),

        // Gather: from a configured job to parsed samples.
        module(
            "Discovery", in: "Gather",
            uses: "Configuration", "Crypto", "DNS", "HTTPFetch", "JSON", "Model", "Postgres",
            "Processes", "Relabeling", "Telemetry", "Threads", "YAML"),
        module("Exposition", in: "Gather", uses: "Model"),
        module(
            "Scraping", in: "Gather",
            uses: "Compression", "Configuration", "Discovery", "Exposition", "HTTPFetch", "Model",
            "Relabeling", "Telemetry", "Threads"),
        module(
            "Receiving", in: "Gather",
            uses: "Compression", "Exposition", "Model", "Telemetry", "Threads"),

        // Keep: memory, disk, database.
        .plugin(
            name: "EmbedMigrations", capability: .buildTool(), path: "scripts/EmbedMigrations"),
        module(
            "Migrations", in: "Keep", uses: "Postgres", "Threads", plugins: ["EmbedMigrations"]),
        module(
            "PrivatePostgres", in: "Keep", uses: "Postgres", "Processes", "Telemetry"),
        module("Head", in: "Keep", uses: "Model", "RE2", "Telemetry", "Threads"),
        module("Spool", in: "Keep", uses: "Model", "Processes"),
        module(
            "Storage", in: "Keep",
            uses: "Compression", "Head", "Model", "Postgres", "Processes", "Spool", "Telemetry",
            "Threads"),

        // Query: questions about what is kept.
        module("PromQL", in: "Query", uses: "Model", "RE2", "Threads"),

        // Serve: what leaves Weir.
        module(
            "Relay", in: "Serve",
            uses: "Compression", "Exposition", "Head", "Model", "Telemetry", "Threads"),
        module(
            "API", in: "Serve",
            uses: "Access", "Compression", "Discovery", "Exposition", "HTTPFetch", "HTTPServe",
            "Head", "JSON", "Model", "PromQL", "RE2", "Receiving", "Relabeling", "Relay",
            "Scraping", "Telemetry", "Threads"),

        // Weir: the commands, and the one file that wires everything.
        .executableTarget(
            name: "Weir",
            dependencies: [
                "API", "Access", "Configuration", "Discovery", "Exposition", "HTTPFetch",
                "HTTPServe", "Head", "JSON", "Migrations", "Model", "Postgres", "PrivatePostgres",
                "PromQL", "Receiving", "Relabeling", "Relay", "Scraping", "Spool", "Storage",
                "Telemetry", "Threads", "YAML",
            ],
            path: "Sources/Weir", swiftSettings: settings(layer: "Weir")),

        // What Weir costs, measured: `make bench`.
        .executableTarget(
            name: "Benchmarks",
            dependencies: [
                "API", "Access", "Compression", "Configuration", "Discovery", "Exposition",
                "HTTPFetch", "HTTPServe", "Head", "Migrations", "Model", "Postgres",
                "PrivatePostgres", "PromQL", "Relabeling", "Relay", "Scraping", "Storage",
                "Telemetry", "TestKit", "Threads",
            ],
            path: "Benchmarks", swiftSettings: settings(layer: "Tests")),
    ] + tests(),
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17)

// `MODULES="PromQL Head" make test` builds and tests these and what they use, and nothing else.
if let named = Context.environment["MODULES"], !named.isEmpty {
    var wanted = Set(named.split(separator: " ").flatMap { [String($0), "\($0)Tests"] })
    for target in package.targets.reversed() where wanted.contains(target.name) {
        for case .byNameItem(let name, _) in target.dependencies { wanted.insert(name) }
        for case .plugin(let name, _) in target.plugins ?? [] { wanted.insert(name) }
    }
    package.targets.removeAll { !wanted.contains($0.name) }
    if !wanted.contains("Weir") { package.products = [] }
}

// MARK: How a module is built

// Functions, not stored globals: those would still be empty when `package` above reads them.
func settings(layer: String) -> [SwiftSetting] {
    var settings: [SwiftSetting] = [
        .enableUpcomingFeature("ExistentialAny"),
        // A type of C in a public signature is an error, because C is imported internally.
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .treatAllWarnings(as: .error),
        // Only the root of a build may pass flags. Nothing depends on Weir, so it always is.
        .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release)),
    ]
    // Above the bridges, every unsafe expression has to say `unsafe`.
    if layer != "Bridges" && layer != "Tests" { settings.append(.strictMemorySafety()) }
    return settings
}

func module(
    _ name: String, in layer: String, uses: Target.Dependency..., resources: [Resource] = [],
    plugins: [Target.PluginUsage] = []
) -> Target {
    .target(
        name: name, dependencies: uses, path: "Sources/\(layer)/\(name)", resources: resources,
        swiftSettings: settings(layer: layer), plugins: plugins)
}

func library(_ name: String, pkgConfig: String? = nil, apt: String? = nil) -> Target {
    .systemLibrary(
        name: name, path: "Sources/Bridges/\(name)", pkgConfig: pkgConfig,
        providers: apt.map { [.apt([$0])] })
}

func tests() -> [Target] {
    [
        // One line per module, in the order above; `TidyTests` fails if one is missing.
        .target(
            name: "TestKit", dependencies: ["CSystem", "DNS", "Processes", "Threads"],
            path: "Tests/TestKit", swiftSettings: settings(layer: "Tests")),
        test("Compression", in: "Bridges"),
        test("Crypto", in: "Bridges"),
        test("RE2", in: "Bridges"),
        test("Threads", in: "Bridges"),
        test("Processes", in: "Bridges", uses: "Threads"),
        test("YAML", in: "Bridges"),
        test("JSON", in: "Bridges"),
        test("DNS", in: "Bridges"),
        test("Postgres", in: "Bridges", uses: "Processes"),
        test("HTTPFetch", in: "Bridges", uses: "Threads"),
        test("HTTPServe", in: "Bridges", uses: "Compression", "CSystem", "Threads"),
        test("Model", in: "Core", uses: "Threads"),
        test("Telemetry", in: "Core", uses: "Model", "Threads"),
        test("Access", in: "Core", uses: "Crypto", "Model", "Telemetry", "Threads"),
        test("Relabeling", in: "Core", uses: "Model", "RE2"),
        test(
            "Configuration", in: "Core",
            uses: "Access", "HTTPFetch", "Model", "Relabeling", "YAML", files: ["Fixtures"]),
        test(
            "Discovery", in: "Gather",
            uses: "Configuration", "Crypto", "HTTPFetch", "HTTPServe", "JSON", "Model", "Postgres",
            "Processes", "Relabeling", "Telemetry", "Threads", "YAML", files: ["Fixtures"]),
        test("Exposition", in: "Gather", uses: "Model", files: ["Corpus"]),
        test(
            "Scraping", in: "Gather",
            uses: "Compression", "Configuration", "Crypto", "Discovery", "Exposition", "HTTPFetch",
            "Model", "Relabeling", "Telemetry", "Threads"),
        test(
            "Receiving", in: "Gather",
            uses: "Compression", "Model", "Telemetry", "Threads"),
        test("Migrations", in: "Keep", uses: "Postgres", "Threads"),
        test("PrivatePostgres", in: "Keep", uses: "Postgres", "Processes", "Telemetry"),
        test("Head", in: "Keep", uses: "Model", "Telemetry", "Threads"),
        test("Spool", in: "Keep", uses: "Model", "Processes"),
        test(
            "Storage", in: "Keep",
            uses: "Head", "JSON", "Migrations", "Model", "Postgres", "PromQL", "Telemetry",
            "Threads"),
        test("PromQL", in: "Query", uses: "Model", files: ["Corpus"]),
        test(
            "Relay", in: "Serve",
            uses: "Compression", "Exposition", "Head", "Model", "Telemetry"),
        test(
            "API", in: "Serve",
            uses: "Access", "Configuration", "Discovery", "HTTPFetch", "HTTPServe", "Head", "Model",
            "PromQL", "Receiving", "Relay", "Scraping", "Telemetry", "Threads"),
        .testTarget(
            name: "WeirTests",
            dependencies: [
                "API", "HTTPServe", "JSON", "Postgres", "Weir", "Telemetry", "TestKit", "Threads",
            ],
            path: "Tests/Weir/WeirTests", swiftSettings: settings(layer: "Tests")),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "Postgres", "PrivatePostgres", "Processes", "Telemetry", "TestKit", "Threads",
                "Weir", "YAML",
            ],
            path: "Tests/EndToEndTests", swiftSettings: settings(layer: "Tests")),
        .testTarget(
            name: "TidyTests", dependencies: ["TestKit"], path: "Tests/TidyTests",
            swiftSettings: settings(layer: "Tests")),
    ]
}

func test(
    _ name: String, in layer: String, uses: Target.Dependency..., files: [String] = []
) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.byName(name: name), "TestKit"] + uses,
        path: "Tests/\(layer)/\(name)Tests", exclude: files, swiftSettings: settings(layer: "Tests")
    )
}
