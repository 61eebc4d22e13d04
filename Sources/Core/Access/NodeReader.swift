import YAML

/// Reads values out of YAML nodes, and notes everything that is wrong with them in one run.
struct NodeReader {
    let document: YAMLDocument
    /// What is wrong, or worth knowing.
    private(set) var complaints: [YAMLComplaint] = []

    init(_ document: YAMLDocument) {
        self.document = document
        complaints = document.warnings
    }

    /// Throws if anything is wrong; warnings alone are given back.
    func finish() throws(AccessError) -> [YAMLComplaint] {
        guard complaints.contains(where: { $0.severity == .error }) else { return complaints }
        throw .refused(complaints.sorted { $0.mark < $1.mark })
    }

    /// Notes an error at `mark`; `isSecret` keeps the line itself out of the message.
    mutating func refuse(
        _ problem: String, _ remedy: String, at mark: YAMLMark, isSecret: Bool = false
    ) {
        complaints.append(complaint(.error, problem, remedy, mark, isSecret))
    }

    /// Notes a warning at `mark`.
    mutating func warn(_ problem: String, _ remedy: String, at mark: YAMLMark) {
        complaints.append(complaint(.warning, problem, remedy, mark, false))
    }

    /// The entries of a map, each of which has to be one of `fields`; without those that say
    /// nothing.
    mutating func map(
        _ node: YAMLNode, _ what: String, fields: [String]
    ) -> [String: YAMLNode] {
        var found: [String: YAMLNode] = [:]
        for entry in entries(node, what) {
            if fields.contains(entry.name) {
                if !entry.value.isNull { found[entry.name] = entry.value }
                continue
            }
            let near = Nearest.name(to: entry.name, among: fields)
            refuse(
                "\(what) has no field \"\(YAMLComplaint.short(entry.name))\"",
                near.map { "did you mean \($0)?" }
                    ?? "it has \(fields.joined(separator: ", "))", at: entry.mark)
        }
        return found
    }

    /// The entries of a map of any names.
    mutating func entries(_ node: YAMLNode, _ what: String) -> [YAMLEntry] {
        if node.isNull { return [] }
        guard case .map(let entries) = node.content else {
            refuse("\(what) is \(node.kindInWords)", "write a map of fields", at: node.mark)
            return []
        }
        return entries
    }

    /// The items of a list.
    mutating func items(_ node: YAMLNode, _ what: String) -> [YAMLNode] {
        guard case .list(let items) = node.content else {
            refuse(
                "\(what) is \(node.kindInWords)", "write a list: [a, b]", at: node.mark)
            return []
        }
        return items
    }

    /// A text that is not empty; numbers and truths are texts too.
    mutating func text(_ node: YAMLNode, _ what: String, isSecret: Bool = false) -> String? {
        guard case .scalar(let scalar) = node.content, !scalar.text.isEmpty else {
            let kind = isSecret ? "no text" : node.kindInWords
            refuse("\(what) is \(kind)", "write a text", at: node.mark, isSecret: isSecret)
            return nil
        }
        return scalar.text
    }

    /// The texts of a list.
    mutating func texts(_ node: YAMLNode, _ what: String) -> [(text: String, mark: YAMLMark)] {
        var texts: [(text: String, mark: YAMLMark)] = []
        for item in items(node, what) {
            if let text = text(item, "an entry of \(what)") { texts.append((text, item.mark)) }
        }
        return texts
    }

    /// `true` or `false`.
    mutating func bool(_ node: YAMLNode, _ what: String) -> Bool? {
        guard case .scalar(let scalar) = node.content, let value = scalar.boolean else {
            refuse("\(what) is \(node.kindInWords)", "write true or false", at: node.mark)
            return nil
        }
        return value
    }

    /// One of the names that a choice has.
    mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ node: YAMLNode, _ what: String, of type: Choice.Type,
        also synonyms: [String: Choice] = [:]
    ) -> Choice? {
        guard let text = text(node, what) else { return nil }
        return choice(text, at: node.mark, what, also: synonyms)
    }

    /// One of the names that a choice has.
    mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ text: String, at mark: YAMLMark, _ what: String, also synonyms: [String: Choice] = [:]
    ) -> Choice? {
        if let choice = Choice(rawValue: text) ?? synonyms[text] { return choice }
        let names = Choice.allCases.map(\.rawValue)
        let near = Nearest.name(to: text, among: names + synonyms.keys)
        refuse(
            "\(what) is \"\(YAMLComplaint.short(text))\"",
            near.map { "did you mean \($0)?" } ?? "write one of \(names.joined(separator: ", "))",
            at: mark)
        return nil
    }

    /// `path` as it is meant in this file: from the file's own folder where it is not absolute.
    func path(_ path: String) -> String {
        guard !path.hasPrefix("/"), let slash = document.file.lastIndex(of: "/") else {
            return path
        }
        return document.file[...slash] + path
    }

    private func complaint(
        _ severity: YAMLComplaint.Severity, _ problem: String, _ remedy: String, _ mark: YAMLMark,
        _ isSecret: Bool
    ) -> YAMLComplaint {
        YAMLComplaint(
            severity, file: document.file, mark: mark, problem: problem, remedy: remedy,
            source: isSecret ? "" : line(mark.line))
    }

    private func line(_ number: Int) -> String {
        let lines = document.bytes.split(
            separator: UInt8(ascii: "\n"), maxSplits: number, omittingEmptySubsequences: false)
        guard lines.indices.contains(number - 1) else { return "" }
        return String(decoding: lines[number - 1].filter { $0 != 0x0d }, as: UTF8.self)
    }
}
