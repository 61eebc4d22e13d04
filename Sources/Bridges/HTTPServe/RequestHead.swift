import CMicrohttpd

/// What the head of a request says about its body, and why it may be refused.
struct RequestHead {
    var fields = HeaderFields()
    private var holdsNUL = false
    private var hosts = 0
    private var lengths: [String] = []
    private var transferEncodings: [String] = []

    /// The fields of a request whose head libmicrohttpd has read.
    init(of connection: Connection) {
        withUnsafeMutablePointer(to: &self) { head in
            _ = MHD_get_connection_values_n(
                connection.handle, .HEADER_KIND,
                { context, _, name, nameSize, value, valueSize in
                    guard let name else { return .YES }
                    context?.assumingMemoryBound(to: RequestHead.self).pointee.add(
                        text(name, nameSize), value.map { text($0, valueSize) } ?? "")
                    return .YES
                }, head)
        }
    }

    /// A head with `fields`, for tests.
    init(_ fields: HeaderFields) {
        for field in fields.all { add(field.name, field.value) }
    }

    private mutating func add(_ name: String, _ value: String) {
        fields.append(name, value)
        if name.utf8.contains(0) || value.utf8.contains(0) { holdsNUL = true }
        switch name.utf8.count {
        case 4: if isSameName(name, "host") { hosts += 1 }
        case 14: if isSameName(name, "content-length") { lengths.append(value) }
        case 17: if isSameName(name, "transfer-encoding") { transferEncodings.append(value) }
        default: break
        }
    }

    /// Why the request is refused with 400, or `nil`.
    ///
    /// libmicrohttpd takes what two servers in a row may read as different requests; here it is
    /// refused.
    func problem(isHTTP11: Bool) -> String? {
        if holdsNUL { return "a field holds a NUL byte" }
        if isHTTP11 && hosts == 0 { return "the request has no Host field" }
        if hosts > 1 { return "the request has several Host fields" }
        if lengths.count > 1 { return "the request has several Content-Length fields" }
        if let length = lengths.first, !length.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            return "Content-Length is not a number"
        }
        if transferEncodings.isEmpty { return nil }
        if !lengths.isEmpty { return "the request has Content-Length and Transfer-Encoding" }
        if !isHTTP11 { return "Transfer-Encoding belongs to HTTP/1.1" }
        if transferEncodings.count > 1 || !isSameName(transferEncodings[0], "chunked") {
            return "the only Transfer-Encoding taken is chunked"
        }
        return nil
    }

    var isChunked: Bool { !transferEncodings.isEmpty }

    /// The declared length, 0 where none is; `nil` for a chunked body.
    var length: Int? { isChunked ? nil : lengths.first.flatMap { Int($0) } ?? 0 }
}

private func text(_ start: UnsafePointer<CChar>, _ count: Int) -> String {
    String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self)
}
