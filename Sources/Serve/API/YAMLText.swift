/// YAML to be written: lists and maps in blocks, texts in double quotes.
indirect enum YAMLText: CustomStringConvertible, ExpressibleByStringLiteral {
    /// A text, whatever it looks like.
    case text(String)
    /// A number or a truth, as it is written.
    case word(String)
    case list([YAMLText])
    case map([(String, YAMLText)])

    init(stringLiteral text: String) { self = .text(text) }

    var description: String {
        var output = ""
        write(to: &output, depth: 0)
        return output
    }

    /// What fits behind a key on its own line; `nil` for a block.
    private var inline: String? {
        switch self {
        case .text(let text): Self.quoted(text)
        case .word(let word): word
        case .list(let items): items.isEmpty ? "[]" : nil
        case .map(let members): members.isEmpty ? "{}" : nil
        }
    }

    private func write(to output: inout String, depth: Int) {
        let margin = String(repeating: "  ", count: depth)
        switch self {
        case .text, .word: output += margin + (inline ?? "") + "\n"
        case .list(let items):
            for item in items {
                if let text = item.inline {
                    output += margin + "- \(text)\n"
                    continue
                }
                var block = ""
                item.write(to: &block, depth: depth + 1)
                // The dash stands in the margin of the first line.
                output += margin + "- " + block.dropFirst(margin.count + 2)
            }
        case .map(let members):
            for (name, value) in members {
                let key = Self.isPlain(name) ? name : Self.quoted(name)
                if let text = value.inline {
                    output += margin + "\(key): \(text)\n"
                } else {
                    output += margin + "\(key):\n"
                    value.write(to: &output, depth: depth + 1)
                }
            }
        }
    }

    private static func isPlain(_ name: String) -> Bool {
        name.first?.isLetter ?? false
            && name.utf8.allSatisfy { byte in
                (0x61...0x7a).contains(byte) || (0x41...0x5a).contains(byte)
                    || (0x30...0x39).contains(byte)
            } && !["yes", "no", "on", "off", "true", "false", "null", "y", "n"].contains(name)
    }

    private static func quoted(_ text: String) -> String {
        var writer = JSONWriter()
        writer.string(text)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
