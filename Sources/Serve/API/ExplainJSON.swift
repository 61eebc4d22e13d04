import PromQL

extension JSONWriter {
    /// What each part of a query cost, as a tree.
    mutating func explanation(_ node: ExplainedNode) {
        beginObject()
        member("expression", node.expression)
        member("method", node.method)
        for (name, count) in [
            ("series", node.series), ("samples", node.samples), ("bytes", node.bytes),
        ] {
            key(name)
            number(Int64(count))
        }
        key("seconds")
        plain(node.time / .seconds(1))
        key("parts")
        beginList()
        for part in node.parts { explanation(part) }
        endList()
        endObject()
    }
}
