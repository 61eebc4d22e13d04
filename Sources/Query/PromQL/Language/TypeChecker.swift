import Model

/// Sees that operators and functions get what they ask for, in the order in which Prometheus looks.
struct TypeChecker {
    let query: String

    /// `expression` with what only its types decide: how sets are matched, what may be empty.
    mutating func checked(_ expression: Expression) throws(ParseFault) -> Expression {
        var checked = expression
        switch expression.kind {
        case .number, .string: break
        case .vector(let selector): try check(selector, expression.position)
        case .matrix(let matrix): try check(matrix.selector, matrix.selectorPosition)
        case .subquery(var subquery):
            subquery.expression = try self.checked(subquery.expression)
            let type = subquery.expression.type
            guard type == .vector else {
                throw fault(
                    expression,
                    "subquery is only allowed on instant vector, got \(type.rawValue) instead")
            }
            checked.kind = .subquery(subquery)
        case .call(let call): checked.kind = .call(try self.checked(call, expression))
        case .unary(let sign, let inner):
            let operand = try self.checked(inner)
            let type = operand.type
            guard type == .scalar || type == .vector else {
                throw fault(
                    expression,
                    "unary expression only allowed on expressions of type scalar or instant "
                        + "vector, got \(quoted(type.name))")
            }
            checked.kind = .unary(sign, operand)
        case .binary(let binary): checked.kind = .binary(try self.checked(binary, expression))
        case .aggregate(var aggregation):
            aggregation.expression = try expect(
                .vector, aggregation.expression, "aggregation expression")
            if let parameter = aggregation.parameter {
                aggregation.parameter = try expect(
                    aggregation.operation == .countValues ? .string : .scalar, parameter,
                    "aggregation parameter")
            }
            checked.kind = .aggregate(aggregation)
        case .parentheses(let inner): checked.kind = .parentheses(try self.checked(inner))
        case .stepInvariant(let inner): checked.kind = .stepInvariant(try self.checked(inner))
        }
        return checked
    }

    private func fault(_ expression: Expression, _ message: String) -> ParseFault {
        ParseFault(expression.position, message, in: query)
    }

    private mutating func expect(
        _ type: ValueType, _ expression: Expression, _ place: String
    ) throws(ParseFault) -> Expression {
        let checked = try checked(expression)
        let actual = checked.type
        guard actual == type else {
            throw fault(
                expression, "expected type \(type.name) in \(place), got \(actual.name)")
        }
        return checked
    }

    private func check(
        _ selector: VectorSelector, _ position: PositionRange
    ) throws(ParseFault) {
        if !selector.name.isEmpty {
            for matcher in selector.matchers.dropLast() where matcher.name == LabelName.metric {
                throw ParseFault(
                    position,
                    "metric name must not be set twice: \(quoted(selector.name)) or "
                        + quoted(matcher.value), in: query)
            }
        } else if !selector.mayBeEmpty, selector.matchers.allSatisfy(\.acceptsAbsence) {
            throw ParseFault(
                position, "vector selector must contain at least one non-empty matcher", in: query)
        }
    }

    private mutating func checked(
        _ call: Call, _ expression: Expression
    ) throws(ParseFault) -> Call {
        var call = call
        let signature = call.function.signature
        let name = call.function.rawValue
        let count = call.arguments.count
        let known = signature.arguments.count
        if signature.variadic == 0 {
            guard known == count else {
                throw fault(
                    expression, "expected \(known) argument(s) in call to \"\(name)\", got \(count)"
                )
            }
        } else if known - 1 > count {
            throw fault(
                expression,
                "expected at least \(known - 1) argument(s) in call to \"\(name)\", got \(count)")
        } else if signature.variadic > 0, known - 1 + signature.variadic < count {
            throw fault(
                expression,
                "expected at most \(known - 1 + signature.variadic) argument(s) in call to "
                    + "\"\(name)\", got \(count)")
        }
        if call.function == .info, count > 1 { try allowEverything(&call.arguments[1], expression) }
        for index in call.arguments.indices {
            let argument = call.arguments[index]
            let checked = try checked(argument)
            let type = signature.arguments[min(index, known - 1)]
            let actual = checked.type
            guard actual == type else {
                throw fault(
                    argument,
                    "expected type \(type.name) in call to function \"\(name)\", "
                        + "got \(actual.name)")
            }
            call.arguments[index] = checked
        }
        return call
    }

    /// The second argument of `info` is no selector of series but of labels.
    private func allowEverything(
        _ argument: inout Expression, _ call: Expression
    ) throws(ParseFault) {
        let type = argument.type
        guard type == .vector else {
            throw fault(
                call,
                "expected type instant vector in call to function \"info\", got \(type.name)")
        }
        guard case .vector(var selector) = argument.kind else {
            throw fault(argument, "expected label selectors only")
        }
        guard selector.name.isEmpty else {
            throw fault(argument, "expected label selectors only, got vector selector instead")
        }
        selector.mayBeEmpty = true
        argument.kind = .vector(selector)
    }

    private mutating func checked(
        _ binary: Binary, _ expression: Expression
    ) throws(ParseFault) -> Binary {
        var binary = binary
        binary.left = try checked(binary.left)
        binary.right = try checked(binary.right)
        let operation = binary.operation
        let left = binary.left.type
        let right = binary.right.type
        if binary.isBool, !operation.isComparison {
            throw between(binary, "bool modifier can only be used on comparison operators")
        }
        if operation.isComparison, !binary.isBool, left == .scalar, right == .scalar {
            throw between(binary, "comparisons between scalars must use BOOL modifier")
        }
        var matching = binary.matching ?? VectorMatching()
        if operation.isSetOperator, matching.cardinality == .oneToOne {
            matching.cardinality = .manyToMany
        }
        if matching.isOn, let label = matching.labels.first(where: matching.include.contains) {
            throw between(
                binary, "label \(quoted(label)) must not occur in ON and GROUP clause at once")
        }
        for (operand, type) in [(binary.left, left), (binary.right, right)]
        where type != .scalar && type != .vector {
            throw fault(
                operand, "binary expression must contain only scalar and instant vector types")
        }
        let isFilled = matching.fillLeft != nil || matching.fillRight != nil
        if left != .vector || right != .vector {
            if !matching.labels.isEmpty {
                throw fault(expression, "vector matching only allowed between instant vectors")
            }
            if isFilled {
                throw fault(
                    expression, "filling in missing series only allowed between instant vectors")
            }
            binary.matching = nil
            if operation.isSetOperator {
                throw fault(
                    expression,
                    "set operator \"\(operation.rawValue)\" not allowed in binary scalar expression"
                )
            }
            return binary
        }
        if operation.isSetOperator {
            guard matching.cardinality == .manyToMany else {
                throw fault(
                    expression, "no grouping allowed for \"\(operation.rawValue)\" operation")
            }
            if isFilled {
                throw fault(
                    expression, "filling in missing series not allowed for set operators")
            }
        }
        binary.matching = matching
        return binary
    }

    /// A fault of what stands between two operands.
    private func between(_ binary: Binary, _ message: String) -> ParseFault {
        let bytes = Array(query.utf8)
        func isBlank(_ index: Int) -> Bool {
            bytes.indices.contains(index) && [0x20, 0x09, 0x0a, 0x0d].contains(bytes[index])
        }
        var range = PositionRange(
            binary.left.position.end, binary.right.position.start - 1)
        while isBlank(range.start) { range.start += 1 }
        while isBlank(range.end) { range.end -= 1 }
        return ParseFault(range, message, in: query)
    }
}
