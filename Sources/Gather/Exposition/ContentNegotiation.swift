import Model

extension ExpositionFormat {
    /// The `Accept` of a scrape that takes `formats`, the preferred one first, as Prometheus asks.
    public static func accept(
        _ formats: [ExpositionFormat], escaping: NameEscaping = .allowUTF8
    ) -> String {
        // The highest weight leaves room for every format there is, and for anything else.
        var weight = allCases.count + 1
        var parts: [String] = []
        for format in formats {
            var part = format.mediaRange
            if format == .text100 || format == .openMetrics100 {
                part += ";escaping=\(escaping.rawValue)"
            }
            parts.append("\(part);q=0.\(weight)")
            weight -= 1
        }
        return parts.joined(separator: ",") + ",*/*;q=0.\(weight)"
    }

    private var mediaRange: String {
        switch self {
        case .text004: "text/plain;version=0.0.4"
        case .text100: "text/plain;version=1.0.0"
        case .openMetrics001: "application/openmetrics-text;version=0.0.1"
        case .openMetrics100: "application/openmetrics-text;version=1.0.0"
        case .protobuf:
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
                + "encoding=delimited"
        }
    }

    /// What to answer to a request with this `Accept`: the best of `offered`, classic text where
    /// nothing fits, and the escaping that the reader asked for.
    public static func negotiate(
        accept: String, offered: [ExpositionFormat] = allCases
    ) -> (format: ExpositionFormat, escaping: NameEscaping) {
        var best: (format: ExpositionFormat, escaping: NameEscaping, weight: Double)?
        for range in accept.split(separator: ",") {
            let type = MediaType(range)
            guard let format = type.format, offered.contains(format), type.weight > 0,
                type.weight > best?.weight ?? 0
            else { continue }
            let escaping = type["escaping"].flatMap(NameEscaping.init) ?? .underscores
            best = (format, escaping, type.weight)
        }
        guard let best else { return (.text004, .underscores) }
        return (best.format, best.escaping)
    }

    /// The format of a body by its `Content-Type`.
    ///
    /// - Parameters:
    ///   - contentType: the field's value, empty where the target sends none.
    ///   - fallback: what the job's `fallback_scrape_protocol` names.
    ///   - sniffs: whether that is `auto`.
    /// - Returns: the format; `nil` where `auto` is to look at the body's first bytes.
    /// - Throws: the sentence that names the line to add.
    public static func of(
        contentType: String, fallback: ExpositionFormat? = nil, sniffs: Bool = false
    ) throws(ExpositionError) -> ExpositionFormat? {
        let type = MediaType(contentType[...])
        if !contentType.isEmpty, let format = type.bodyFormat { return format }
        if sniffs { return nil }
        if let fallback { return fallback }
        let said =
            contentType.isEmpty
            ? "the target sends no Content-Type"
            : "the target sends the Content-Type \"\(contentType)\", which is no metrics format"
        throw .contentType(
            "\(said); if it serves the classic text format, add this line to its scrape_config: "
                + "fallback_scrape_protocol: PrometheusText0.0.4")
    }

    /// What the first bytes of a body look like; `nil` where there are too few to tell.
    ///
    /// - Note: OpenMetrics text looks like classic text up to its `# EOF`, `# UNIT` or a type that
    ///   only it has; a body without any of these in its first bytes is read as classic text.
    public static func sniff(_ start: Span<UInt8>) -> ExpositionFormat? {
        guard start.count > 0 else { return nil }
        // A family's message begins with its length and then the name's tag, 0x0a.
        var at = 0
        // Why this is no length does not matter: then it is text.
        if let length = try? MessageReader.varint(start, &at), length > 2, at < start.count,
            start[at] == 0x0a, start[0] != UInt8(ascii: "\n"), start[0] != UInt8(ascii: " ")
        {
            var field = at
            // A name cut off here is still a name.
            do throws(MessageReader.Failure) {
                let name = try MessageReader.field(start, &field)
                if name.isBytes, start.text(name.range) != nil { return .protobuf }
            } catch {
                if error == .cutOff { return .protobuf }
            }
        }
        for index in start.indices where index == 0 || start[index - 1] == UInt8(ascii: "\n") {
            let isUnit = start.hasWord("# UNIT ", at: index)
            if isUnit || start.hasWord("# EOF", at: index) { return .openMetrics100 }
            guard start.hasWord("# TYPE ", at: index) else { continue }
            var end = index
            while end < start.count, start[end] != UInt8(ascii: "\n") { end += 1 }
            let word = start.text(index..<end)?.split(separator: " ").last
            switch word {
            case "unknown", "info", "stateset", "gaugehistogram": return .openMetrics100
            default: continue
            }
        }
        return .text004
    }
}

/// A media type with its parameters, as it stands in `Accept` and `Content-Type`.
private struct MediaType {
    let name: String
    private var parameters: [(name: String, value: String)] = []

    init(_ text: Substring) {
        let parts = text.split(separator: ";", omittingEmptySubsequences: false)
        name = Self.trimmed(parts[0]).lowercased()
        for part in parts.dropFirst() {
            let pair = part.split(separator: "=", maxSplits: 1)
            guard pair.count == 2 else { continue }
            var value = Self.trimmed(pair[1])
            if value.hasPrefix("\""), value.hasSuffix("\""), value.count > 1 {
                value = String(value.dropFirst().dropLast())
            }
            parameters.append((Self.trimmed(pair[0]).lowercased(), value))
        }
    }

    subscript(name: String) -> String? { parameters.first { $0.name == name }?.value }

    var weight: Double { self["q"].map { Double($0) ?? 0 } ?? 1 }

    /// The format that a reader asks for.
    var format: ExpositionFormat? {
        switch (name, self["version"]) {
        case ("text/plain", "1.0.0"): return .text100
        case ("text/plain", nil), ("text/plain", "0.0.4"): return .text004
        case ("application/openmetrics-text", "1.0.0"): return .openMetrics100
        case ("application/openmetrics-text", nil), ("application/openmetrics-text", "0.0.1"):
            return .openMetrics001
        case ("application/vnd.google.protobuf", _):
            let isFamily = self["proto"] == "io.prometheus.client.MetricFamily"
            return isFamily && self["encoding"] == "delimited" ? .protobuf : nil
        case ("*/*", _), ("text/*", _): return .text004
        default: return nil
        }
    }

    /// The format of a body; versions that are not known are read as the newest one.
    var bodyFormat: ExpositionFormat? {
        switch name {
        case "text/plain": self["version"] == "1.0.0" ? .text100 : .text004
        case "application/openmetrics-text":
            self["version"] == "0.0.1" ? .openMetrics001 : .openMetrics100
        case "application/vnd.google.protobuf": .protobuf
        default: nil
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return String(text)
    }
}
