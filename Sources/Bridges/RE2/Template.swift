import CRE2

// Safe to share: nothing is written once it is made.
/// A replacement such as `${host}:$2`, read as Go's regexp package reads it.
///
/// `$name` takes the longest run of letters, digits and `_`, so that `$1x` is the group called
/// "1x"; a group that is missing or took no part gives nothing; `$$` is a dollar, and so is a `$`
/// that begins no name.
public final class Template: @unchecked Sendable {
    /// The template as it was written.
    public let text: String
    let parts: [Part]
    /// The same where no reference counting reaches it.
    let flat: UnsafeMutableBufferPointer<FlatPart>
    /// `onlyGroup`, or -1.
    let only: Int

    /// A group, or where `group` is -1 a text.
    struct FlatPart {
        let group: Int
        let text: UnsafeMutableBufferPointer<UInt8>
    }

    enum Part: Sendable, Equatable {
        case literal([UInt8])
        case group(Int)
    }

    /// Reads `text`, with names and numbers meaning the groups of `pattern`.
    public init(_ text: String, for pattern: Pattern) {
        self.text = text
        var parts: [Part] = []
        var literal: [UInt8] = []
        var rest = text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            guard scalar == "$" else {
                literal.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
                continue
            }
            if rest.first == "$" {
                rest.removeFirst()
                literal.append(UInt8(ascii: "$"))
            } else if let name = Self.takeName(from: &rest) {
                guard let group = pattern.group(name) else { continue }
                if !literal.isEmpty { parts.append(.literal(literal)) }
                literal = []
                parts.append(.group(group))
            } else {
                literal.append(UInt8(ascii: "$"))
            }
        }
        if !literal.isEmpty { parts.append(.literal(literal)) }
        self.parts = parts
        if case .group(let group)? = parts.first, parts.count == 1 {
            onlyGroup = group
        } else {
            onlyGroup = nil
        }
        only = onlyGroup ?? -1
        flat = .allocate(capacity: parts.count)
        for (index, part) in parts.enumerated() {
            flat.initializeElement(at: index, to: FlatPart(part))
        }
    }

    deinit {
        for part in flat { part.text.deallocate() }
        flat.deallocate()
    }

    /// What the template always gives, whatever matched; `nil` if that depends on a group.
    public var constant: String? {
        switch parts.first {
        case nil: ""
        case .literal(let bytes) where parts.count == 1: String(decoding: bytes, as: UTF8.self)
        default: nil
        }
    }

    /// Whether the template is one group and nothing else; then its number.
    public let onlyGroup: Int?

    /// The name behind a `$`, or `nil` (and nothing taken) where none stands there.
    private static func takeName(from rest: inout Substring.UnicodeScalarView) -> String? {
        var reading = rest
        let isBraced = reading.first == "{"
        if isBraced { reading.removeFirst() }
        let name = reading.prefix { scalar in
            if scalar == "_" { return true }
            return switch scalar.properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter,
                .otherLetter, .decimalNumber:
                true
            default: false
            }
        }
        guard !name.isEmpty else { return nil }
        reading.removeFirst(name.count)
        if isBraced {
            guard reading.popFirst() == "}" else { return nil }
        }
        rest = reading
        return String(name)
    }
}

extension Template.FlatPart {
    fileprivate init(_ part: Template.Part) {
        switch part {
        case .group(let number): (group, text) = (number, .allocate(capacity: 0))
        case .literal(let bytes):
            (group, text) = (-1, .allocate(capacity: bytes.count))
            _ = text.initialize(from: bytes)
        }
    }
}

extension Pattern {
    /// The group that a template's `name` means, or `nil` where there is none.
    func group(_ name: String) -> Int? {
        let digits = name.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
        // As in Go, "01" is a name and not a number, and so is what has more than nine digits.
        if digits, name.utf8.count <= 9, name == "0" || !name.utf8.starts(with: "0".utf8) {
            guard let number = Int(name), number <= groupCount else { return nil }
            return number
        }
        var name = name
        let found = name.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                weir_pattern_group_named(handle, $0.baseAddress, $0.count)
            }
        }
        return found < 0 ? nil : Int(found)
    }
}
