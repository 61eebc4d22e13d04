import Glibc
import JSON
import Model

/// How large the terminal is.
enum TerminalSize {
    /// The columns of the terminal that output goes to: what `COLUMNS` says, or 80 where there is
    /// none.
    static var columns: Int {
        var size = winsize()
        if unsafe ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col >= 20 {
            return Int(size.ws_col)
        }
        let said = unsafe getenv("COLUMNS").flatMap { unsafe Int(String(cString: $0)) }
        return max(20, said ?? 80)
    }
}

/// An answer as a picture: lines of dots over time, or bars for one instant.
struct QueryPicture {
    private static let height = 16
    private let data: JSONValue
    private let columns: Int

    /// A picture of `data` that is at most `columns` wide.
    init(_ data: JSONValue, columns: Int) {
        self.data = data
        self.columns = columns
    }

    var text: String {
        switch data["resultType"].text {
        case "matrix"?: lines(data["result"].elements)
        case "vector"?: bars(data["result"].elements)
        default: QueryTable.text(of: data)
        }
    }

    // MARK: Bars

    private func bars(_ elements: [JSONValue]) -> String {
        let values = elements.map { element in
            (
                name: QueryTable.name(of: element["metric"]),
                value: element["value"].elements.last?.text.flatMap { Self.number($0) } ?? .nan,
                text: element["value"].elements.last?.text ?? "histogram"
            )
        }
        guard !values.isEmpty else { return "nothing\n" }
        let most = values.map { $0.value.isFinite ? $0.value.magnitude : 0 }.max() ?? 0
        let textWidth = values.map(\.text.count).max() ?? 0
        let nameWidth = min(values.map(\.name.count).max() ?? 0, max(10, columns / 2))
        let room = max(5, columns - nameWidth - textWidth - 4)
        return values.map { one in
            let share = most > 0 && one.value.isFinite ? one.value.magnitude / most : 0
            let name = Self.cut(one.name, to: nameWidth)
            return name + String(repeating: " ", count: nameWidth - name.count) + "  "
                + String(repeating: " ", count: textWidth - one.text.count) + one.text + "  "
                + Self.bar(share * Double(room)) + "\n"
        }.joined()
    }

    /// A bar in eighths of a column.
    static func bar(_ length: Double) -> String {
        let eighths = Int((length * 8).rounded())
        let parts = Array(" ▏▎▍▌▋▊▉")
        let rest = eighths % 8
        return String(repeating: "█", count: eighths / 8) + (rest == 0 ? "" : String(parts[rest]))
    }

    private static func cut(_ text: String, to width: Int) -> String {
        text.count <= width ? text : text.prefix(width - 1) + "…"
    }

    /// A number as Prometheus writes it.
    static func number(_ text: String) -> Double? {
        switch text {
        case "+Inf": .infinity
        case "-Inf": -.infinity
        default: Double(text)
        }
    }

    // MARK: Lines

    private struct Point {
        let time: Double
        let value: Double
    }

    private func lines(_ series: [JSONValue]) -> String {
        let drawn = series.map { one in
            one["values"].elements.compactMap { point -> Point? in
                guard let time = point.elements.first?.number,
                    let value = point.elements.last?.text.flatMap({ Self.number($0) }),
                    value.isFinite
                else { return nil }
                return Point(time: time, value: value)
            }
        }
        let all = drawn.joined()
        guard let first = all.map(\.time).min(), let last = all.map(\.time).max(),
            var least = all.map(\.value).min(), var most = all.map(\.value).max()
        else { return series.isEmpty ? "nothing\n" : "nothing that can be drawn\n" }
        if least == most { (least, most) = (least - 1, most + 1) }
        let marks = [most, (least + most) / 2, least].map { Self.short($0) }
        let margin = marks.map(\.count).max() ?? 0
        let width = max(10, columns - margin - 2)
        var canvas = BrailleCanvas(columns: width, rows: Self.height)
        for (index, points) in drawn.enumerated() {
            var before: (x: Int, y: Int)?
            for point in points {
                let share = last > first ? (point.time - first) / (last - first) : 0
                let x = Int((share * Double(canvas.width - 1)).rounded())
                let height = (point.value - least) / (most - least)
                let y = Int(((1 - height) * Double(canvas.height - 1)).rounded())
                // A gap in the series is a gap in the picture.
                if let before, x - before.x <= gap(points, canvas.width) {
                    canvas.line(from: before, to: (x, y), of: index)
                } else {
                    canvas.dot(x, y, of: index)
                }
                before = (x, y)
            }
        }
        return frame(canvas, marks, margin) + axis(first, last, margin, width) + legend(series)
    }

    /// As many dots as may lie between two points that belong together.
    private func gap(_ points: [Point], _ width: Int) -> Int {
        guard points.count > 1, let first = points.first, let last = points.last,
            last.time > first.time
        else { return 0 }
        let steps = zip(points.dropFirst(), points).map { $0.time - $1.time }.sorted()
        let usual = steps[steps.count / 2]
        return max(2, Int(2.5 * usual / (last.time - first.time) * Double(width)))
    }

    private func frame(_ canvas: BrailleCanvas, _ marks: [String], _ margin: Int) -> String {
        let isColoured = isatty(1) == 1
        var text = ""
        for row in 0..<Self.height {
            let mark = row == 0 ? marks[0] : row == Self.height - 1 ? marks[2] : ""
            let middle = row == Self.height / 2 ? marks[1] : mark
            text += String(repeating: " ", count: margin - middle.count) + middle + " ┤"
            text += canvas.row(row, isColoured: isColoured) + "\n"
        }
        return text
    }

    private func axis(_ first: Double, _ last: Double, _ margin: Int, _ width: Int) -> String {
        func time(_ seconds: Double) -> String {
            Timestamp(milliseconds: Int64(seconds) * 1000).description
        }
        let (left, right) = (time(first), time(last))
        let between = width - left.count - right.count
        let indent = String(repeating: " ", count: margin + 2)
        guard between > 0 else { return indent + left + "\n" }
        return indent + left + String(repeating: " ", count: between) + right + "\n"
    }

    private func legend(_ series: [JSONValue]) -> String {
        let most = 12
        let isColoured = isatty(1) == 1
        var text = ""
        for (index, one) in series.prefix(most).enumerated() {
            let last = one["values"].elements.last?.elements.last?.text ?? "histograms"
            let mark = isColoured ? BrailleCanvas.coloured("●", index) : "●"
            text += "\(mark) \(QueryTable.name(of: one["metric"])), last \(last)\n"
        }
        if series.count > most { text += "and \(series.count - most) more\n" }
        return text
    }

    /// About four digits, and a letter for thousands of thousands.
    static func short(_ value: Double) -> String {
        let magnitude = value.magnitude
        let units: [(Double, String)] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")]
        for (size, letter) in units where magnitude >= size {
            let scale = letter == "k" ? 1e3 : size
            return rounded(value / scale) + letter
        }
        return magnitude > 0 && magnitude < 1e-3 ? "\(value)" : rounded(value)
    }

    private static func rounded(_ value: Double) -> String {
        let places: Double = value.magnitude >= 100 ? 10 : value.magnitude >= 1 ? 100 : 10_000
        let short = (value * places).rounded() / places
        return short == short.rounded() && short.magnitude < 1e15 ? "\(Int(short))" : "\(short)"
    }
}
