import Configuration
import Discovery
import HTTPFetch
import Model
import Telemetry
import TestKit
import Threads

/// A hundred thousand targets that come and change: what that costs, and how long others wait.
enum DiscoveryBenchmarks {
    private static let groupCount = 1_000
    private static let groupSize = 100

    static func run(_ report: inout BenchmarkReport) async throws {
        let folder = try TemporaryFolder("bench")
        try write(round: 0, to: folder)
        let path = try folder.write(configuration, to: "prometheus.yml")
        let job = try ConfigLoader.load(path).config.scrapeConfigs[0]
        try await measureJob(job, &report)
        try await measureFiles(job, folder, &report)
    }

    private static let configuration = """
        scrape_configs:
          - job_name: bench
            file_sd_configs: [{files: [targets.json], refresh_interval: 1h}]
            relabel_configs:
              - {source_labels: [zone], regex: 'eu-(.+)', target_label: area}
              - {source_labels: [role, tier], regex: 'db;(gold|silver)', target_label: tier, replacement: '$1'}
              - {source_labels: [__address__], regex: '([^:]+)(?::\\d+)?', target_label: host}
              - {source_labels: [state], regex: 'down', action: drop}
              - {regex: 'tmp_.*', action: labeldrop}

        """

    private static func group(_ number: Int, round: Int) -> TargetGroup {
        TargetGroup(
            source: "\(number)",
            targets: (0..<groupSize).map { ["__address__": "10.\(round).\(number).\($0):9100"] },
            labels: labels(number))
    }

    private static func labels(_ number: Int) -> Labels {
        ["zone": "eu-\(number % 3)", "role": "db", "tier": "gold", "rack": "r\(number)"]
    }

    /// One group in a hundred is another in each round.
    private static func groups(round: Int) -> [TargetGroup] {
        (0..<groupCount).map { group($0, round: $0 % 100 == 0 ? round : 0) }
    }

    private static func measureJob(
        _ job: ScrapeConfig, _ report: inout BenchmarkReport
    ) async throws {
        var targets = JobTargets(TargetRules(job))
        let all = groups(round: 0)
        let first = await cpu { await targets.update(all) }
        precondition(targets.active.count == groupCount * groupSize, "BUG: targets are missing")
        report.add(
            "discovery: 100,000 targets made", first * 1e3, "ms CPU", bar: "≤ 1000")
        // As a finder hands them on: what stays is the same value as before.
        var changed = all
        for number in stride(from: 0, to: groupCount, by: 100) {
            changed[number] = group(number, round: 1)
        }
        let next = changed
        let second = await cpu { await targets.update(next) }
        report.add(
            "discovery: 1,000 of them changed", second * 1e3, "ms CPU", bar: "≤ 100")
    }

    private static func measureFiles(
        _ job: ScrapeConfig, _ folder: TemporaryFolder, _ report: inout BenchmarkReport
    ) async throws {
        let surroundings = SourceSurroundings(
            client: HTTPClient(), log: .silent, registry: MetricRegistry())
        let finder = TargetFinder(surroundings, pause: .milliseconds(100))
        finder.apply(["bench": job.discovery])
        let run = Task { await finder.run() }
        defer { run.cancel() }
        let waits = Locked<[Double]>([])
        let ticker = Task { await tick(waits) }
        var targets = JobTargets(TargetRules(job))
        var round = 0
        let start = BenchmarkReport.cpuSeconds
        for await snapshot in finder.snapshots {
            await targets.update(snapshot.groups["bench"] ?? [])
            guard targets.active.contains(where: { $0.address.hasPrefix("10.\(round).0.0:") })
            else { continue }
            if round == 10 { break }
            round += 1
            try write(round: round, to: folder)
        }
        let spent = BenchmarkReport.cpuSeconds - start
        ticker.cancel()
        let sorted = waits.withLock { $0.sorted() }
        report.add(
            "discovery: a file of 100,000 targets, read and 1,000 changed", spent / 11 * 1e3,
            "ms CPU a time", bar: "≤ 2000")
        report.add(
            "discovery: wait of another task meanwhile, 99 of 100",
            sorted[sorted.count * 99 / 100] * 1e3,
            "ms", bar: "≤ 100")
        report.add(
            "discovery: the longest wait of another task", (sorted.last ?? 0) * 1e3, "ms",
            bar: "≤ 1000")
    }

    /// How much later than planned a task comes to its turn, over and over.
    private static func tick(_ waits: Locked<[Double]>) async {
        while !Task.isCancelled {
            let due = ContinuousClock.now + .milliseconds(5)
            // Lost is only that the sleep was cut short, which ends the loop.
            try? await Task.sleep(until: due, clock: .continuous)
            let late = due.duration(to: .now) / .seconds(1)
            waits.withLock { $0.append(late) }
        }
    }

    private static func write(round: Int, to folder: TemporaryFolder) throws {
        var text = "["
        for group in groups(round: round) {
            let addresses = group.targets.map { "\"\($0["__address__"])\"" }
            let labels = group.labels.map { "\"\($0.name)\": \"\($0.value)\"" }
            text += text.utf8.count > 1 ? ",\n" : ""
            text += "{\"targets\": [\(addresses.joined(separator: ","))], "
            text += "\"labels\": {\(labels.joined(separator: ","))}}"
        }
        try folder.write(text + "]", to: "targets.json")
    }

    private static func cpu(_ body: () async -> Void) async -> Double {
        let start = BenchmarkReport.cpuSeconds
        await body()
        return BenchmarkReport.cpuSeconds - start
    }
}
