import Glibc
import Model
import TestKit

/// A process that answers questions in PromQL, with what it costs: Weir or Prometheus, both seen
/// from outside.
struct MeasuredServer {
    private let process: ChildProcess
    private let port: UInt16

    /// What one question costs.
    struct Cost {
        /// Seconds from the question to the last byte of the answer.
        var wall = 0.0
        /// What the server says that it took, without HTTP and JSON.
        var execution = 0.0
        /// Seconds of CPU of its process, HTTP and JSON among them.
        var cpu = 0.0
        /// Bytes of the answer.
        var bytes = 0
    }

    /// Starts `command`, which listens on the port that it is given, and waits until it is ready.
    static func start(
        within limit: Duration, _ command: (UInt16) throws -> [String]
    ) async throws -> MeasuredServer {
        let port = UInt16(try FreePort.tcp())
        let words = try command(port)
        let process = try await ChildProcess.start(words)
        let server = MeasuredServer(process: process, port: port)
        let isReady = try await eventually(within: limit) {
            guard process.isRunning else { throw PeerError(description: process.errors) }
            // Not listening yet.
            return (try? await server.get("/-/ready"))?.isOK ?? false
        }
        guard isReady else { throw PeerError(description: "\(words) does not become ready") }
        return server
    }

    /// Prometheus over the blocks in `data`.
    static func prometheus(_ data: String, in folder: TemporaryFolder) async throws -> Self {
        let config = try folder.write("global: {}\n", to: "prometheus.yml")
        return try await start(within: .seconds(120)) { port in
            [
                "prometheus", "--config.file=\(config)", "--storage.tsdb.path=\(data)",
                "--storage.tsdb.retention.time=100y", "--web.listen-address=127.0.0.1:\(port)",
                "--log.level=error",
            ]
        }
    }

    /// Weir over what `words` say: see `QueryServer`.
    static func weir(_ words: [String]) async throws -> Self {
        try await start(within: .seconds(300)) { port in
            ["/proc/\(getpid())/exe", "query-server", "\(port)"] + words
        }
    }

    func stop() async { await process.stop(SIGKILL) }

    /// The medians of asking it, and the mean of its CPU, which is told in steps of 10 ms.
    func measure(_ query: String, _ times: QueryTimes, rounds: Int) async throws -> Cost {
        let target = Self.target(query, times)
        // Two rounds warm what there is to warm.
        for _ in 0..<2 { _ = try await get(target) }
        var walls: [Double] = []
        var executions: [Double] = []
        var bytes = 0
        let before = ProcessTimes.cpuSeconds(of: Int(process.pid))
        var rounds = rounds
        while walls.count < rounds {
            let start = ContinuousClock.now
            let answer = try await get(target)
            walls.append((ContinuousClock.now - start) / .seconds(1))
            guard answer.isOK else { throw PeerError(description: "\(query): \(answer.tail)") }
            executions.append(answer.seconds(of: "execTotalTime"))
            bytes = answer.count
            // A quick answer is asked for more often, so that the steps do not matter.
            if walls.count == 5, walls.sorted()[2] < 0.02 { rounds = max(rounds, 100) }
        }
        let cpu = ProcessTimes.cpuSeconds(of: Int(process.pid)) - before
        return Cost(
            wall: walls.sorted()[rounds / 2], execution: executions.sorted()[rounds / 2],
            cpu: cpu / Double(rounds), bytes: bytes)
    }

    /// The answer to one question, whole.
    func answer(_ query: String, _ times: QueryTimes) async throws -> [UInt8] {
        let answer = try await get(Self.target(query, times), keepsAll: true)
        guard answer.isOK else { throw PeerError(description: "\(query): \(answer.tail)") }
        return answer.unchunked
    }

    private static func target(_ query: String, _ times: QueryTimes) -> String {
        let end = times.end.milliseconds / 1000
        let target = "query=\(encoded(query))&stats=true"
        if times.step == .zero { return "/api/v1/query?\(target)&time=\(end)" }
        return "/api/v1/query_range?\(target)&start=\(times.start.milliseconds / 1000)&end=\(end)"
            + "&step=\(times.step.milliseconds / 1000)"
    }

    private static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            let digits = String(byte, radix: 16)
            return "%" + (digits.utf8.count == 1 ? "0" : "") + digits
        }.joined()
    }

    // MARK: Memory

    /// The bytes that it has in memory now, and the most that it ever had.
    var memory: (now: Int, peak: Int) {
        let lines = Self.lines("/proc/\(process.pid)/status")
        func kilobytes(_ name: String) -> Int {
            let line = lines.first { $0.hasPrefix(name) }
            return line.flatMap { Int($0.filter(\.isNumber)) } ?? 0
        }
        return (kilobytes("VmRSS:") * 1024, kilobytes("VmHWM:") * 1024)
    }

    private static func lines(_ path: String) -> [Substring] {
        guard let file = fopen(path, "r") else { return [] }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 8192)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n")
    }

    // MARK: Asking

    /// The end of an answer, where the statistics stand, or all of it.
    struct Answer {
        var head: [UInt8] = []
        var body: [UInt8] = []
        var count = 0

        var isOK: Bool { String(decoding: head, as: UTF8.self).hasPrefix("HTTP/1.1 200") }
        var tail: String { String(decoding: body.suffix(4096), as: UTF8.self) }

        /// The body, its chunks put together.
        var unchunked: [UInt8] {
            guard let end = body.firstRange(of: Array("\r\n\r\n".utf8)) else { return [] }
            let fields = String(decoding: body[..<end.lowerBound], as: UTF8.self).lowercased()
            guard fields.contains("transfer-encoding: chunked") else {
                return Array(body[end.upperBound...])
            }
            var whole: [UInt8] = []
            var rest = body[end.upperBound...]
            while let line = rest.firstIndex(of: 13),
                let size = Int(String(decoding: rest[..<line], as: UTF8.self), radix: 16), size > 0
            {
                whole += rest[(line + 2)..<(line + 2 + size)]
                rest = rest[(line + 2 + size + 2)...]
            }
            return whole
        }

        func seconds(of name: String) -> Double {
            let text = tail
            guard let mark = text.firstRange(of: "\"\(name)\":") else { return .nan }
            return Double(text[mark.upperBound...].prefix { !",}".contains($0) }) ?? .nan
        }
    }

    /// Reads to the end of the connection and keeps nearly nothing, so that it costs little.
    private func get(_ target: String, keepsAll: Bool = false) async throws -> Answer {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = port.bigEndian
        inet_pton(AF_INET, "127.0.0.1", &name.sin_addr)
        let code = withUnsafePointer(to: &name) { place in
            place.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else { throw PeerError(description: "nobody listens") }
        let request = Array(
            "GET \(target) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8)
        guard send(socket, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
            throw PeerError(description: "cannot ask")
        }
        var answer = Answer()
        var piece = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = recv(socket, &piece, piece.count, 0)
            guard count > 0 else { break }
            if answer.head.isEmpty { answer.head = Array(piece[..<min(count, 64)]) }
            answer.count += count
            if keepsAll {
                answer.body += piece[..<count]
            } else {
                let last = piece[max(0, count - 4096)..<count]
                answer.body = last.count == 4096 ? Array(last) : answer.body.suffix(4096) + last
            }
        }
        return answer
    }
}

/// Why the peer cannot be measured.
struct PeerError: Error, CustomStringConvertible {
    let description: String
}
