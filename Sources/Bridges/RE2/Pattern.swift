import CRE2
import Glibc

// Safe to share: RE2 never changes an expression after compiling it, nor is `fast` ever written.
/// A compiled regular expression that matches a whole subject or nothing.
///
/// `.` matches a newline too, as in Prometheus's `^(?s:…)$`.
public final class Pattern: @unchecked Sendable {
    /// The expression as it was written.
    public let text: String
    /// How many groups it has, without the whole.
    public let groupCount: Int
    let handle: OpaquePointer
    let fast: FastMatch

    /// Compiles `text`.
    public init(_ text: String) throws(PatternError) {
        var text = text
        var reason = [CChar](repeating: 0, count: 256)
        let compiled = text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                weir_pattern_new($0.baseAddress, $0.count, &reason, reason.count)
            }
        }
        guard let compiled else {
            let bytes = reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            throw .invalid(expression: text, reason: String(decoding: bytes, as: UTF8.self))
        }
        self.text = text
        handle = compiled
        groupCount = Int(weir_pattern_group_count(compiled))
        fast = FastMatch(Shape(text))
    }

    deinit {
        weir_pattern_free(handle)
        fast.free()
    }

    /// Whether all of `subject` matches.
    public func matches(_ subject: String) -> Bool {
        var subject = subject
        return subject.withUTF8 { matches($0) }
    }

    /// Whether all of `subject`, which has to be UTF-8, matches.
    public func matches(_ subject: Span<UInt8>) -> Bool {
        subject.withUnsafeBufferPointer { matches($0) }
    }

    /// Whether this is `(.*)`, which matches everything and holds it all in its first group.
    public var isWholeGroup: Bool { fast.isWholeGroup }

    @inline(__always)
    func matches(_ subject: UnsafeBufferPointer<UInt8>) -> Bool {
        switch fast.verdict(on: subject) {
        case .yes: true
        case .no: false
        case .unknown:
            subject.withMemoryRebound(to: CChar.self) {
                weir_pattern_matches(handle, $0.baseAddress, $0.count)
            }
        }
    }
}

extension Pattern {
    /// The only texts that match, where the expression is a few literal texts: `a|b`.
    public var literals: [String]? { fast.literals }
}
