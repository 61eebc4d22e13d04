import Glibc
import Model
import TestKit

/// A real Prometheus that has the compared series.
struct PrometheusOracle {
    /// Labels, and values by milliseconds; or why there are none.
    enum Answer {
        case series([Labels: [Int64: Double]])
        case failure(String)
    }

    private let process: ChildProcess
    private let connection: RawConnection

    /// Fills blocks with `series` and starts Prometheus on them.
    init(_ series: ComparedSeries, in folder: TemporaryFolder) async throws {
        let samples = try folder.write(series.openMetrics, to: "samples.txt")
        let data = folder.file("data")
        let filled = try await ChildProcess.run([
            "promtool", "tsdb", "create-blocks-from", "openmetrics", samples, data,
        ])
        guard filled.status == 0 else { throw OracleError(filled.errors) }
        let config = try folder.write("global: {}\n", to: "prometheus.yml")
        let port = try FreePort.tcp()
        process = try await ChildProcess.start([
            "prometheus", "--config.file=\(config)", "--storage.tsdb.path=\(data)",
            "--storage.tsdb.retention.time=100y", "--web.listen-address=127.0.0.1:\(port)",
            "--log.level=error",
        ])
        let process = process
        let isReady = try await eventually(within: .seconds(60)) {
            guard process.isRunning else { throw OracleError(process.errors) }
            // Not listening yet.
            guard let connection = try? RawConnection(port: UInt16(port)) else { return false }
            let answer = try? await connection.ask(Self.request("/-/ready"))
            return answer?.status == 200
        }
        guard isReady else { throw OracleError("Prometheus does not become ready") }
        connection = try RawConnection(port: UInt16(port))
    }

    func stop() async { await process.stop(SIGKILL) }

    /// What it yields for `query` with these parameters.
    func ask(_ query: String, _ path: String, _ parameters: String) async throws -> Answer {
        let target = "/api/v1/\(path)?query=\(Self.encoded(query))&\(parameters)"
        let answer = try await connection.ask(Self.request(target))
        var reader = NumberedJSON(answer.body)
        let document = reader.value()
        guard case .text("success") = document["status"] else {
            return .failure(document["error"].text)
        }
        return .series(Self.series(document["data"]))
    }

    private static func series(_ data: NumberedJSON.Value) -> [Labels: [Int64: Double]] {
        var result: [Labels: [Int64: Double]] = [:]
        if data["resultType"].text == "scalar" {
            return [Labels(): points([data["result"]])]
        }
        for element in data["result"].list {
            let labels = Labels(element["metric"].fields.map { Label($0.key, $0.value.text) })
            let values = element["values"].list
            result[labels] = points(values.isEmpty ? [element["value"]] : values)
        }
        return result
    }

    private static func points(_ list: [NumberedJSON.Value]) -> [Int64: Double] {
        var points: [Int64: Double] = [:]
        for point in list {
            let pair = point.list
            guard pair.count == 2 else { continue }
            points[Int64((pair[0].number * 1000).rounded())] = value(pair[1].text)
        }
        return points
    }

    private static func value(_ text: String) -> Double {
        switch text {
        case "+Inf": .infinity
        case "-Inf": -.infinity
        case "NaN": .nan
        default: Double(text) ?? .nan
        }
    }

    private static func request(_ target: String) -> String {
        "GET \(target) HTTP/1.1\r\nHost: localhost\r\n\r\n"
    }

    private static func encoded(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            let isPlain =
                (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte)
                || (0x61...0x7a).contains(byte)
            if isPlain {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16)
                result += "%" + (digits.utf8.count == 1 ? "0" : "") + digits
            }
        }
        return result
    }
}

/// Why Prometheus cannot be asked.
struct OracleError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Reads JSON that is known to be right.
struct NumberedJSON {
    indirect enum Value {
        case text(String)
        case number(Double)
        case list([Value])
        case fields([String: Value])
        case other

        subscript(name: String) -> Value { fields[name] ?? .other }
        var text: String { if case .text(let text) = self { text } else { "" } }
        var number: Double { if case .number(let number) = self { number } else { .nan } }
        var list: [Value] { if case .list(let list) = self { list } else { [] } }
        var fields: [String: Value] { if case .fields(let fields) = self { fields } else { [:] } }
    }

    private let bytes: [UInt8]
    private var at = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    private var byte: UInt8 { at < bytes.count ? bytes[at] : 0 }

    mutating func value() -> Value {
        switch byte {
        case UInt8(ascii: "\""): return .text(text())
        case UInt8(ascii: "["):
            var list: [Value] = []
            at += 1
            while at < bytes.count, byte != UInt8(ascii: "]") {
                list.append(value())
                if byte == UInt8(ascii: ",") { at += 1 }
            }
            at += 1
            return .list(list)
        case UInt8(ascii: "{"):
            var fields: [String: Value] = [:]
            at += 1
            while byte == UInt8(ascii: "\"") {
                let name = text()
                at += 1
                fields[name] = value()
                if byte == UInt8(ascii: ",") { at += 1 }
            }
            at += 1
            return .fields(fields)
        default:
            let start = at
            while at < bytes.count, !",]}".utf8.contains(byte) { at += 1 }
            let word = String(decoding: bytes[start..<at], as: UTF8.self)
            return Double(word).map { .number($0) } ?? .other
        }
    }

    private mutating func text() -> String {
        at += 1
        var result: [UInt8] = []
        while at < bytes.count, bytes[at] != UInt8(ascii: "\"") {
            if bytes[at] == UInt8(ascii: "\\"), at + 1 < bytes.count {
                at += 1
                if bytes[at] == UInt8(ascii: "u"), at + 4 < bytes.count {
                    let digits = String(decoding: bytes[(at + 1)...(at + 4)], as: UTF8.self)
                    let scalar = UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init) ?? "?"
                    result += Array(String(Character(scalar)).utf8)
                    at += 5
                    continue
                }
            }
            result.append(bytes[at])
            at += 1
        }
        at += 1
        return String(decoding: result, as: UTF8.self)
    }
}
