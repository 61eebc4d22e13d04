import Exposition
import Model

/// Instants as JSON has them before their values, kept for the next series that has the same: those
/// of a range query share nearly always one array.
struct TimeTexts {
    private var times: [Timestamp] = []
    /// `"],[1700000000,"` for each instant: the end of the point before it, and its own beginning.
    fileprivate private(set) var bytes: [UInt8] = []
    fileprivate private(set) var ends: [Int] = []

    /// Makes ready the texts of `times`.
    mutating func set(_ times: [Timestamp]) {
        // The same array is found equal without a look at what is in it.
        if times == self.times { return }
        self.times = times
        bytes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        ends.append(0)
        for time in times {
            bytes.append(contentsOf: "\"],[".utf8)
            FloatText.appendSeconds(time.milliseconds, to: &bytes)
            bytes.append(contentsOf: ",\"".utf8)
            ends.append(bytes.count)
        }
    }
}

extension JSONWriter {
    /// The points at `range` of a series' values, in a list that was begun.
    mutating func points(_ values: [Double], _ times: TimeTexts, _ range: Range<Int>) {
        guard !range.isEmpty else { return }
        append { bytes in
            // Nothing stands before the first one that it could end.
            var start = times.ends[range.lowerBound] + 3
            for index in range {
                let end = times.ends[index + 1]
                bytes.append(contentsOf: times.bytes[start..<end])
                FloatText.appendPlain(values[index], to: &bytes)
                start = end
            }
            bytes.append(contentsOf: "\"]".utf8)
        }
    }
}
