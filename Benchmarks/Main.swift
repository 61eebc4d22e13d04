/// `make bench`: runs the benchmarks whose names contain one of the arguments, or all of them.
@main
enum Benchmarks {
    private typealias Run = @Sendable (inout BenchmarkReport) async throws -> Void

    // One line a hot path, in the order of the data's way.
    private static let all: [(name: String, run: Run)] = [
        ("fetch", { try await FetchBenchmarks.run(&$0) }),
        ("http", { try await HTTPServeBenchmarks.run(&$0) }),
        ("postgres", { try await PostgresBenchmarks.run(&$0) }),
        ("relabeling", { try RelabelingBenchmarks.run(&$0) }),
        ("configuration", { try await ConfigurationBenchmarks.run(&$0) }),
        ("discovery", { try await DiscoveryBenchmarks.run(&$0) }),
        ("exposition", { try await ExpositionBenchmarks.run(&$0) }),
        ("scraping-farm", { try await ScrapingBenchmarks.farm(&$0) }),
        ("scraping-many", { try await ScrapingBenchmarks.manyTargets(&$0) }),
        ("scraping-tokens", { try await ScrapingBenchmarks.hangingTokens(&$0) }),
        ("scraping-bodies", { try await ScrapingBenchmarks.largeBodies(&$0) }),
        ("head", { try await HeadBenchmarks.run(&$0) }),
        ("labels", { try await LabelBenchmarks.run(&$0) }),
        ("storage", { try await StorageBenchmarks.run(&$0) }),
        ("price", { try await PriceBenchmarks.run(&$0) }),
        ("relay", { try await RelayBenchmarks.run(&$0) }),
        ("dashboards", { try await DashboardBenchmarks.run(&$0) }),
        ("answers", { try await AnswerBenchmarks.run(&$0) }),
        ("promql", { try await PromQLBenchmarks.run(&$0) }),
        ("sql", { try await SQLBenchmarks.run(&$0) }),
        ("day-panels", { try await PromQLDayBenchmarks.run(&$0) }),
    ]

    // Off the main actor, whose closures would check their isolation at each call.
    @concurrent
    static func main() async throws {
        let wanted = CommandLine.arguments.dropFirst()
        if wanted.first == "query-server" {
            try await QueryServer.run(Array(wanted.dropFirst()))
            return
        }
        var report = BenchmarkReport()
        for benchmark in all
        where wanted.isEmpty || wanted.contains(where: { benchmark.name.contains($0) }) {
            try await benchmark.run(&report)
        }
        print(report.table)
    }
}
