import Model

extension Expression: CustomStringConvertible {
    /// The expression in Prometheus's canonical form, on one line.
    public var description: String {
        var text = ""
        write(to: &text)
        return text
    }

    /// Appends it to `text`, each character once.
    private func write(to text: inout String) {
        switch kind {
        case .number(let value, let isDuration): text += Self.number(value, isDuration)
        case .string(let content): text += quoted(content)
        case .vector(let selector): text += selector.description
        case .matrix(let matrix): text += matrix.description
        case .subquery(let subquery):
            subquery.expression.write(to: &text)
            text += subquery.suffix
        case .call(let call):
            text += call.function.rawValue + "("
            for (index, argument) in call.arguments.enumerated() {
                if index > 0 { text += ", " }
                argument.write(to: &text)
            }
            text += ")"
        case .unary(let sign, let inner):
            text += sign.rawValue
            inner.write(to: &text)
        case .binary(let binary):
            binary.left.write(to: &text)
            text += " " + binary.link + " "
            binary.right.write(to: &text)
        case .aggregate(let aggregation):
            text += aggregation.head + "("
            if let parameter = aggregation.parameter {
                parameter.write(to: &text)
                text += ", "
            }
            aggregation.expression.write(to: &text)
            text += ")"
        case .parentheses(let inner):
            text += "("
            inner.write(to: &text)
            text += ")"
        case .stepInvariant(let inner): inner.write(to: &text)
        }
    }

    fileprivate static func number(_ value: Double, _ isDuration: Bool) -> String {
        guard isDuration else { return NumberText.fixed(value) }
        return TimeSpan(milliseconds: Int64(saturating: (value * 1000).rounded())).description
    }

    /// The expression over several lines where it is long, as `/api/v1/format_query` answers.
    public var pretty: String { pretty(0) }

    private func pretty(_ level: Int) -> String {
        let indent = String(repeating: "  ", count: level)
        let line = description
        let isLong = line.utf8.count > 100
        switch kind {
        case .unary(let sign, let inner) where isLong:
            let text = inner.pretty(level)
            return indent + sign.rawValue + text.trimmed
        case .stepInvariant(let inner): return inner.pretty(level)
        case .subquery(let subquery):
            guard isLong else { return line }
            return subquery.expression.pretty(level) + subquery.suffix
        case _ where !isLong: return indent + line
        case .call(let call) where !call.arguments.isEmpty:
            let arguments = call.arguments.map { $0.pretty(level + 1) }
            return indent + call.function.rawValue + "(\n" + arguments.joined(separator: ",\n")
                + "\n" + indent + ")"
        case .binary(let binary):
            return binary.left.pretty(level + 1) + "\n" + indent + binary.link + "\n"
                + binary.right.pretty(level + 1)
        case .aggregate(let aggregation):
            return indent + aggregation.head + "(\n"
                + (aggregation.parameter.map { $0.pretty(level + 1) + ",\n" } ?? "")
                + aggregation.expression.pretty(level + 1) + "\n" + indent + ")"
        case .parentheses(let inner):
            return indent + "(\n" + inner.pretty(level + 1) + "\n" + indent + ")"
        default: return indent + line
        }
    }
}

extension String {
    /// Without the blanks at its ends.
    fileprivate var trimmed: String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\n" }
        guard let first = firstIndex(where: { !isBlank($0) }),
            let last = lastIndex(where: { !isBlank($0) })
        else { return "" }
        return String(self[first...last])
    }
}

extension VectorSelector: CustomStringConvertible {
    /// The selector with its modifiers.
    public var description: String {
        let extent = extent == .plain ? "" : " " + extent.rawValue
        return selection + modifiers.at.text + extent + modifiers.offset.text
    }

    /// The selector without its modifiers.
    fileprivate var selection: String {
        let conditions = matchers.filter { !isName($0) }.map(\.text).sorted {
            Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8))
        }
        return name + (conditions.isEmpty ? "" : "{" + conditions.joined(separator: ",") + "}")
    }

    private func isName(_ matcher: Matcher) -> Bool {
        matcher.name == LabelName.metric && matcher.operation == .equal && matcher.value == name
            && !name.isEmpty
    }
}

extension MatrixSelector: CustomStringConvertible {
    /// The selector with its range and modifiers.
    public var description: String {
        let extent = selector.extent == .plain ? "" : " " + selector.extent.rawValue
        return selector.selection + "[\(range)]" + extent + selector.modifiers.at.text
            + selector.modifiers.offset.text
    }
}

extension Subquery {
    /// What stands behind the expression.
    fileprivate var suffix: String {
        "[\(range):\(step?.description ?? "")]" + modifiers.at.text + modifiers.offset.text
    }
}

extension Optional<AtModifier> {
    fileprivate var text: String {
        switch self {
        case nil: ""
        case .start: " @ start()"
        case .end: " @ end()"
        case .time(let time): " @ " + NumberText.seconds(milliseconds: time.milliseconds)
        }
    }
}

extension DurationTerm: CustomStringConvertible {
    /// The duration as it is written in brackets.
    public var description: String {
        switch self {
        case .span(let span): span.description
        case .expression(let expression): expression.description
        }
    }

    fileprivate var text: String { self == .zero ? "" : " offset " + description }
}

extension DurationExpression: CustomStringConvertible {
    /// The calculation as it is written in brackets.
    public var description: String {
        switch kind {
        case .number(let value, let isDuration): Expression.number(value, isDuration)
        case .step: "step()"
        case .range: "range()"
        case .unary(let sign, let inner): sign.rawValue + inner.description
        case .binary(let operation, let left, let right):
            left.description + " " + operation.rawValue + " " + right.description
        case .minimum(let left, let right): "min_of(\(left), \(right))"
        case .maximum(let left, let right): "max_of(\(left), \(right))"
        case .parentheses(let inner): "(" + inner.description + ")"
        }
    }
}

extension Aggregation {
    /// What stands before the parentheses.
    public var head: String {
        if isWithout { return operation.rawValue + " without (" + Self.list(grouping) + ") " }
        return operation.rawValue + (grouping.isEmpty ? "" : " by (" + Self.list(grouping) + ") ")
    }

    fileprivate static func list(_ labels: [String]) -> String {
        labels.map { NameScheme.legacy.allows(labelName: $0) ? $0 : quoted($0) }
            .joined(separator: ", ")
    }
}

extension Binary {
    /// What stands between the operands.
    public var link: String {
        var text = operation.rawValue + (isBool ? " bool" : "")
        guard let matching else { return text }
        let isGrouped =
            matching.cardinality == .manyToOne || matching.cardinality == .oneToMany
        if !matching.labels.isEmpty || matching.isOn || isGrouped {
            text += (matching.isOn ? " on (" : " ignoring (") + Aggregation.list(matching.labels)
            text += ")"
        }
        if isGrouped {
            text += matching.cardinality == .manyToOne ? " group_left (" : " group_right ("
            text += Aggregation.list(matching.include) + ")"
        }
        if let left = matching.fillLeft, let right = matching.fillRight,
            left.bitPattern == right.bitPattern
        {
            return text + " fill (\(NumberText.general(left)))"
        }
        if let left = matching.fillLeft { text += " fill_left (\(NumberText.general(left)))" }
        if let right = matching.fillRight { text += " fill_right (\(NumberText.general(right)))" }
        return text
    }
}

extension Matcher {
    /// The condition as it is written in braces.
    fileprivate var text: String {
        let isLegacy = NameScheme.legacy.allows(labelName: name)
        return (isLegacy ? name : quoted(name)) + operation.rawValue + quoted(value)
    }
}
