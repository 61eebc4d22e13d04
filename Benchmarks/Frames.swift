import Glibc
import Head
import Model
import TestKit

/// Real scrapes, in columns: what each series said in each of them.
struct Frames: Sendable {
    private(set) var labels: [Labels] = []
    private(set) var count = 0
    private var columns: [[Double]] = []
    private var names: [String] = []
    // What a counter grows by in all frames together, in 1e-9 where it is told so exactly.
    private var growth: [(whole: Int64?, plain: Double)] = []

    /// The frames beside the project, or `nil` where they are missing.
    static func read() throws -> Frames? {
        guard let folder = Shared.folder("frames") else { return nil }
        let path = "/tmp/weir-frames-\(getpid())"
        defer { _ = system("rm -rf '\(path)'") }
        guard system("mkdir -p '\(path)' && tar xJf '\(folder)/frames.tar.xz' -C '\(path)'") == 0
        else { return nil }
        var frames = Frames()
        var places: [String: Int] = [:]
        while let text = contents(of: path + "/" + number(frames.count) + ".txt") {
            for line in text.split(separator: "\n") where !line.hasPrefix("#") {
                guard let blank = line.lastIndex(of: " "),
                    let value = Double(line[line.index(after: blank)...])
                else { continue }
                let name = String(line[..<blank])
                if places[name] == nil {
                    let place = frames.names.count
                    places[name] = place
                    frames.labels.append(try labels(name))
                    frames.names.append(text(of: frames.labels[place]))
                    frames.columns.append(Array(repeating: Absent.value, count: frames.count))
                }
                guard let place = places[name] else { continue }
                if frames.columns[place].count == frames.count {
                    frames.columns[place].append(value)
                }
            }
            frames.count += 1
            for place in frames.columns.indices where frames.columns[place].count < frames.count {
                frames.columns[place].append(Absent.value)
            }
        }
        frames.growth = zip(frames.labels, frames.columns).map(Self.growth)
        return frames
    }

    private static func number(_ index: Int) -> String {
        let digits = "\(index)"
        return String(repeating: "0", count: 4 - digits.utf8.count) + digits
    }

    private static func contents(of path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func labels(_ name: String) throws -> Labels {
        Labels(try Selector(name).matchers.map { Label($0.name, $0.value) })
    }

    /// As OpenMetrics has it: no blank stands between labels.
    private static func text(of labels: Labels) -> String {
        let pairs = labels.filter { $0.name != LabelName.metric }
            .map { "\($0.name)=\(Labels.quoted($0.value))" }
        return labels.metric + (pairs.isEmpty ? "" : "{" + pairs.joined(separator: ",") + "}")
    }

    private static func growth(_ labels: Labels, _ column: [Double]) -> (Int64?, Double) {
        let suffixes = ["_total", "_count", "_sum", "_bucket"]
        let said = column.filter { !$0.isAbsent && $0.isFinite }
        guard suffixes.contains(where: { labels.metric.hasSuffix($0) }), let first = said.first,
            let last = said.last, last >= first
        else { return (0, 0) }
        let growth = (last - first) * Double(column.count) / Double(max(1, column.count - 1))
        return (growth < 1e9 ? Int64((growth * 1e9).rounded()) : nil, growth.rounded())
    }

    /// What all series say in frame `index` of the repetition `turn`.
    func values(_ index: Int, turn: Int) -> [Double] {
        columns.indices.map { value($0, index, turn) }
    }

    private func value(_ place: Int, _ index: Int, _ turn: Int) -> Double {
        let value = columns[place][index]
        guard turn > 0, !value.isAbsent, value.isFinite else { return value }
        let (whole, plain) = growth[place]
        if whole == 0 { return value }
        // Told in decimals, as an exporter would tell it.
        if value == value.rounded() { return value + (Double(turn) * plain).rounded() }
        if let whole, value < 1e6 {
            let billionths = (value * 1e9).rounded()
            if billionths / 1e9 == value {
                return Double(Int64(billionths) + Int64(turn) * whole) / 1e9
            }
        }
        return value + Double(turn) * plain
    }

    /// Writes the samples as promtool reads them.
    func writeOpenMetrics(to path: String, repeats: Int, start: Int64, step: Int64) throws {
        guard let file = fopen(path, "w") else { return }
        defer { fclose(file) }
        for place in columns.indices {
            for turn in 0..<repeats {
                for index in 0..<count {
                    let value = value(place, index, turn)
                    if value.isAbsent { continue }
                    let text = value.isNaN ? "NaN" : "\(value)"
                    let seconds = (start + Int64(turn * count + index) * step) / 1000
                    fputs("\(names[place]) \(text) \(seconds)\n", file)
                }
            }
        }
        fputs("# EOF\n", file)
    }
}
