import Model
import YAML

extension YAMLCodec where Value == TimeSpan {
    /// A duration as Prometheus writes it.
    static var duration: YAMLCodec {
        .parsed(
            "duration", pattern: durationPattern, plain: true,
            parse: { text in
                do throws(ModelError) { return .success(try TimeSpan(text)) } catch {
                    return .failure(error.fault)
                }
            }, show: { $0.description })
    }

    private static var durationPattern: String {
        "^((([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?|0)$"
    }
}

extension YAMLCodec where Value == ByteSize {
    /// A number of bytes with a unit.
    static var size: YAMLCodec {
        .parsed(
            "size", plain: true,
            parse: { text in
                do throws(ModelError) { return .success(try ByteSize(text)) } catch {
                    return .failure(error.fault)
                }
            }, show: { $0.description })
    }
}

extension ModelError {
    /// The sentence, cut where the remedy begins.
    fileprivate var fault: YAMLFault {
        let parts = description.split(separator: "; ", maxSplits: 1)
        return YAMLFault(String(parts[0]), parts.count > 1 ? String(parts[1]) : "correct it")
    }
}

extension YAMLCodec where Value == Secret {
    /// A secret in the file itself.
    static var secret: YAMLCodec {
        YAMLCodec(.secret) { node, decoding in
            guard case .scalar(let scalar) = node.content else {
                decoding.error(
                    "expected a secret, found \(node.kindAlone)", "write a text", at: node.mark,
                    hidesLine: true)
                return nil
            }
            return .text(scalar.isNull ? "" : scalar.text)
        } write: {
            .plain($0.description)
        }
    }

    /// A file that holds a secret, its path relative to the file that names it.
    static var secretFile: YAMLCodec { file(.secret) }

    /// A secret file without which requests cannot be made at all.
    static var keyFile: YAMLCodec { file(.key) }

    private static func file(_ use: NamedFile.Use) -> YAMLCodec {
        YAMLCodec(.text(name: "path")) { node, decoding in
            guard let path = YAMLCodec<String>.path.read(node, &decoding) else { return nil }
            if !path.isEmpty {
                decoding.files.append(NamedFile(path: path, mark: node.mark, use: use))
            }
            return .file(path)
        } write: {
            .text($0.path ?? "")
        }
    }
}

/// A file that a configuration names and that is not read while loading.
struct NamedFile: Sendable {
    enum Use { case secret, key, certificate, authorities, discovery }
    let path: String
    let mark: YAMLMark
    let use: Use
}

extension YAMLDecoding {
    /// The files that were named so far, for the checks of a full `check config`.
    var files: [NamedFile] {
        get { context["files"] as? [NamedFile] ?? [] }
        set { context["files"] = newValue }
    }

    /// The folder that relative paths begin at.
    var folder: String {
        get { context["folder"] as? String ?? "" }
        set { context["folder"] = newValue }
    }

    /// What jobs inherit.
    var global: GlobalConfig {
        get { context["global"] as? GlobalConfig ?? GlobalConfig() }
        set { context["global"] = newValue }
    }

    /// Which names the block that is read may use.
    var scheme: NameScheme {
        get { context["scheme"] as? NameScheme ?? global.nameScheme }
        set { context["scheme"] = newValue }
    }
}

extension YAMLCodec where Value == String {
    /// A path, made absolute or relative to the working folder.
    static var path: YAMLCodec {
        YAMLCodec(.text(name: "path")) { node, decoding in
            guard let path = YAMLCodec<String>.text.read(node, &decoding) else { return nil }
            guard !path.isEmpty, !path.hasPrefix("/"), !decoding.folder.isEmpty else { return path }
            return decoding.folder + "/" + path
        } write: {
            .text($0)
        }
    }

    /// A path with at most one `*`, in its last part.
    static func glob(_ what: String) -> YAMLCodec {
        path.checked { path, node, decoding in
            guard let star = path.firstIndex(of: "*") else { return }
            let rest = path[path.index(after: star)...]
            if rest.contains("/") {
                decoding.error(
                    "the * of \(what) \"\(node.written)\" stands before a /",
                    "use it in the last part of the path only", at: node.mark)
            }
        }
    }

    /// A URL with a scheme and a host.
    static func url(schemes: [String] = ["http", "https"]) -> YAMLCodec {
        YAMLCodec(.text(name: "URL")) { node, decoding in
            guard let text = YAMLCodec<String>.text.read(node, &decoding) else { return nil }
            let shown = YAMLComplaint.short(text)
            guard let separator = text.firstRange(of: "://") else {
                decoding.error(
                    "\"\(shown)\" is not a URL",
                    "begin it with \(schemes.map { "\($0)://" }.joined(separator: " or "))",
                    at: node.mark)
                return nil
            }
            guard schemes.contains(text[..<separator.lowerBound].lowercased()) else {
                decoding.error(
                    "the scheme of \"\(shown)\" is not \(schemes.joined(separator: " or "))",
                    "begin it with \(schemes.map { "\($0)://" }.joined(separator: " or "))",
                    at: node.mark)
                return nil
            }
            let host = text[separator.upperBound...].prefix { !"/?#".contains($0) }
            guard !host.isEmpty, !text.contains(" ") else {
                decoding.error("\"\(shown)\" has no host", "write scheme://host", at: node.mark)
                return nil
            }
            return text
        } write: {
            .text(YAMLComplaint.hidingPassword(in: $0))
        }
    }
}

extension YAMLCodec where Value == Labels {
    /// Labels by name, names checked.
    static var labels: YAMLCodec {
        YAMLCodec(.map(.text(name: "text"))) { node, decoding in
            if node.isNull { return Labels() }
            guard case .map(let entries) = node.content else {
                decoding.error(
                    "expected labels, found \(node.kindInWords)",
                    "write \"name: value\" lines", at: node.mark)
                return nil
            }
            var labels: [Label] = []
            labels.reserveCapacity(entries.count)
            for entry in entries {
                if !decoding.scheme.allows(labelName: entry.name) {
                    decoding.error(
                        "\"\(YAMLComplaint.short(entry.name))\" is not a label name",
                        decoding.scheme == .legacy
                            ? "use letters, digits and _, not beginning with a digit"
                            : "write a name", at: entry.mark)
                }
                guard let value = YAMLCodec<String>.text.read(entry.value, &decoding) else {
                    continue
                }
                labels.append(Label(entry.name, value))
            }
            return Labels(labels)
        } write: {
            .map($0.map { ($0.name, .text($0.value)) })
        }
    }
}

extension YAMLCodec where Value == NameScheme {
    /// `utf8` or `legacy`.
    static var nameScheme: YAMLCodec {
        YAMLCodec(.choice(["utf8", "legacy"])) { node, decoding in
            YAMLCodec<String>.choice(["utf8", "legacy"]).read(node, &decoding)
                .flatMap(NameScheme.init)
        } write: {
            .text($0.rawValue)
        }
    }
}

/// Notes an error where more than one of `fields` is set.
func allowOne(_ fields: [String], in block: YAMLBlock, _ decoding: inout YAMLDecoding) {
    let present = block.present(fields)
    guard present.count > 1 else { return }
    let later = present.max { block.mark(of: $0) < block.mark(of: $1) } ?? present[1]
    decoding.error(
        "\(present.joined(separator: " and ")) stand together in \(block.name)", "keep one of them",
        at: block.mark(of: later))
}
