/// The parts of the language that Prometheus keeps behind `--enable-feature`.
public struct LanguageOptions: Sendable, Hashable {
    /// `promql-experimental-functions`: functions and aggregations that may still change.
    public var experimentalFunctions = false
    /// `promql-duration-expr`: calculations where a duration is asked for.
    public var durationExpressions = false
    /// `promql-extended-range-selectors`: `anchored` and `smoothed`.
    public var extendedRangeSelectors = false
    /// `promql-binop-fill-modifiers`: `fill`, `fill_left` and `fill_right`.
    public var fillModifiers = false

    /// Nothing but what is settled.
    public init() {}

    /// Everything there is.
    public static let all: LanguageOptions = {
        var options = LanguageOptions()
        for name in features { _ = options.enable(name) }
        return options
    }()

    /// The names of the parts, as `--enable-feature` takes them.
    public static let features = [
        "promql-experimental-functions", "promql-duration-expr",
        "promql-extended-range-selectors", "promql-binop-fill-modifiers",
    ]

    /// Enables the part called `feature`; false if there is none.
    public mutating func enable(_ feature: String) -> Bool {
        switch feature {
        case "promql-experimental-functions": experimentalFunctions = true
        case "promql-duration-expr": durationExpressions = true
        case "promql-extended-range-selectors": extendedRangeSelectors = true
        case "promql-binop-fill-modifiers": fillModifiers = true
        default: return false
        }
        return true
    }
}
