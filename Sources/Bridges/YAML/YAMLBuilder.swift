/// Events to nodes: anchors, merge keys, and the limits that keep a bomb small.
struct YAMLBuilder {
    private(set) var warnings: [YAMLComplaint] = []
    private let file: String
    private let bytes: [UInt8]
    private let limits: YAMLLimits
    private var anchors: [String: YAMLNode] = [:]
    private var openAnchors: Set<String> = []
    private var open: [Frame] = []
    private var count = 0

    /// A list or map whose end has not come yet.
    private struct Frame {
        let isMap: Bool
        let mark: YAMLMark
        let anchor: String?
        var items: [YAMLNode] = []
        var entries: [YAMLEntry] = []
        var merged: [(node: YAMLNode, mark: YAMLMark)] = []
        var key: (name: String, isMerge: Bool, mark: YAMLMark)?
        var names: Set<String> = []
        var weight = 1
    }

    init(file: String, bytes: [UInt8], limits: YAMLLimits) {
        self.file = file
        self.bytes = bytes
        self.limits = limits
    }

    /// The first document's content.
    mutating func build() throws(YAMLError) -> YAMLNode? {
        var parser = YAMLParser(bytes)
        var root: YAMLNode?
        while true {
            let (event, mark) = try next(&parser)
            var finished: YAMLNode?
            switch event {
            case .documentStart: continue
            case .streamEnd: return root
            case .documentEnd:
                try checkForMore(&parser)
                return root
            case .scalar(let scalar, let anchor):
                finished = try add(YAMLNode(.scalar(scalar), mark: mark, weight: 1), anchor: anchor)
            case .alias(let name): finished = try add(try node(anchor: name, at: mark), anchor: nil)
            case .listStart(let anchor): try push(isMap: false, anchor: anchor, at: mark)
            case .mapStart(let anchor): try push(isMap: true, anchor: anchor, at: mark)
            case .end:
                guard let frame = open.popLast() else {
                    preconditionFailure("BUG: end without start")
                }
                let node = try close(frame)
                if let anchor = frame.anchor { openAnchors.remove(anchor) }
                finished = try add(node, anchor: frame.anchor, isCounted: true)
            }
            if let finished { root = finished }
        }
    }

    private mutating func next(
        _ parser: inout YAMLParser
    ) throws(YAMLError) -> (event: YAMLParser.Event, mark: YAMLMark) {
        do { return try parser.next() } catch {
            let (problem, remedy, mark) = YAMLSentence.sentence(for: error, in: bytes)
            throw complaint(problem, remedy, at: mark)
        }
    }

    // What follows the first document is not read, as in Prometheus.
    private mutating func checkForMore(_ parser: inout YAMLParser) throws(YAMLError) {
        let (event, mark) = try next(&parser)
        guard case .documentStart = event else { return }
        warnings.append(
            YAMLComplaint(
                .warning, file: file, mark: mark, problem: "a second document begins here",
                remedy: "only the first one is read; remove the line \"---\"", source: ""))
    }

    private mutating func push(
        isMap: Bool, anchor: String?, at mark: YAMLMark
    ) throws(YAMLError) {
        if let frame = open.last, frame.isMap, frame.key == nil { throw badKey(at: mark) }
        guard open.count < limits.depth else {
            throw complaint(
                "more than \(limits.depth) blocks stand inside one another", "flatten the file",
                at: mark)
        }
        try count(1, at: mark)
        if let anchor { openAnchors.insert(anchor) }
        open.append(Frame(isMap: isMap, mark: mark, anchor: anchor))
    }

    private mutating func count(_ more: Int, at mark: YAMLMark) throws(YAMLError) {
        count += more
        guard count <= limits.values else {
            throw complaint(
                "the file holds more than \(limits.values) values, aliases written out",
                "write less, or repeat less with aliases", at: mark)
        }
    }

    /// Puts a node where it belongs; gives it back if it is the whole content.
    private mutating func add(
        _ node: YAMLNode, anchor: String?, isCounted: Bool = false
    ) throws(YAMLError) -> YAMLNode? {
        if !isCounted { try count(Int(node.weight), at: node.mark) }
        if let anchor { anchors[anchor] = node }
        guard let last = open.indices.last else { return node }
        open[last].weight += Int(node.weight)
        guard open[last].isMap else {
            open[last].items.append(node)
            return nil
        }
        guard let key = open[last].key else {
            try setKey(node)
            return nil
        }
        open[last].key = nil
        if key.isMerge {
            open[last].merged.append((node, key.mark))
        } else {
            open[last].entries.append(YAMLEntry(name: key.name, mark: key.mark, value: node))
        }
        return nil
    }

    private mutating func setKey(_ node: YAMLNode) throws(YAMLError) {
        guard case .scalar(let scalar) = node.content else { throw badKey(at: node.mark) }
        let last = open.count - 1
        let isMerge = scalar.isPlain && scalar.text == "<<"
        if !isMerge, !open[last].names.insert(scalar.text).inserted {
            let first = open[last].entries.first { $0.name == scalar.text }?.mark.line ?? 0
            throw complaint(
                "\"\(YAMLComplaint.short(scalar.text))\" stands twice in one block",
                "the first is in line \(first); keep one of them", at: node.mark)
        }
        open[last].key = (scalar.text, isMerge, node.mark)
    }

    private func badKey(at mark: YAMLMark) -> YAMLError {
        complaint("a list or a map cannot be a name", "write \"name: value\"", at: mark)
    }

    private func node(anchor: String, at mark: YAMLMark) throws(YAMLError) -> YAMLNode {
        if let node = anchors[anchor], !openAnchors.contains(anchor) { return node }
        if openAnchors.contains(anchor) {
            throw complaint("*\(anchor) stands inside the value it repeats", "remove it", at: mark)
        }
        let near = Nearest.name(to: anchor, among: Array(anchors.keys)).map {
            "did you mean *\($0)?"
        }
        throw complaint(
            "*\(anchor) repeats a value that no &\(anchor) names",
            near ?? "write &\(anchor) before the value", at: mark)
    }

    private mutating func close(_ frame: Frame) throws(YAMLError) -> YAMLNode {
        var frame = frame
        guard frame.isMap else {
            return YAMLNode(.list(frame.items), mark: frame.mark, weight: frame.weight)
        }
        for (node, mark) in frame.merged { try merge(node, at: mark, into: &frame) }
        return YAMLNode(.map(frame.entries), mark: frame.mark, weight: frame.weight)
    }

    /// Adds what `<<` names and the block does not say itself.
    private mutating func merge(
        _ node: YAMLNode, at mark: YAMLMark, into frame: inout Frame
    ) throws(YAMLError) {
        switch node.content {
        case .map(let entries):
            for entry in entries where frame.names.insert(entry.name).inserted {
                frame.entries.append(entry)
            }
        case .list(let nodes):
            for inner in nodes {
                guard case .map = inner.content else { throw badMerge(at: mark) }
                try merge(inner, at: mark, into: &frame)
            }
        case .scalar: throw badMerge(at: mark)
        }
    }

    private func badMerge(at mark: YAMLMark) -> YAMLError {
        complaint("<< takes a map or a list of maps", "write <<: *name of a map", at: mark)
    }

    private func complaint(_ problem: String, _ remedy: String, at mark: YAMLMark) -> YAMLError {
        .refused(
            YAMLComplaint(
                .error, file: file, mark: mark, problem: problem, remedy: remedy,
                source: YAMLDocument.line(mark.line, of: bytes)))
    }
}
