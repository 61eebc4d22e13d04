import Model

extension ScrapeParser {
    /// The last good body as far as it is remembered, which for lines of text is byte for byte.
    ///
    /// - Returns: `nil` where nothing is, as for binary messages and after a body that was bad. A
    ///   value with an exemplar, or one of over 23 letters, is written anew without its exemplar.
    public func lastBody() -> [UInt8]? {
        guard format != .protobuf, predicts, !isUnfinished, !hasFailed, !layout.lines.isEmpty
        else { return nil }
        var body: [UInt8] = []
        for index in 0..<layout.lines.count where !layout.write(index, to: &body) {
            let value = batch.values[Int(layout.lines[index].sample)]
            body += " \(FloatText.openMetrics(value))\n".utf8
        }
        if isOpenMetrics { body += "# EOF\n".utf8 }
        return body
    }
}
