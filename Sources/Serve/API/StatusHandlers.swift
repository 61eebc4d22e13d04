import Access
import Glibc
import HTTPServe
import Model
import Telemetry

/// Which Weir this is, how it was started, and how it does.
struct StatusHandlers: Sendable {
    private let needs: Dependencies

    init(_ needs: Dependencies) { self.needs = needs }

    @Sendable func version(_ request: ServerRequest) async -> ServerResponse {
        var writer = JSONWriter()
        write(needs.build, to: &writer)
        return .json(writer.bytes)
    }

    @Sendable func buildInfo(_ request: ServerRequest) async -> ServerResponse {
        .success { write(needs.build, to: &$0) }
    }

    @Sendable func flags(_ request: ServerRequest) async -> ServerResponse {
        .success { writer in
            writer.beginObject()
            for (name, value) in needs.flags { writer.member(name, value) }
            writer.endObject()
        }
    }

    @Sendable func config(_ request: ServerRequest) async throws -> ServerResponse {
        let text = try await needs.configText()
        return .success { writer in
            writer.beginObject()
            writer.member("yaml", text)
            writer.endObject()
        }
    }

    @Sendable func runtimeInfo(_ request: ServerRequest) async -> ServerResponse {
        let reload = needs.lastReload()
        let threads = needs.registry.snapshot().first { $0.name == "process_threads" }
        return .success { writer in
            writer.beginObject()
            writer.member("startTime", needs.startTime.description)
            writer.member("CWD", Machine.workingFolder)
            writer.member("hostname", Machine.hostname)
            writer.member("serverTime", WallClock.now.description)
            writer.key("reloadConfigSuccess")
            writer.bool(reload.succeeded)
            writer.member("lastConfigTime", reload.time.description)
            writer.key("corruptionCount")
            writer.number(0)
            // Threads are what Weir has in place of goroutines, and cores in place of GOMAXPROCS.
            writer.key("goroutineCount")
            writer.number(Int64(threads?.lines.first?.value ?? 0))
            writer.key("GOMAXPROCS")
            writer.number(Machine.coreCount)
            for name in ["GOGC", "GODEBUG"] { writer.member(name, "") }
            writer.member("storageRetention", needs.retention())
            writer.endObject()
        }
    }

    /// Weir's own metrics; a caller that is bound to labels sees the lines that have them.
    @Sendable func ownMetrics(_ request: ServerRequest) async -> ServerResponse {
        let format = MetricText(accepting: request.fields.values(of: "accept"))
        let binding = request.caller.binding
        var families = needs.registry.snapshot()
        if !binding.isEmpty { families = families.map { $0.narrowed(to: binding) } }
        return ServerResponse(
            fields: ["Content-Type": format.contentType, "Vary": "Accept"],
            bytes: format.write(families))
    }

    private func write(_ build: Dependencies.Build, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("version", build.version)
        writer.member("revision", build.revision)
        for name in ["branch", "buildUser", "buildDate"] { writer.member(name, "") }
        writer.member("goVersion", build.compiler)
        writer.endObject()
    }
}

extension MetricFamily {
    /// The family with the lines that meet all `matchers`, the family's name being a label too.
    func narrowed(to matchers: [Matcher]) -> MetricFamily {
        MetricFamily(
            name: name, metadata: metadata,
            lines: lines.filter { line in
                var labels = LabelsBuilder(line.labels)
                labels[LabelName.metric] = name + line.suffix
                return matchers.accept(Labels(labels))
            })
    }
}

/// What the machine says of itself.
private enum Machine {
    static var workingFolder: String {
        guard let path = unsafe getcwd(nil, 0) else { return "" }
        defer { unsafe free(path) }
        return unsafe String(cString: path)
    }

    static var hostname: String {
        var name = [CChar](repeating: 0, count: 256)
        guard unsafe gethostname(&name, name.count - 1) == 0 else { return "" }
        return String(
            decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    static var coreCount: Int64 { Int64(sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
}
