/// One file while its nodes become values: collects every complaint instead of stopping at one.
public struct YAMLDecoding: Sendable {
    /// The file that is decoded.
    public let document: YAMLDocument
    /// What was found so far, in the order of finding.
    public private(set) var complaints: [YAMLComplaint] = []
    /// How many complaints there were beyond those that are kept.
    public private(set) var omitted = 0
    /// Settings of the reader's own, such as the folder that relative paths begin at.
    public var context: [String: any Sendable] = [:]
    private var saidOnce: Set<String> = []
    /// How many blocks around the present one have no effect, of which a warning told already.
    var quietDepth = 0

    /// The most complaints that are kept of one file.
    public static let mostComplaints = 500

    /// Begins with the warnings that the reader left.
    public init(_ document: YAMLDocument) {
        self.document = document
        complaints = document.warnings
    }

    /// Whether anything keeps the file from being used.
    public var hasErrors: Bool { complaints.contains { $0.severity == .error } }

    /// Notes an error.
    ///
    /// The line of the file is not shown where it holds a secret.
    public mutating func error(
        _ problem: String, _ remedy: String, at mark: YAMLMark, hidesLine: Bool = false
    ) {
        add(.error, problem, remedy, at: mark, hidesLine: hidesLine)
    }

    /// Notes a warning.
    public mutating func warn(_ problem: String, _ remedy: String, at mark: YAMLMark) {
        add(.warning, problem, remedy, at: mark)
    }

    /// Notes a warning, only the first time that `key` asks for it.
    public mutating func warnOnce(
        _ key: String, _ problem: String, _ remedy: String, at mark: YAMLMark
    ) {
        if saidOnce.insert(key).inserted { warn(problem, remedy, at: mark) }
    }

    /// Notes that a value is not of the kind that was asked for.
    public mutating func mismatch(_ node: YAMLNode, expected: String) {
        error("expected \(expected), found \(node.kindInWords)", "correct the value", at: node.mark)
    }

    /// Notes a value outside a list of choices, with the one that was probably meant.
    public mutating func unknownChoice(_ text: String, among choices: [String], at mark: YAMLMark) {
        let shown = YAMLComplaint.short(text)
        let near = Nearest.name(to: text, among: choices)
        error(
            "\"\(shown)\" is not one of \(choices.joined(separator: ", "))",
            near.map { "did you mean \"\($0)\"?" } ?? "write one of them", at: mark)
    }

    /// Takes over the `once` marks of another file's decoding, so that no warning comes twice.
    public mutating func continueFrom(_ other: YAMLDecoding) { saidOnce = other.saidOnce }

    private mutating func add(
        _ severity: YAMLComplaint.Severity, _ problem: String, _ remedy: String, at mark: YAMLMark,
        hidesLine: Bool = false
    ) {
        guard complaints.count < Self.mostComplaints else {
            omitted += 1
            return
        }
        complaints.append(
            YAMLComplaint(
                severity, file: document.file, mark: mark, problem: problem, remedy: remedy,
                source: hidesLine ? "" : document.line(mark.line)))
    }
}
