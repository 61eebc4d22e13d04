import CRE2

extension Pattern {
    /// What each group held, the whole first; `nil` for a group that took no part, and in all
    /// where `subject` does not match.
    public func captures(_ subject: String) -> [String?]? {
        var subject = subject
        return subject.withUTF8 { bytes in
            withGroups(of: bytes) { groups in
                groups.map { group in
                    group.start < 0
                        ? nil
                        : String(decoding: bytes[group.range], as: UTF8.self)
                }
            }
        }
    }

    /// `template` filled in from the groups of `subject`, or `nil` where it does not match.
    public func expand(_ subject: String, into template: Template) -> String? {
        // `(.*)` and `$1`, the defaults, hand the text itself on.
        var whole = subject
        if fast.isWholeGroup, template.onlyGroup == 1 { return subject }
        return whole.withUTF8 { bytes in
            withGroups(of: bytes) { template.fill(from: bytes, $0) }
        }
    }

    /// Writes `template`, filled in from the groups of `subject`, to the start of `output`.
    ///
    /// It gives back how long the result is, or `nil` where `subject` does not match. A result
    /// longer than `output` is not written.
    public func expand(
        _ subject: Span<UInt8>, into template: Template, to output: inout MutableSpan<UInt8>
    ) -> Int? {
        subject.withUnsafeBufferPointer { bytes in
            output.withUnsafeMutableBufferPointer { text in
                withGroups(of: bytes) { groups in
                    let length = template.length(groups)
                    if length <= text.count { template.write(from: bytes, groups, to: text) }
                    return length
                }
            }
        }
    }

    /// Both templates filled in after one match, or `nil` where `subject` does not match.
    public func expand(
        _ subject: String, into first: Template, and second: Template
    ) -> (String, String)? {
        var subject = subject
        return subject.withUTF8 { bytes in
            withGroups(of: bytes) { (first.fill(from: bytes, $0), second.fill(from: bytes, $0)) }
        }
    }

    /// Runs `body` with the groups, which live on the stack; `nil` where nothing matches.
    @inline(__always)
    private func withGroups<Result>(
        of subject: UnsafeBufferPointer<UInt8>,
        _ body: (UnsafeMutableBufferPointer<weir_group>) -> Result
    ) -> Result? {
        let isWalk = fast.kind == .walk
        let verdict = isWalk ? .unknown : fast.verdict(on: subject)
        if verdict == .no { return nil }
        return withUnsafeTemporaryAllocation(of: weir_group.self, capacity: groupCount + 1) {
            groups in
            if isWalk {
                if fast.walk(subject, groups) {
                    groups[0] = weir_group(start: 0, length: subject.count)
                    return body(groups)
                }
                if fast.isDecided { return nil }
            }
            if verdict == .yes {
                groups.initializeElement(at: 0, to: weir_group(start: 0, length: subject.count))
                let group = fast.group(in: subject)
                if fast.isGroup {
                    groups.initializeElement(
                        at: 1, to: weir_group(start: group.lowerBound, length: group.count))
                }
                return body(groups)
            }
            let matches = subject.withMemoryRebound(to: CChar.self) {
                weir_pattern_captures(
                    handle, $0.baseAddress, $0.count, groups.baseAddress, CInt(groups.count))
            }
            return matches ? body(groups) : nil
        }
    }
}

extension Template {
    fileprivate func fill(
        from subject: UnsafeBufferPointer<UInt8>,
        _ groups: UnsafeMutableBufferPointer<weir_group>
    ) -> String {
        let length = length(groups)
        return String(unsafeUninitializedCapacity: length) { text in
            write(from: subject, groups, to: text)
            return length
        }
    }

    fileprivate func length(_ groups: UnsafeMutableBufferPointer<weir_group>) -> Int {
        if only >= 0 { return max(0, groups[only].length) }
        var length = 0
        for part in flat {
            length += part.group < 0 ? part.text.count : max(0, groups[part.group].length)
        }
        return length
    }

    fileprivate func write(
        from subject: UnsafeBufferPointer<UInt8>,
        _ groups: UnsafeMutableBufferPointer<weir_group>, to text: UnsafeMutableBufferPointer<UInt8>
    ) {
        guard var target = text.baseAddress else { return }
        // Of an empty subject every group is empty: then it is never read.
        let source = subject.baseAddress ?? UnsafePointer(target)
        func append(_ bytes: UnsafePointer<UInt8>, _ count: Int) {
            target.update(from: bytes, count: count)
            target += count
        }
        if only >= 0 {
            let group = groups[only]
            if group.length > 0 { append(source + group.start, group.length) }
            return
        }
        for part in flat {
            if part.group >= 0 {
                let group = groups[part.group]
                if group.length > 0 { append(source + group.start, group.length) }
            } else if let base = part.base {
                append(base, part.text.count)
            }
        }
    }
}

extension Template.FlatPart {
    fileprivate var base: UnsafePointer<UInt8>? { UnsafePointer(text.baseAddress) }
}

extension weir_group {
    fileprivate var range: Range<Int> { start..<(start + length) }
}
