import HTTPServe
import Model
import PromQL

// An expression as the tree of objects that `/api/v1/parse_query` answers with: members in the
// order of their names, as Prometheus writes its maps.
extension JSONWriter {
    mutating func tree(_ expression: Expression) {
        switch expression.kind {
        case .number(let value, _): literal("numberLiteral", Self.plainText(value))
        case .string(let text): literal("stringLiteral", text)
        case .vector(let selector): vector(selector)
        case .matrix(let matrix): self.matrix(matrix)
        case .subquery(let subquery): self.subquery(subquery)
        case .call(let call): self.call(call)
        case .unary(let sign, let inner):
            wrapper("unaryExpr", around: inner) { $0.member("op", sign.rawValue) }
        case .binary(let binary): self.binary(binary)
        case .aggregate(let aggregation): self.aggregation(aggregation)
        case .parentheses(let inner): wrapper("parenExpr", around: inner) { _ in }
        case .stepInvariant(let inner): tree(inner)
        }
    }

    private static func plainText(_ value: Double) -> String {
        var writer = JSONWriter()
        writer.sampleValue(value)
        return String(decoding: writer.bytes.dropFirst().dropLast(), as: UTF8.self)
    }

    private mutating func literal(_ type: String, _ value: String) {
        beginObject()
        member("type", type)
        member("val", value)
        endObject()
    }

    private mutating func wrapper(
        _ type: String, around inner: Expression, _ more: (inout JSONWriter) -> Void
    ) {
        beginObject()
        key("expr")
        tree(inner)
        more(&self)
        member("type", type)
        endObject()
    }

    private mutating func member(_ name: String, milliseconds span: TimeSpan) {
        key(name)
        number(span.milliseconds)
    }

    private mutating func member(_ name: String, _ value: Bool) {
        key(name)
        bool(value)
    }

    // MARK: Selectors

    private mutating func vector(_ selector: VectorSelector) {
        beginObject()
        beginSelector(selector)
        startOrEnd(selector.modifiers)
        timestamp(selector.modifiers)
        member("type", "vectorSelector")
        endObject()
    }

    private mutating func matrix(_ matrix: MatrixSelector) {
        beginObject()
        beginSelector(matrix.selector, range: matrix.range.span)
        startOrEnd(matrix.selector.modifiers)
        timestamp(matrix.selector.modifiers)
        member("type", "matrixSelector")
        endObject()
    }

    private mutating func beginSelector(_ selector: VectorSelector, range: TimeSpan? = nil) {
        member("anchored", selector.extent == .anchored)
        key("matchers")
        beginList()
        for matcher in selector.matchers {
            beginObject()
            member("name", matcher.name)
            member("type", matcher.operation.rawValue)
            member("value", matcher.value)
            endObject()
        }
        endList()
        member("name", selector.name)
        member("offset", milliseconds: selector.modifiers.offset.span)
        if let range { member("range", milliseconds: range) }
        member("smoothed", selector.extent == .smoothed)
    }

    private mutating func startOrEnd(_ modifiers: TimeModifiers) {
        key("startOrEnd")
        switch modifiers.at {
        case .start: string("start")
        case .end: string("end")
        default: null()
        }
    }

    private mutating func timestamp(_ modifiers: TimeModifiers) {
        key("timestamp")
        if case .time(let time) = modifiers.at { number(time.milliseconds) } else { null() }
    }

    private mutating func subquery(_ subquery: Subquery) {
        beginObject()
        key("expr")
        tree(subquery.expression)
        member("offset", milliseconds: subquery.modifiers.offset.span)
        member("range", milliseconds: subquery.range.span)
        startOrEnd(subquery.modifiers)
        member("step", milliseconds: subquery.step?.span ?? .zero)
        timestamp(subquery.modifiers)
        member("type", "subquery")
        endObject()
    }

    // MARK: Operations

    private mutating func call(_ call: Call) {
        let signature = call.function.signature
        beginObject()
        key("args")
        beginList()
        for argument in call.arguments { tree(argument) }
        endList()
        key("func")
        beginObject()
        key("argTypes")
        strings(signature.arguments.map(\.rawValue))
        member("name", call.function.rawValue)
        member("returnType", signature.returns.rawValue)
        key("variadic")
        number(Int64(signature.variadic))
        endObject()
        member("type", "call")
        endObject()
    }

    private mutating func binary(_ binary: Binary) {
        beginObject()
        member("bool", binary.isBool)
        key("lhs")
        tree(binary.left)
        key("matching")
        if let matching = binary.matching { self.matching(matching) } else { null() }
        member("op", binary.operation.rawValue)
        key("rhs")
        tree(binary.right)
        member("type", "binaryExpr")
        endObject()
    }

    private mutating func matching(_ matching: VectorMatching) {
        beginObject()
        member("card", matching.cardinality.rawValue)
        key("fillValues")
        beginObject()
        for (name, value) in [("lhs", matching.fillLeft), ("rhs", matching.fillRight)] {
            key(name)
            if let value, value.isFinite { plain(value) } else { null() }
        }
        endObject()
        key("include")
        strings(matching.include)
        key("labels")
        strings(matching.labels)
        member("on", matching.isOn)
        endObject()
    }

    private mutating func aggregation(_ aggregation: Aggregation) {
        beginObject()
        key("expr")
        tree(aggregation.expression)
        key("grouping")
        strings(aggregation.grouping)
        member("op", aggregation.operation.rawValue)
        key("param")
        if let parameter = aggregation.parameter { tree(parameter) } else { null() }
        member("type", "aggregation")
        member("without", aggregation.isWithout)
        endObject()
    }
}
