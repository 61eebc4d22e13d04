import JSON
import Model

/// An answer as lines that people read.
enum QueryTable {
    /// `data` of any route, as a table.
    static func text(of data: JSONValue) -> String {
        switch data["resultType"].text {
        case "scalar"?, "string"?:
            let point = data["result"].elements
            return rows([[time(point.first), point.last?.text ?? ""]])
        case "vector"?: return vector(data["result"].elements)
        case "matrix"?: return matrix(data["result"].elements)
        default: return list(data)
        }
    }

    private static func vector(_ elements: [JSONValue]) -> String {
        guard let first = elements.first else { return "nothing\n" }
        let when = first[value(in: first)].elements.first
        let lines = elements.map { element in
            [name(of: element["metric"]), shown(element[value(in: element)].elements.last)]
        }
        return "at \(time(when))\n" + rows(lines)
    }

    private static func matrix(_ series: [JSONValue]) -> String {
        guard !series.isEmpty else { return "nothing\n" }
        var text = ""
        for one in series {
            text += name(of: one["metric"]) + "\n"
            let points = one["values"].elements + one["histograms"].elements
            text += rows(
                points.map { ["  " + time($0.elements.first), shown($0.elements.last)] })
        }
        return text
    }

    /// Texts, label sets, or exemplars of series.
    private static func list(_ data: JSONValue) -> String {
        guard !data.elements.isEmpty else { return "nothing\n" }
        var text = ""
        for element in data.elements {
            if let word = element.text {
                text += word + "\n"
            } else if element["seriesLabels"].isNull {
                text += name(of: element) + "\n"
            } else {
                text += name(of: element["seriesLabels"]) + "\n"
                text += rows(
                    element["exemplars"].elements.map { exemplar in
                        [
                            "  " + time(exemplar["timestamp"]), exemplar["value"].text ?? "",
                            name(of: exemplar["labels"]),
                        ]
                    })
            }
        }
        return text
    }

    // MARK: What each part of an expression cost

    /// The tree of costs below the answer.
    static func explanation(of tree: JSONValue) -> String {
        guard !tree.isNull else {
            return "\nthis server does not explain what a query costs; Weir does\n"
        }
        var lines = [["node", "series", "samples", "bytes", "seconds"]]
        add(tree, depth: 0, to: &lines)
        return "\n" + rows(lines)
    }

    private static func add(_ node: JSONValue, depth: Int, to lines: inout [[String]]) {
        let margin = String(repeating: "  ", count: depth)
        lines.append(
            [margin + (node["node"].text ?? "?")]
                + ["series", "samples", "bytes", "seconds"].map { name in
                    node[name].whole.map { "\($0)" } ?? node[name].number.map { "\($0)" } ?? ""
                })
        for child in node["children"].elements { add(child, depth: depth + 1, to: &lines) }
    }

    // MARK: Parts

    /// A label set as PromQL writes it.
    static func name(of labels: JSONValue) -> String {
        var metric = ""
        var others: [String] = []
        for member in labels.members {
            let value = member.value.text ?? ""
            if member.name == "__name__", NameScheme.legacy.allows(metricName: value) {
                metric = value
            } else {
                let isPlain = NameScheme.legacy.allows(labelName: member.name)
                others.append(
                    (isPlain ? member.name : Labels.quoted(member.name)) + "="
                        + Labels.quoted(value))
            }
        }
        if others.isEmpty && !metric.isEmpty { return metric }
        return "\(metric){\(others.joined(separator: ", "))}"
    }

    private static func value(in element: JSONValue) -> String {
        element["value"].isNull ? "histogram" : "value"
    }

    private static func shown(_ value: JSONValue?) -> String {
        guard let value else { return "" }
        if let text = value.text { return text }
        return "count \(value["count"].text ?? "?"), sum \(value["sum"].text ?? "?")"
    }

    static func time(_ seconds: JSONValue?) -> String {
        guard let seconds = seconds?.number else { return "" }
        return Timestamp(milliseconds: Int64((seconds * 1000).rounded())).description
    }

    /// Lines whose fields stand below each other.
    static func rows(_ lines: [[String]]) -> String {
        var widths: [Int] = []
        for line in lines {
            for (index, field) in line.enumerated() {
                if index >= widths.count { widths.append(0) }
                widths[index] = max(widths[index], field.count)
            }
        }
        return lines.map { line in
            let fields = line.enumerated().map { index, field in
                index == line.count - 1
                    ? field : field + String(repeating: " ", count: widths[index] - field.count)
            }
            return fields.joined(separator: "  ") + "\n"
        }.joined()
    }
}
