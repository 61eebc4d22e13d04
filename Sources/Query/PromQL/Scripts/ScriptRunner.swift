import Model
import RE2

/// What became of a script.
public struct ScriptOutcome: Sendable {
    /// How many evals yielded what they had to.
    public var passed = 0
    /// What the others yielded: file and line, expression, expected, got.
    public var failures: [String] = []
}

/// Runs scripts of Prometheus's test language on an engine of its own.
public struct ScriptRunner: Sendable {
    private let engine: Engine

    /// A runner with the options of Prometheus's own tests: all of the language, names dropped at
    /// the end, and the start of counting believed.
    public init() {
        var options = EngineOptions()
        options.language = .all
        options.delaysNameRemoval = true
        options.usesStartTimes = true
        engine = Engine(options)
    }

    /// Runs `script`; a script that cannot be read is thrown, whatever its evals would say.
    public func run(_ script: String, file: String) async throws(ScriptError) -> ScriptOutcome {
        var reader = ScriptReader(script, file: file)
        let commands = try reader.commands()
        let source = ScriptSource()
        var outcome = ScriptOutcome()
        for command in commands {
            switch command {
            case .clear: source.clear()
            case .load(let load): source.load(load)
            case .eval(let eval):
                do throws(ScriptFault) {
                    try await check(eval, source)
                    outcome.passed += 1
                } catch {
                    outcome.failures.append(
                        "\(file):\(eval.line): \(eval.expression): \(error.message)")
                }
            }
        }
        return outcome
    }

    // MARK: One eval

    private func check(_ eval: ScriptEval, _ source: ScriptSource) async throws(ScriptFault) {
        switch eval.times {
        case .range(let start, let end, let step):
            let answer = await ask(eval.expression, start, end, step, source)
            guard let result = try judged(answer, eval) else { return }
            try ScriptComparison(eval).check(result.value)
        case .instant(let time):
            try await checkInstant(eval, eval.expression, time, source)
            for other in try pinned(eval, time) {
                do throws(ScriptFault) {
                    try await checkInstant(eval, other.expression, other.time, source)
                } catch {
                    throw ScriptFault(
                        "as \(other.expression) at \(other.time.milliseconds) ms: \(error.message)")
                }
            }
        }
    }

    /// The query at an instant, and as a step among others, which has to yield the same.
    private func checkInstant(
        _ eval: ScriptEval, _ expression: String, _ time: Timestamp, _ source: ScriptSource
    ) async throws(ScriptFault) {
        let answer = await ask(expression, time, source)
        guard let result = try judged(answer, eval) else { return }
        let comparison = ScriptComparison(eval)
        try comparison.check(result.value)
        if eval.rangeTimes != nil || eval.string != nil || eval.isOrdered { return }
        // What asks for the query's own times has others among other steps.
        if Self.asksForTimes(expression) { return }
        let minute = TimeSpan.minutes(1)
        let ranged = await ask(expression, time - minute, time + minute, minute, source)
        guard case .success(let steps) = ranged, case .matrix(let series) = steps.value else {
            throw ScriptFault("in a range query: \(Self.text(ranged))")
        }
        do throws(ScriptFault) {
            try comparison.check(series, at: time, as: result.value)
        } catch {
            throw ScriptFault("in a range query: \(error.message)")
        }
    }

    private static func asksForTimes(_ expression: String) -> Bool {
        ["start()", "end()", "range()", "step()"].contains { expression.contains($0) }
    }

    private typealias Answer = Result<QueryResult, PromQLError>

    private func ask(
        _ expression: String, _ time: Timestamp, _ source: ScriptSource
    ) async -> Answer {
        do throws(PromQLError) {
            return .success(try await engine.query(expression, at: time, source: source))
        } catch {
            return .failure(error)
        }
    }

    private func ask(
        _ expression: String, _ start: Timestamp, _ end: Timestamp, _ step: TimeSpan,
        _ source: ScriptSource
    ) async -> Answer {
        do throws(PromQLError) {
            return .success(
                try await engine.query(
                    expression, from: start, through: end, step: step, source: source))
        } catch {
            return .failure(error)
        }
    }

    private static func text(_ answer: Answer) -> String {
        switch answer {
        case .success(let result): "got \(result.value)"
        case .failure(let error): "\(error)"
        }
    }

    /// The result, its remarks judged; `nil` where it failed as it had to.
    private func judged(
        _ answer: Answer, _ eval: ScriptEval
    ) throws(ScriptFault) -> QueryResult? {
        switch (answer, eval.failure) {
        case (.failure(let error), let failure?):
            guard failure.accepts("\(error)") else {
                throw ScriptFault("expected the failure \(quoted(failure.text)), got \(error)")
            }
            return nil
        case (.failure(let error), nil): throw ScriptFault("expected a result, got \(error)")
        case (.success(let result), _?):
            throw ScriptFault("expected a failure, got \(result.value)")
        case (.success(let result), nil):
            try eval.warnings.judge(result.warnings, "warning")
            try eval.infos.judge(result.infos, "info")
            return result
        }
    }

    /// The query with all selectors pinned to its time, which at any other time yields the same.
    private func pinned(
        _ eval: ScriptEval, _ time: Timestamp
    ) throws(ScriptFault) -> [(expression: String, time: Timestamp)] {
        var expression: Expression
        do {
            expression = try Parser(.all).expression(eval.expression)
        } catch {
            // A text that is no expression has failed already, or had to.
            return []
        }
        guard expression.isTimeless, !Self.asksForTimes(eval.expression) else { return [] }
        expression.pin(to: eval.rangeTimes?.end ?? time)
        let text = expression.description
        let now = (eval.rangeTimes?.end ?? time).milliseconds
        let times = now == 0 ? [-1000, 0, 1000] : [-10 * now, 0, now / 5, now, 10 * now]
        return times.map { (text, Timestamp(milliseconds: $0)) }
    }
}

extension ScriptRemarks {
    fileprivate func judge(_ remarks: [String], _ kind: String) throws(ScriptFault) {
        if isNoneExpected, let remark = remarks.first {
            throw ScriptFault("expected no \(kind), got \(quoted(remark))")
        }
        if isAnyExpected, remarks.isEmpty { throw ScriptFault("expected a \(kind), got none") }
        guard !conditions.isEmpty else { return }
        for condition in conditions where !remarks.contains(where: condition.accepts) {
            throw ScriptFault(
                "expected the \(kind) \(quoted(condition.text)), got "
                    + (remarks.isEmpty
                        ? "none" : remarks.map { quoted($0) }.joined(separator: ", ")))
        }
        for remark in remarks where !conditions.contains(where: { $0.accepts(remark) }) {
            throw ScriptFault("expected no such \(kind), got \(quoted(remark))")
        }
    }
}

extension Expression {
    /// Whether no function in it asks for the time of evaluation.
    fileprivate var isTimeless: Bool {
        if case .call(let call) = kind, !call.function.isTimeless { return false }
        return children.allSatisfy(\.isTimeless)
    }

    /// Gives every selector that has no `@` this one; those inside a subquery have its own times.
    fileprivate mutating func pin(to time: Timestamp) {
        switch kind {
        case .number, .string: break
        case .vector(var selector):
            selector.modifiers.pin(to: time)
            kind = .vector(selector)
        case .matrix(var matrix):
            matrix.selector.modifiers.pin(to: time)
            kind = .matrix(matrix)
        case .subquery(var subquery):
            subquery.modifiers.pin(to: time)
            kind = .subquery(subquery)
        case .call(var call):
            for index in call.arguments.indices { call.arguments[index].pin(to: time) }
            kind = .call(call)
        case .unary(let sign, var inner):
            inner.pin(to: time)
            kind = .unary(sign, inner)
        case .parentheses(var inner):
            inner.pin(to: time)
            kind = .parentheses(inner)
        case .stepInvariant(var inner):
            inner.pin(to: time)
            kind = .stepInvariant(inner)
        case .binary(var binary):
            binary.left.pin(to: time)
            binary.right.pin(to: time)
            kind = .binary(binary)
        case .aggregate(var aggregation):
            aggregation.expression.pin(to: time)
            aggregation.parameter?.pin(to: time)
            kind = .aggregate(aggregation)
        }
    }
}

extension TimeModifiers {
    fileprivate mutating func pin(to time: Timestamp) {
        if case .time = at { return }
        at = .time(time)
    }
}
