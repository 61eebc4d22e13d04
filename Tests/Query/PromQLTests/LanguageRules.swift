import Model

@testable import PromQL

/// What must hold for any bytes whatsoever; the fuzz target and the suite both ask it.
///
/// The first byte of `input` picks what is read and which parts of the language are enabled.
func disagreement(over input: [UInt8]) -> String? {
    guard let mode = input.first else { return nil }
    var options = LanguageOptions()
    options.experimentalFunctions = mode & 1 == 0
    options.durationExpressions = mode & 2 == 0
    options.extendedRangeSelectors = mode & 4 == 0
    options.fillModifiers = mode & 8 == 0
    let parser = Parser(options)
    let text = String(decoding: input.dropFirst(), as: UTF8.self)
    if mode & 16 != 0 {
        do { _ = try parser.selector(text) } catch { return fault(of: error, in: text) }
        return nil
    }
    let expression: Expression
    do {
        expression = try parser.expression(text)
    } catch {
        return fault(of: error, in: text)
    }
    if let place = misplaced(expression, in: text) { return place }
    // A range of less than a millisecond is written as none, which nobody may ask for.
    let written = expression.description
    if written.contains("[0s") || written.contains(":0s") { return nil }
    // Instants of more digits than a float has are rounded each time that they are read.
    if written.contains("@") { return nil }
    for form in [written, expression.pretty] {
        do {
            let again = try parser.expression(form).description
            // Prometheus writes the infinity with a sign, which before `^` is read as an operator.
            if again != written, !written.contains("+Inf") {
                return "read as \(written), written and read: \(again)"
            }
        } catch {
            return "read as \(written), which is refused: \(error)"
        }
    }
    let times = QueryTimes(
        from: Timestamp(milliseconds: 1000), to: Timestamp(milliseconds: 61_000),
        step: .seconds(10))
    if let prepared = try? expression.prepared(for: times), prepared.type != expression.type {
        return "prepared, it yields another type: \(prepared)"
    }
    return nil
}

/// A fault that is no sentence, or that lies outside of the text.
private func fault(of error: PromQLError, in text: String) -> String? {
    guard case .parse(let fault) = error else { return "another error than a fault: \(error)" }
    if fault.message.isEmpty { return "a fault without a message" }
    let length = text.utf8.count
    // What stands between operands may be nothing but blanks.
    let isInside = fault.position.start >= 0 && fault.position.start <= length
    return isInside ? nil : "a fault outside of the text: \(fault.position) \(fault)"
}

/// A node that claims bytes which are not there, or which are not its parent's.
private func misplaced(_ expression: Expression, in text: String) -> String? {
    let position = expression.position
    guard position.start >= 0, position.start < position.end, position.end <= text.utf8.count
    else { return "a node outside of the text: \(position) \(expression)" }
    for child in expression.children {
        guard child.position.start >= position.start, child.position.end <= position.end else {
            return "\(child) at \(child.position) is not inside \(position)"
        }
        if let place = misplaced(child, in: text) { return place }
    }
    return nil
}
