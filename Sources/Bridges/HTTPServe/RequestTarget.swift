/// A request target, taken apart and decoded once.
struct RequestTarget: Equatable {
    /// Why a target is refused.
    enum Problem: Error, Equatable {
        case badEscape(String), nul, dotDot, notAPath

        /// What the client is told.
        var text: String {
            switch self {
            case .badEscape(let escape): "invalid URL escape \"\(escape)\""
            case .nul: "the path holds a NUL byte"
            case .dotDot: "the path holds a \"..\" segment"
            case .notAPath: "the request target is not a path"
            }
        }
    }

    /// The decoded path.
    private(set) var path: String
    /// What stands behind the first `/`, parted at the others and then decoded: an escaped slash
    /// parts nothing.
    private(set) var segments: [String]
    /// The decoded query string.
    let query: FormParameters

    /// Reads `/path?query`, or `http://host/path?query` as a proxy is asked.
    init(_ target: String) throws(Problem) {
        var text = target.utf8[...]
        if text.first != UInt8(ascii: "/") {
            guard let start = Self.pathOfAbsolute(text) else { throw .notAPath }
            text = start
        }
        let mark = text.firstIndex(of: UInt8(ascii: "?")) ?? text.endIndex
        let rawPath = text[..<mark]
        query =
            mark == text.endIndex
            ? FormParameters() : FormParameters(decoding: text[text.index(after: mark)...])
        if rawPath.isEmpty {
            (path, segments) = ("/", [""])
            return
        }
        segments = []
        for part in rawPath.dropFirst().split(
            separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        {
            switch percentDecode(part) {
            case .failure(let bad): throw .badEscape(bad.escape)
            case .success(let segment): segments.append(segment)
            }
        }
        guard rawPath.contains(UInt8(ascii: "%")) else {
            path = String(Substring(rawPath))
            if segments.contains("..") { throw .dotDot }
            return
        }
        path = "/" + segments.joined(separator: "/")
        if path.utf8.contains(0) { throw .nul }
        let parts = path.utf8.split { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") }
        if parts.contains(where: { $0.elementsEqual("..".utf8) }) { throw .dotDot }
    }

    /// The same below `prefix`, such as `/weir`; `nil` where it is not below.
    func below(prefix: [String]) -> RequestTarget? {
        if prefix.isEmpty { return self }
        guard segments.count >= prefix.count, segments.starts(with: prefix) else { return nil }
        var rest = self
        rest.segments = Array(segments.dropFirst(prefix.count))
        if rest.segments.isEmpty { rest.segments = [""] }
        rest.path = "/" + rest.segments.joined(separator: "/")
        return rest
    }

    private static func pathOfAbsolute(_ text: Substring.UTF8View) -> Substring.UTF8View? {
        for scheme in ["http://", "https://"] where text.starts(with: scheme.utf8) {
            let rest = text.dropFirst(scheme.utf8.count)
            let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") }
            return rest[(end ?? rest.endIndex)...]
        }
        return nil
    }
}
