import CJansson

/// What jansson read, until it has become values; the only file that names `json_t`.
struct JSONDocument: ~Copyable {
    private let root: UnsafeMutablePointer<json_t>

    init(_ bytes: [UInt8], wholeNumbersAsDoubles: Bool) throws(JSONError) {
        var flags = JSON_DECODE_ANY | JSON_ALLOW_NUL
        if wholeNumbersAsDoubles { flags |= JSON_DECODE_INT_AS_REAL }
        var error = json_error_t()
        let root = bytes.withUnsafeBytes { buffer in
            json_loadb(buffer.baseAddress, buffer.count, Int(flags), &error)
        }
        guard let root else { throw Self.syntax(error) }
        self.root = root
    }

    deinit { json_decref(root) }

    /// The whole tree as values.
    var value: JSONValue { Self.value(of: root) }

    private static func value(of node: UnsafeMutablePointer<json_t>?) -> JSONValue {
        guard let node else { return .null }
        return switch node.pointee.type {
        case JSON_OBJECT: .object(members(of: node))
        case JSON_ARRAY:
            .array((0..<json_array_size(node)).map { value(of: json_array_get(node, $0)) })
        case JSON_STRING:
            .string(text(json_string_value(node), count: json_string_length(node)))
        case JSON_INTEGER: .int(Int64(json_integer_value(node)))
        case JSON_REAL: .double(json_real_value(node))
        case JSON_TRUE: .bool(true)
        case JSON_FALSE: .bool(false)
        default: .null
        }
    }

    private static func members(of node: UnsafeMutablePointer<json_t>) -> [JSONMember] {
        var members: [JSONMember] = []
        members.reserveCapacity(json_object_size(node))
        var place = json_object_iter(node)
        while let here = place {
            let name = text(json_object_iter_key(here), count: json_object_iter_key_len(here))
            members.append(JSONMember(name, value(of: json_object_iter_value(here))))
            place = json_object_iter_next(node, here)
        }
        return members
    }

    private static func text(_ start: UnsafePointer<CChar>?, count: Int) -> String {
        guard let start else { return "" }
        return start.withMemoryRebound(to: UInt8.self, capacity: count) {
            String(decoding: UnsafeBufferPointer(start: $0, count: count), as: UTF8.self)
        }
    }

    private static func syntax(_ error: json_error_t) -> JSONError {
        let reason = withUnsafeBytes(of: error.text) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        return .syntax(line: Int(error.line), column: Int(error.column), reason: reason)
    }
}
