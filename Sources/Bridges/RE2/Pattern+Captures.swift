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
        var subject = subject
        return subject.withUTF8 { bytes in
            withGroups(of: bytes) { template.fill(from: bytes, $0) }
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
        withUnsafeTemporaryAllocation(of: weir_group.self, capacity: groupCount + 1) { groups in
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
        var length = 0
        for part in parts {
            switch part {
            case .literal(let bytes): length += bytes.count
            case .group(let number): length += max(0, groups[number].length)
            }
        }
        return String(unsafeUninitializedCapacity: length) { text in
            var end = 0
            for part in parts {
                switch part {
                case .literal(let bytes): end = text[end...].update(fromContentsOf: bytes)
                case .group(let number) where groups[number].length > 0:
                    end = text[end...].update(fromContentsOf: subject[groups[number].range])
                case .group: break
                }
            }
            return end
        }
    }
}

extension weir_group {
    fileprivate var range: Range<Int> { start..<(start + length) }
}
