import Glibc
import Model

/// `process_*`, read from /proc/self whenever the registry is read.
public enum ProcessMetrics {
    /// Adds them to `registry`.
    public static func register(in registry: MetricRegistry) {
        registry.collect { families() }
    }

    static func families() -> [MetricFamily] {
        let status = ProcessStatus.read()
        func gauge(_ name: String, unit: String, _ help: String, _ value: Double?) -> MetricFamily?
        {
            value.map {
                MetricFamily(
                    name: name, metadata: MetricMetadata(type: .gauge, unit: unit, help: help),
                    lines: [.init(value: $0)])
            }
        }
        let cpu = status.cpuSeconds.map {
            MetricFamily(
                name: "process_cpu_seconds",
                metadata: MetricMetadata(
                    type: .counter, unit: "seconds", help: "CPU time spent, in user and system."),
                lines: [.init(suffix: "_total", value: $0)])
        }
        return [
            cpu,
            gauge(
                "process_resident_memory_bytes", unit: "bytes", "Memory in RAM.",
                status.residentBytes),
            gauge(
                "process_virtual_memory_bytes", unit: "bytes", "Address space in use.",
                status.virtualBytes),
            gauge(
                "process_start_time_seconds", unit: "seconds",
                "When the process began, since 1970.",
                status.startSeconds),
            gauge("process_threads", unit: "", "Threads of the process.", status.threads),
            gauge("process_open_fds", unit: "", "Open file descriptors.", status.openFiles),
            gauge(
                "process_max_fds", unit: "", "How many file descriptors may be open.",
                status.maximumFiles),
        ].compactMap(\.self)
    }
}

/// What the kernel says of this process; `nil` where it says nothing.
struct ProcessStatus {
    var cpuSeconds: Double?
    var residentBytes: Double?
    var virtualBytes: Double?
    var startSeconds: Double?
    var threads: Double?
    var openFiles: Double?
    var maximumFiles: Double?

    static func read() -> ProcessStatus {
        var status = ProcessStatus()
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        let page = Double(sysconf(Int32(_SC_PAGESIZE)))
        // The command's name may hold blanks, so that fields are counted from its closing bracket.
        if let stat = contents(of: "/proc/self/stat"), let end = stat.lastIndex(of: ")") {
            let fields = stat[stat.index(after: end)...].split(separator: " ")
            func field(_ number: Int) -> Double? {
                fields.indices.contains(number - 3) ? Double(fields[number - 3]) : nil
            }
            if let user = field(14), let system = field(15) {
                status.cpuSeconds = (user + system) / ticks
            }
            status.threads = field(20)
            status.virtualBytes = field(23)
            status.residentBytes = field(24).map { $0 * page }
            if let started = field(22), let boot = bootSeconds() {
                status.startSeconds = boot + started / ticks
            }
        }
        status.openFiles = openFileCount().map(Double.init)
        var limit = rlimit()
        if unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            status.maximumFiles = Double(limit.rlim_cur)
        }
        return status
    }

    private static func bootSeconds() -> Double? {
        contents(of: "/proc/stat")?.split(separator: "\n")
            .first { $0.hasPrefix("btime ") }
            .flatMap { Double($0.dropFirst(6)) }
    }

    private static func openFileCount() -> Int? {
        guard let folder = unsafe opendir("/proc/self/fd") else { return nil }
        defer { unsafe closedir(folder) }
        var count = 0
        while unsafe readdir(folder) != nil { count += 1 }
        // Without ".", ".." and the folder's own descriptor.
        return count - 3
    }

    private static func contents(of path: String) -> String? {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 16_384)
        let count = unsafe Glibc.read(file, &bytes, bytes.count)
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }
}
