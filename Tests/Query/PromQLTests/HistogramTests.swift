import Model
import Testing

@testable import PromQL

struct HistogramTests {
    private func histogram(_ text: String) throws -> FloatHistogram {
        let line = try SeriesLine("h {{\(text)}}")
        guard case .histogram(let histogram, _) = line.values[0] else { throw ScriptFault("none") }
        return histogram
    }

    @Test(arguments: [
        // Left, right, their sum.
        (
            "count:2 sum:1 buckets:[1 1]", "count:3 sum:4 offset:3 buckets:[3]",
            "{{count:5 sum:5 buckets:[1 1 0 3]}}"
        ),
        // The coarser schema is that of the sum.
        (
            "schema:1 count:4 buckets:[1 1 1 1]", "schema:0 count:1 buckets:[1]",
            "{{count:5 buckets:[2 2 1]}}"
        ),
        // The wider zero bucket takes in what lies within.
        (
            "count:3 z_bucket:1 z_bucket_w:0.5 buckets:[2]",
            "count:2 z_bucket:1 z_bucket_w:1 offset:1 buckets:[1]",
            "{{count:5 z_bucket:4 z_bucket_w:1 offset:1 buckets:[1]}}"
        ),
        // It never ends within a bucket that holds anything.
        (
            "count:3 z_bucket:1 z_bucket_w:0.25 buckets:[2]", "count:1 z_bucket:1 z_bucket_w:0.75",
            "{{count:4 z_bucket:4 z_bucket_w:1}}"
        ),
        // Of bounds of their own, the common ones are left.
        (
            "schema:-53 count:3 custom_values:[1 2 4] buckets:[1 1 1]",
            "schema:-53 count:2 custom_values:[1 4] buckets:[1 0 1]",
            "{{schema:-53 count:5 custom_values:[1 4] buckets:[2 2 1]}}"
        ),
        (
            "counter_reset_hint:gauge", "counter_reset_hint:reset",
            "{{counter_reset_hint:gauge}}"
        ),
        ("counter_reset_hint:reset", "counter_reset_hint:not_reset", "{{}}"),
    ])
    func `histograms add up`(left: String, right: String, sum: String) throws {
        let (l, r) = (try histogram(left), try histogram(right))
        let both = try #require(l.combined(with: r, isSum: true))
        #expect(both.histogram.scriptText == sum)
        let back = try #require(both.histogram.combined(with: r, isSum: false))
        #expect(back.histogram.count == l.count)
        #expect(back.histogram.resetHint == .gauge)
    }

    @Test func `exponential buckets and bounds of one's own do not go together`() throws {
        let left = try histogram("count:1 buckets:[1]")
        let right = try histogram("schema:-53 count:1 custom_values:[1] buckets:[1]")
        #expect(left.combined(with: right, isSum: true) == nil)
        var sum = HistogramSum(left)
        let isAdded = sum.add(right)
        #expect(!isAdded)
    }

    @Test(arguments: [
        ("count:2 buckets:[1 1]", "count:3 buckets:[1 2]", false),
        ("count:2 buckets:[1 1]", "count:3 buckets:[3 0]", true),
        ("count:2 buckets:[1 1]", "count:3 offset:1 buckets:[3]", true),
        ("count:2 buckets:[0 2]", "count:3 offset:1 buckets:[3]", false),
        ("count:2 buckets:[1 1]", "count:1 buckets:[1 1]", true),
        ("count:2 buckets:[1 1]", "count:1 buckets:[1] counter_reset_hint:not_reset", false),
        ("count:2 buckets:[1 1]", "count:9 buckets:[9 9] counter_reset_hint:reset", true),
        ("schema:0 count:2 buckets:[1 1]", "schema:1 count:9 buckets:[9 9]", true),
        ("schema:1 count:2 buckets:[1 1]", "schema:0 count:9 buckets:[9 9]", false),
        ("count:2 z_bucket:1 z_bucket_w:0.5 buckets:[1]", "count:3 z_bucket:3 z_bucket_w:1", false),
        ("count:2 z_bucket:1 z_bucket_w:0.5 buckets:[1]", "count:3 z_bucket:1 z_bucket_w:1", true),
        (
            "schema:-53 count:2 custom_values:[1 2] buckets:[1 1]",
            "schema:-53 count:3 custom_values:[2] buckets:[3]", false
        ),
        (
            "schema:-53 count:2 custom_values:[1 2] buckets:[1 1]",
            "schema:-53 count:3 custom_values:[2] buckets:[1 2]", true
        ),
    ])
    func `counting anew shows in any count that fell`(
        before: String, after: String, isReset: Bool
    ) throws {
        #expect(try histogram(after).isReset(after: try histogram(before)) == isReset)
    }

    @Test func `what rounding takes from a sum comes back`() throws {
        var sum = HistogramSum(try histogram("count:1 sum:1e100 buckets:[1]"))
        for value in ["1", "-1e100", "0.5"] {
            let isAdded = sum.add(try histogram("count:1 sum:\(value) offset:1 buckets:[1]"))
            #expect(isAdded)
        }
        #expect(sum.total.sum == 1.5)
        #expect(sum.total.scriptText == "{{count:4 sum:1.5 buckets:[1 3]}}")
        #expect(sum.mean.count == 1)
    }

    @Test func `a mean may be told where the sum cannot`() throws {
        var sum = HistogramSum(try histogram("count:1.5e308 buckets:[1]"))
        let isAdded = sum.add(try histogram("count:1.5e308 buckets:[3]"))
        #expect(isAdded)
        #expect(sum.total.count == .infinity)
        #expect((sum.mean.count - 1.5e308).magnitude < 1e294)
        #expect(sum.mean.positive.counts == [2])
    }

    @Test(arguments: [(0.0, 0.5), (0.25, 0.7071067811865475), (0.5, 1), (1, 2)])
    func `a quantile lies on a logarithmic scale`(q: Double, value: Double) throws {
        let estimate = try histogram("count:4 buckets:[2 2]").quantile(q)
        #expect((estimate.value - value).magnitude < 1e-12)
        #expect(estimate.oddity == nil)
    }

    @Test func `a share is what a quantile was asked for`() throws {
        let histogram = try histogram("schema:2 count:9 z_bucket:1 z_bucket_w:0.01 buckets:[2 4 2]")
        for q in [0.2, 0.4, 0.6, 0.9] {
            let share = histogram.fraction(from: -.infinity, to: histogram.quantile(q).value)
            #expect((share.value - q).magnitude < 1e-12)
        }
    }

    @Test func `bounds are exact at powers of two, whatever the schema`() {
        for schema in Int32(-4)...8 {
            let step = schema < 0 ? 1 : Int32(1) << schema
            for power in [-3, 0, 1, 7] {
                let number = schema < 0 ? Int32(power) : Int32(power) * step
                let expected = schema < 0 ? Double(power * (1 << -schema)) : Double(power)
                let bound = FloatHistogram.exponentialBound(number, schema: schema)
                #expect(bound == Double(sign: .plus, exponent: Int(expected), significand: 1))
            }
        }
        #expect(FloatHistogram.exponentialBound(1024, schema: 0) == .greatestFiniteMagnitude)
        #expect(FloatHistogram.exponentialBound(1025, schema: 0) == .infinity)
    }

    @Test func `a native histogram becomes one with absolute counts and comes back`() {
        var native = NativeHistogram()
        native.positiveSpans = [
            NativeHistogram.Span(offset: -1, length: 2), NativeHistogram.Span(offset: 3, length: 1),
        ]
        native.positive = .deltas([3, -1, 4])
        native.count = 11
        let float = FloatHistogram(native)
        #expect(float.positive.counts == [3, 2, 6])
        #expect(float.positive.numbered.map(\.number) == [-1, 0, 4])
        #expect(NativeHistogram(float).positive == .counts([3, 2, 6]))
    }
}
