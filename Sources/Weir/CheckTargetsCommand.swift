import API
import Configuration
import Discovery
import HTTPFetch
import Model
import Postgres
import PrivatePostgres
import Relabeling
import Telemetry
import YAML

/// `weir check targets`: what the jobs of a configuration would scrape now.
enum CheckTargetsCommand {
    static let command = Command(
        "check targets", "Finds the targets of a configuration's jobs now, and shows them.",
        flags: [
            Flag(
                "config.file", .text, "FILE", standard: "prometheus.yml", isCommon: true,
                "The configuration that has the jobs."),
            Flag("config", .text, "FILE", "The same, shorter."),
            Flag("job", .text, "NAME", isCommon: true, "Only this job; all of them by default."),
            Flag(
                "timeout", .duration, "TIME", standard: "30s", isCommon: true,
                "How long to wait for the sources of targets."),
            Flag(
                "output", .choice(["table", "json"]), "FORMAT", standard: "table", isCommon: true,
                "How targets are shown; json has discovered and final labels."),
        ] + Database.flags,
        details: """
            Sources are asked just as weir run asks them. A source that does not answer in time, \
            or fails, is named on standard error, and the exit code is 1.
            """
    ) { invocation in
        let path = invocation.text(invocation.isGiven("config") ? "config" : "config.file")
        let config: WeirConfig
        do throws(ConfigError) { config = try ConfigLoader.load(path).config } catch {
            Terminal.complain(error.excerpts)
            return .failure
        }
        let jobs = try chosen(invocation.text("job"), of: config, in: path)
        let options = try database(invocation, beside: path)
        let timeout = try TimeSpan(invocation.text("timeout"))
        let (snapshot, states) = await find(jobs, for: timeout.duration, database: options)
        var found: [JobTargets] = []
        for job in jobs {
            var targets = JobTargets(TargetRules(job))
            await targets.update(snapshot.groups[job.jobName] ?? [])
            found.append(targets)
        }
        let isJSON = invocation.text("output") == "json"
        Terminal.write(isJSON ? FoundTargets.json(found) : FoundTargets.table(found))
        return complain(of: states, found, after: timeout) ? .failure : .success
    }

    /// Weir's database, for `postgres_sd_configs` that name none; `nil` where there is none now.
    private static func database(
        _ invocation: Invocation, beside config: String
    ) throws -> PostgresOptions? {
        let file =
            invocation.isGiven("settings") ? SettingsFile(invocation) : SettingsFile(beside: config)
        let settings = try file.settings()
        let given = invocation.isGiven("database") ? invocation.text("database") : settings.database
        if !given.isEmpty { return try PostgresOptions(given) }
        // Lost is why there can be no database here: whoever needs one hears that there is none.
        guard let own = try? Database(invocation, settings: settings, log: .silent),
            own.cluster?.isRunning == true
        else { return nil }
        return try own.readerOptions()
    }

    private static func chosen(
        _ name: String, of config: WeirConfig, in path: String
    ) throws(UsageError) -> [ScrapeConfig] {
        if name.isEmpty { return config.scrapeConfigs }
        if let job = config[job: name] { return [job] }
        let names = config.scrapeConfigs.map(\.jobName)
        let hint = Nearest.name(to: name, among: names).map { "; did you mean \($0)?" }
        throw UsageError(
            "\(path) has no job \"\(name)\""
                + (hint ?? "; it has \(names.prefix(10).joined(separator: ", "))"))
    }

    /// Runs all sources until each has spoken, or the time is over.
    private static func find(
        _ jobs: [ScrapeConfig], for timeout: Duration, database: PostgresOptions?
    ) async -> (TargetSnapshot, [SourceState]) {
        let surroundings = SourceSurroundings(
            client: HTTPClient(), log: .silent, registry: MetricRegistry(), database: { database })
        let finder = TargetFinder(surroundings, pause: .milliseconds(100))
        finder.apply(Dictionary(uniqueKeysWithValues: jobs.map { ($0.jobName, $0.discovery) }))
        return await withTaskGroup(of: Void.self) { group in
            group.addTask { await finder.run() }
            let end = ContinuousClock.now + timeout
            while ContinuousClock.now < end, !finder.states.allSatisfy(\.hasSpoken) {
                // Lost is only that the sleep was cut short, which the next look makes up for.
                try? await Task.sleep(for: .milliseconds(20))
            }
            let found = (finder.snapshot(), finder.states)
            group.cancelAll()
            return found
        }
    }

    /// Says what went wrong; whether anything did.
    private static func complain(
        of states: [SourceState], _ found: [JobTargets], after timeout: TimeSpan
    ) -> Bool {
        var isBad = false
        for state in states where state.lastError != nil || !state.hasSpoken {
            let reason = state.lastError ?? "no answer within \(timeout)"
            let place = state.place.isEmpty ? "" : " \(state.place)"
            Terminal.complain(
                "\(state.kind)\(place) (job \(state.jobs.joined(separator: ", "))): \(reason)")
            isBad = true
        }
        for job in found {
            if let fault = job.limitFault {
                Terminal.complain("job \(job.rules.job): \(fault)")
                isBad = true
            }
        }
        return isBad
    }
}

/// Targets that were found, for people and for programs.
enum FoundTargets {
    /// One line a target, by job, and why others are none.
    static func table(_ jobs: [JobTargets]) -> String {
        var text = ""
        for job in jobs {
            let dropped = job.droppedCount == 0 ? "" : ", \(job.droppedCount) dropped"
            let failed = job.failures.isEmpty ? "" : ", \(job.failures.count) failed"
            text += "\(job.rules.job): \(job.active.count) targets\(dropped)\(failed)\n"
            for target in job.active { text += "  \(target.url)  \(target.labels)\n" }
            for found in job.dropped {
                let trace = job.rules.trace(found)
                let rule = trace.droppedBy.map { " by rule \($0 + 1)" } ?? ""
                text += "  dropped\(rule): \(found.own["__address__"])  \(trace.input)\n"
            }
            for failure in job.failures {
                text += "  failed: \(failure.fault)  \(job.rules.discovered(failure.found))\n"
            }
        }
        return text
    }

    /// A list with the members of promtool's, and the job, the URL and the rule beside them.
    static func json(_ jobs: [JobTargets]) -> String {
        var writer = JSONWriter()
        writer.beginList()
        for job in jobs {
            for target in job.active {
                writer.beginObject()
                writer.member("job", job.rules.job)
                writer.labels("discoveredLabels", job.rules.discovered(target.found))
                writer.labels("labels", target.labels)
                writer.member("scrapeUrl", target.url)
                writer.endObject()
            }
            for found in job.dropped {
                let trace = job.rules.trace(found)
                writer.beginObject()
                writer.member("job", job.rules.job)
                writer.labels("discoveredLabels", trace.input)
                writer.labels("labels", Labels())
                if let rule = trace.droppedBy {
                    writer.key("droppedByRule")
                    writer.number(Int64(rule + 1))
                }
                writer.endObject()
            }
            for failure in job.failures {
                writer.beginObject()
                writer.member("job", job.rules.job)
                writer.labels("discoveredLabels", job.rules.discovered(failure.found))
                writer.labels("labels", Labels())
                writer.member("error", failure.fault.description)
                writer.endObject()
            }
        }
        writer.endList()
        return String(decoding: writer.bytes, as: UTF8.self) + "\n"
    }
}

extension JSONWriter {
    fileprivate mutating func labels(_ name: String, _ labels: Labels) {
        key(name)
        beginObject()
        for label in labels { member(label.name, label.value) }
        endObject()
    }
}
