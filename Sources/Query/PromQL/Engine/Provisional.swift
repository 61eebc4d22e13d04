import Model

public struct FloatHistogram: Sendable, Hashable {
    var count = 0.0; var sum = 0.0; var resetHint = NativeHistogram.ResetHint.unknown
    init(_ n: NativeHistogram) { count = n.count; sum = n.sum }
    var description: String { "" }
    func scaled(by f: Double) -> FloatHistogram { self }
    func divided(by f: Double) -> FloatHistogram { self }
    var compacted: FloatHistogram { self }
    func trimmed(above f: Double) -> FloatHistogram { self }
    func trimmed(below f: Double) -> FloatHistogram { self }
    struct C { var histogram: FloatHistogram; var collides = false; var isReconciled = false }
    func combined(with o: FloatHistogram, isSum: Bool) -> C? { C(histogram: self) }
    func mean(with o: FloatHistogram, count: Double) -> C? { C(histogram: self) }
    func hasSameContent(as o: FloatHistogram) -> Bool { self == o }
    var forgettingResets: FloatHistogram { self }
    var sampleWeight: Int { 1 }
}
struct CarefulWindows: Sendable {
    let function: Function; let input: WindowInput; let columns: Columns; let lookback: Int64;
    let usesStarts: Bool
    func column(of s: Samples, _ r: inout Annotations, _ l: inout Int) throws(PromQLError)
        -> ElementColumn
    { ElementColumn(steps: input.steps.count) }
}
enum InfoLabels { static func matchersOfSeries(_ m: [Matcher]) -> [Matcher] { m } }
extension Evaluator {
    mutating func smooth(_ s: Selection, at steps: Steps, position: PositionRange)
        async throws(PromQLError) -> Table
    { Table(steps: steps.count) }
    mutating func info(_ p: Plan, _ s: Selection?, _ plan: Plan) async throws(PromQLError) -> Table
    { Table(steps: plan.steps.count) }
    mutating func histogramCall(_ f: Function, _ a: [Plan], _ plan: Plan) async throws(PromQLError)
        -> Table
    { Table(steps: plan.steps.count) }
    func extended(_ s: Samples, _ r: RangeInput, _ end: Int64) throws(PromQLError) -> MatrixSeries?
    { nil }
}
