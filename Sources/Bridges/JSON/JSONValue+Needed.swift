/// Members that have to be there, with errors that name the path.
extension JSONValue {
    /// The value at the end of `path`, which has to be there and not `null`.
    public func at(_ path: String...) throws(JSONError) -> JSONValue { try value(at: path) }

    /// The text at the end of `path`, which has to be there.
    public func text(at path: String...) throws(JSONError) -> String {
        let value = try value(at: path)
        guard let text = value.text else { throw Self.mismatch(path, "a text", value) }
        return text
    }

    /// The whole number at the end of `path`, which has to be there.
    public func whole(at path: String...) throws(JSONError) -> Int {
        let value = try value(at: path)
        guard let number = value.whole else { throw Self.mismatch(path, "a whole number", value) }
        return number
    }

    /// The elements of the list at the end of `path`, which has to be there.
    public func elements(at path: String...) throws(JSONError) -> [JSONValue] {
        let value = try value(at: path)
        guard case .array(let elements) = value else { throw Self.mismatch(path, "a list", value) }
        return elements
    }

    /// The members of the object at the end of `path`, which has to be there.
    public func members(at path: String...) throws(JSONError) -> [JSONMember] {
        let value = try value(at: path)
        guard case .object(let list) = value else { throw Self.mismatch(path, "an object", value) }
        return list
    }

    private func value(at path: [String]) throws(JSONError) -> JSONValue {
        var value = self
        for (depth, name) in path.enumerated() {
            guard case .object = value else {
                throw Self.mismatch(Array(path[..<depth]), "an object", value)
            }
            value = value[name]
            if value.isNull { throw .missing(path: Self.written(path[...depth])) }
        }
        return value
    }

    private static func mismatch(
        _ path: [String], _ wanted: String, _ found: JSONValue
    ) -> JSONError {
        .mismatch(path: written(path[...]), wanted: wanted, found: found.kindInWords)
    }

    private static func written(_ path: ArraySlice<String>) -> String {
        path.isEmpty ? "the JSON" : path.joined(separator: ".")
    }
}
