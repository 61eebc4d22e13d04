/// What libyaml found, in words that help.
enum YAMLSentence {
    static func sentence(
        for failure: YAMLParser.Failure, in bytes: [UInt8]
    ) -> (problem: String, remedy: String, mark: YAMLMark) {
        let mark = failure.mark
        if let tab = tab(near: mark.line, in: bytes) {
            return ("a tab stands where spaces must indent", "replace it with spaces", tab)
        }
        let (problem, remedy) = words(for: failure.text, context: failure.context)
        return (problem, remedy, mark)
    }

    private static func tab(near line: Int, in bytes: [UInt8]) -> YAMLMark? {
        for number in [line, line - 1] where number > 0 {
            let text = YAMLDocument.line(number, of: bytes)
            let margin = text.prefix { $0 == " " || $0 == "\t" }
            if let tab = margin.firstIndex(of: "\t") {
                let column = margin.distance(from: margin.startIndex, to: tab) + 1
                return YAMLMark(line: number, column: column)
            }
        }
        return nil
    }

    private static let table: [(part: String, problem: String, remedy: String)] = [
        (
            "mapping values are not allowed",
            "a second \": \" stands in one value, or the indent is wrong",
            "quote the value, or align the line with its block"
        ),
        (
            "could not find expected ':'", "a line has no \":\" behind its name",
            "write \"name: value\""
        ),
        (
            "did not find expected key", "the line does not fit its block",
            "align it with the lines of its block"
        ),
        (
            "did not find expected '-' indicator", "the line does not fit its list",
            "begin it with \"- \", aligned with the other entries"
        ),
        (
            "block sequence entries are not allowed", "a \"- \" stands where no list can begin",
            "put the list on lines of its own"
        ),
        ("unexpected end of stream", "a quote or bracket is never closed", "close it"),
        (
            "did not find expected ',' or ']'", "a list in [ ] is not closed",
            "write , between entries and ] at the end"
        ),
        (
            "did not find expected ',' or '}'", "a map in { } is not closed",
            "write , between entries and } at the end"
        ),
        (
            "unknown escape character", "a backslash stands before a character it cannot escape",
            "double the backslash, or use single quotes"
        ),
        ("cannot start any token", "a value cannot begin with this character", "quote the value"),
        (
            "unexpected document indicator", "the document ends inside a quoted text",
            "close the quote"
        ),
        (
            "expected <document start>", "text follows the end of the content",
            "align it with the lines above"
        ),
        (
            "undefined tag handle", "an unknown tag stands before a value",
            "remove the tag, or quote the value"
        ),
        (
            "did not find expected node content", "a value is missing",
            "write one, or quote the character"
        ),
        (
            "expected alphabetic or numeric", "* or & stands before a character no anchor may have",
            "quote the value"
        ),
        ("wrong indentation", "the text is indented less than its block", "indent it further"),
        (
            "hexadecimal", "an escape lacks its hexadecimal digits",
            "write all of them, or double the backslash"
        ),
    ]

    private static func words(for text: String, context: String) -> (String, String) {
        if let row = table.first(where: { text.contains($0.part) }) {
            return (row.problem, row.remedy)
        }
        let place = context.isEmpty ? "" : ", \(context)"
        return ("this is not YAML: \(text)\(place)", "correct it")
    }
}
