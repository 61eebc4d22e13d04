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
        let verdict = fast.verdict(on: subject)
        if verdict == .no { return nil }
        return withUnsafeTemporaryAllocation(of: weir_group.self, capacity: groupCount + 1) {
            groups in
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
        if let onlyGroup { return max(0, groups[onlyGroup].length) }
        var length = 0
        for part in parts {
            switch part {
            case .literal(let bytes): length += bytes.count
            case .group(let number): length += max(0, groups[number].length)
            }
        }
        return length
    }

    fileprivate func write(
        from subject: UnsafeBufferPointer<UInt8>,
        _ groups: UnsafeMutableBufferPointer<weir_group>, to text: UnsafeMutableBufferPointer<UInt8>
    ) {
        if let onlyGroup {
            let group = groups[onlyGroup]
            if group.length > 0 { _ = text.update(fromContentsOf: subject[group.range]) }
            return
        }
        var end = 0
        for part in parts {
            switch part {
            case .literal(let bytes): end = text[end...].update(fromContentsOf: bytes)
            case .group(let number) where groups[number].length > 0:
                end = text[end...].update(fromContentsOf: subject[groups[number].range])
            case .group: break
            }
        }
    }
}

extension weir_group {
    fileprivate var range: Range<Int> { start..<(start + length) }
}
