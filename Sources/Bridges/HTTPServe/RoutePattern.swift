/// A route's pattern, read once.
struct RoutePattern: Sendable {
    enum Segment: Sendable, Equatable {
        case literal(String), one(String), rest(String)
    }

    let segments: [Segment]
    var routes: [HTTPMethod: Route] = [:]

    /// Whether it holds no `:name` and no `*name`.
    var isLiteral: Bool {
        segments.allSatisfy { if case .literal = $0 { true } else { false } }
    }

    init(_ text: String) throws(HTTPServeError) {
        guard text.utf8.first == UInt8(ascii: "/") else {
            throw .badRoute(pattern: text, reason: "a pattern begins with /")
        }
        var segments: [Segment] = []
        for part in text.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            if case .rest = segments.last {
                throw .badRoute(pattern: text, reason: "*name stands at the end")
            }
            switch part.first {
            case ":": segments.append(.one(String(part.dropFirst())))
            case "*": segments.append(.rest(String(part.dropFirst())))
            default: segments.append(.literal(String(part)))
            }
        }
        self.segments = segments
    }

    /// Whether it is tried before `other`: a literal before `:name` before `*name`.
    func goesBefore(_ other: RoutePattern) -> Bool {
        for (mine, theirs) in zip(segments, other.segments) where rank(mine) != rank(theirs) {
            return rank(mine) < rank(theirs)
        }
        return segments.count > other.segments.count
    }

    private func rank(_ segment: Segment) -> Int {
        switch segment {
        case .literal: 0
        case .one: 1
        case .rest: 2
        }
    }

    /// What the names stand for where the pattern fits `path`, else `nil`.
    func match(_ path: [String]) -> [String: String]? {
        var found: [String: String] = [:]
        for (index, segment) in segments.enumerated() {
            guard index < path.count else { return nil }
            switch segment {
            case .literal(let text): if path[index] != text { return nil }
            case .one(let name):
                if path[index].isEmpty { return nil }
                found[name] = path[index]
            case .rest(let name):
                found[name] = path[index...].joined(separator: "/")
                return found
            }
        }
        return path.count == segments.count ? found : nil
    }
}
