import YAML

/// The settings as environment variables: `WEIR_` and the field's path in capitals.
///
/// A list or a map is written as YAML. Any of them may have `_FILE` behind its name, and then names
/// a file that holds the value.
enum SettingsEnvironment {
    /// One variable and the field it stands for.
    struct Variable: Sendable {
        /// Such as `WEIR_SPOOL_SIZE`.
        let name: String
        /// Such as `["spool", "size"]`.
        let path: [String]
        let kind: YAMLKind
    }

    /// Every variable, in the order of the fields.
    static let variables: [Variable] = all(of: Settings.table.shape, below: [])

    private static func all(of shape: YAMLShape, below path: [String]) -> [Variable] {
        shape.fields.flatMap { field -> [Variable] in
            let path = path + [field.name]
            if case .block(let inner) = field.kind { return all(of: inner, below: path) }
            let name = "WEIR_" + path.joined(separator: "_").uppercased()
            return [Variable(name: name, path: path, kind: field.kind)]
        }
    }

    /// A value that the environment sets, as a document of its own: complaints name the variable.
    struct Value: Sendable {
        let variable: Variable
        let document: YAMLDocument
    }

    /// The values that `environment` sets, and what is wrong with them.
    static func values(
        in environment: [String: String]
    ) -> (values: [Value], complaints: [YAMLComplaint]) {
        var values: [Value] = []
        var complaints: [YAMLComplaint] = []
        var known: Set<String> = []
        for variable in variables {
            let fileName = variable.name + "_FILE"
            known.formUnion([variable.name, fileName])
            let plain = environment[variable.name]
            let file = environment[fileName]
            if plain != nil, file != nil {
                complaints.append(
                    complaint(
                        .error, fileName, "\(variable.name) is set too", "unset one of them"))
                continue
            }
            do {
                guard let text = try plain ?? file.map({ try contents(of: $0) }) else { continue }
                values.append(
                    Value(
                        variable: variable,
                        document: try document(
                            text, for: variable, named: plain == nil ? fileName : variable.name)))
            } catch YAMLError.refused(let complaint) {
                complaints.append(complaint)
            } catch {
                complaints.append(
                    complaint(.error, fileName, "\(error)", ""))
            }
        }
        for name in environment.keys.sorted()
        where name.hasPrefix("WEIR_") && !known.contains(name) {
            let near = Nearest.name(to: name, among: variables.map(\.name))
            complaints.append(
                complaint(
                    .warning, name, "no setting has this variable",
                    near.map { "did you mean \($0)?" } ?? "docs/configuration.md lists them"))
        }
        return (values, complaints)
    }

    /// The value below its path: `{spool: {size: …}}`.
    private static func document(
        _ text: String, for variable: Variable, named name: String
    ) throws(YAMLError) -> YAMLDocument {
        var yaml = ""
        for (depth, part) in variable.path.enumerated() {
            yaml += String(repeating: " ", count: depth) + part + ":"
            if depth < variable.path.count - 1 { yaml += "\n" }
        }
        switch variable.kind {
        case .list, .map, .block:
            let isList = if case .list(.text) = variable.kind { true } else { false }
            let first = text.first { $0 != " " }
            if isList, first != "[", first != "-" {
                // A list of plain texts may be written as the shell's people do: a,b.
                let items = text.split(separator: ",").map { item in
                    quoted(String(item.trimmingBlanks))
                }
                yaml += " [" + items.joined(separator: ", ") + "]"
            } else {
                let margin = "\n" + String(repeating: " ", count: variable.path.count)
                let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
                yaml += margin + lines.joined(separator: margin)
            }
        case .boolean, .whole, .decimal:
            yaml +=
                " " + (text.contains { "\n:#{}[]&*!|>'\"%@`,".contains($0) } ? quoted(text) : text)
        case .text, .secret, .choice: yaml += " " + quoted(text)
        }
        return try YAMLReader.read(Array(yaml.utf8), file: name)
    }

    /// `text` as YAML's double quotes hold it.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// What a file holds, without the line ends that editors put behind it.
    private static func contents(of path: String) throws(YAMLError) -> String {
        var bytes = try YAMLReader.bytes(path: path, limit: 1 << 20)
        while let last = bytes.last, last == 0x0a || last == 0x0d { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func complaint(
        _ severity: YAMLComplaint.Severity, _ name: String, _ problem: String, _ remedy: String
    ) -> YAMLComplaint {
        YAMLComplaint(
            severity, file: name, mark: .start, problem: problem, remedy: remedy, source: "")
    }
}

extension Substring {
    fileprivate var trimmingBlanks: Substring {
        var rest = drop { $0 == " " }
        while rest.last == " " { rest.removeLast() }
        return rest
    }
}
