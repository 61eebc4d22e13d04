import Glibc
import Model
import PromQL
import TestKit

/// Debian's Prometheus on blocks of a farm's samples.
struct PrometheusPeer {
    private let process: ChildProcess
    private let connection: RawConnection
    private let folder: TemporaryFolder

    init(_ farm: FarmSeries) async throws {
        folder = try TemporaryFolder("promql-bench")
        let file = folder.file("samples.txt")
        try Self.write(farm, to: file)
        let filled = try await ChildProcess.run([
            "promtool", "tsdb", "create-blocks-from", "openmetrics", file, folder.file("data"),
        ])
        guard filled.status == 0 else { throw PeerError(description: filled.errors) }
        unlink(file)
        let config = try folder.write("global: {}\n", to: "prometheus.yml")
        let port = UInt16(try FreePort.tcp())
        let process = try await ChildProcess.start([
            "prometheus", "--config.file=\(config)", "--storage.tsdb.path=\(folder.file("data"))",
            "--storage.tsdb.retention.time=100y", "--web.listen-address=127.0.0.1:\(port)",
            "--log.level=error",
        ])
        let isReady = try await eventually(within: .seconds(60)) {
            guard process.isRunning else { throw PeerError(description: process.errors) }
            // Not listening yet.
            guard let connection = try? RawConnection(port: port) else { return false }
            return (try? await connection.ask(Self.request("/-/ready")))?.status == 200
        }
        guard isReady else { throw PeerError(description: "Prometheus does not become ready") }
        self.process = process
        connection = try RawConnection(port: port)
    }

    func stop() async { await process.stop(SIGKILL) }

    /// The medians of asking it: what it says that it took, and the CPU that its process took.
    func measure(
        _ query: String, _ times: QueryTimes, rounds: Int
    ) async throws -> PromQLBenchmarks.Cost {
        var target = "query=\(Self.encoded(query))&stats=all"
        let end = times.end.milliseconds / 1000
        if times.step == .zero {
            target = "/api/v1/query?\(target)&time=\(end)"
        } else {
            let start = times.start.milliseconds / 1000
            target =
                "/api/v1/query_range?\(target)&start=\(start)&end=\(end)"
                + "&step=\(times.step.milliseconds / 1000)"
        }
        var walls: [Double] = []
        var cpus: [Double] = []
        for round in 0...rounds {
            let before = cpuSeconds
            let answer = try await connection.ask(Self.request(target))
            guard answer.status == 200 else { throw PeerError(description: answer.text) }
            guard round > 0 else { continue }
            cpus.append(cpuSeconds - before)
            walls.append(Self.executionSeconds(answer.body))
        }
        return PromQLBenchmarks.Cost(
            wall: walls.sorted()[rounds / 2], cpu: cpus.sorted()[rounds / 2])
    }

    /// What its process has spent, from the 14th and 15th field of its line.
    private var cpuSeconds: Double {
        guard let file = fopen("/proc/\(process.pid)/stat", "r") else { return 0 }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1024)
        let count = fread(&bytes, 1, bytes.count, file)
        let fields = String(decoding: bytes[..<count], as: UTF8.self).split(separator: " ")
        guard fields.count > 15, let user = Double(fields[13]), let system = Double(fields[14])
        else { return 0 }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// `execTotalTime` of its statistics.
    private static func executionSeconds(_ body: [UInt8]) -> Double {
        let text = String(decoding: body.suffix(100_000), as: UTF8.self)
        guard let mark = text.range(of: "\"execTotalTime\":") else { return .nan }
        return Double(text[mark.upperBound...].prefix { !",}".contains($0) }) ?? .nan
    }

    private static func write(_ farm: FarmSeries, to path: String) throws {
        guard let file = fopen(path, "w") else { throw PeerError(description: "no \(path)") }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        for one in farm.series {
            let labels = one.labels.filter { $0.name != LabelName.metric }
                .map { "\($0.name)=\(Labels.quoted($0.value))" }.joined(separator: ",")
            let head = Array("\(one.labels.metric){\(labels)} ".utf8)
            for (place, time) in one.times.enumerated() {
                bytes += head
                let value = one.values[place]
                bytes += Array((value.isNaN ? "NaN" : value.isInfinite ? "+Inf" : "\(value)").utf8)
                let rest = String(time.milliseconds % 1000 + 1000).dropFirst()
                bytes += Array(" \(time.milliseconds / 1000).\(rest)\n".utf8)
            }
            if bytes.count > 1 << 20 {
                fwrite(bytes, 1, bytes.count, file)
                bytes.removeAll(keepingCapacity: true)
            }
        }
        bytes += Array("# EOF\n".utf8)
        fwrite(bytes, 1, bytes.count, file)
    }

    private static func request(_ target: String) -> String {
        "GET \(target) HTTP/1.1\r\nHost: localhost\r\n\r\n"
    }

    private static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            let digits = String(byte, radix: 16)
            return "%" + (digits.utf8.count == 1 ? "0" : "") + digits
        }.joined()
    }
}

/// Why the peer cannot be measured.
struct PeerError: Error, CustomStringConvertible {
    let description: String
}

extension String {
    /// Where `part` stands first.
    fileprivate func range(of part: String) -> Range<String.Index>? { firstRange(of: part) }
}
