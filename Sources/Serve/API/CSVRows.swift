import Exposition
import Model
import PromQL

/// A query's answer as rows of CSV: a column for each label, then `time` and `value`.
struct CSVRows: Sendable {
    private var names: [String] = []
    // The labels of the series that came last, as its rows begin.
    private var last: (labels: Labels, prefix: [UInt8])?

    /// The first row, for series that have these labels.
    mutating func begin(_ series: [Labels], _ writer: inout JSONWriter) {
        var found: Set<String> = []
        for labels in series { for label in labels { found.insert(label.name) } }
        names = found.sorted { $0.isBytewiseLess(than: $1) }
        writer.line { bytes in
            for name in names {
                Self.field(name, &bytes)
                bytes.append(UInt8(ascii: ","))
            }
            bytes.append(contentsOf: "time,value\r\n".utf8)
        }
    }

    /// One value of one series.
    mutating func row(
        _ labels: Labels, _ time: Timestamp, _ value: Double, _ histogram: FloatHistogram?,
        _ writer: inout JSONWriter
    ) {
        let prefix = prefix(of: labels)
        writer.line { bytes in
            bytes.append(contentsOf: prefix)
            FloatText.appendSeconds(time.milliseconds, to: &bytes)
            bytes.append(UInt8(ascii: ","))
            if let histogram {
                Self.field(histogram.description, &bytes)
            } else {
                FloatText.appendPlain(value, to: &bytes)
            }
            bytes.append(contentsOf: "\r\n".utf8)
        }
    }

    /// A text.
    func row(_ time: Timestamp, _ text: String, _ writer: inout JSONWriter) {
        writer.line { bytes in
            FloatText.appendSeconds(time.milliseconds, to: &bytes)
            bytes.append(UInt8(ascii: ","))
            Self.field(text, &bytes)
            bytes.append(contentsOf: "\r\n".utf8)
        }
    }

    private mutating func prefix(of labels: Labels) -> [UInt8] {
        if let last, last.labels == labels { return last.prefix }
        var bytes: [UInt8] = []
        for name in names {
            Self.field(labels[name], &bytes)
            bytes.append(UInt8(ascii: ","))
        }
        last = (labels, bytes)
        return bytes
    }

    /// A field, in quotes where it needs them.
    private static func field(_ text: String, _ bytes: inout [UInt8]) {
        guard text.utf8.contains(where: { $0 == 0x22 || $0 == 0x2c || $0 == 0x0a || $0 == 0x0d })
        else { return bytes.append(contentsOf: text.utf8) }
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            if byte == UInt8(ascii: "\"") { bytes.append(byte) }
            bytes.append(byte)
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
