/// The functions of the language.
public enum Function: String, Sendable, Hashable, CaseIterable {
    case abs, absent, acos, acosh, asin, asinh, atan, atanh, ceil, changes, clamp, cos, cosh, deg
    case delta, deriv, end, exp, floor, hour, idelta, increase, info, irate, ln, log10, log2
    case minute, month, pi, rad, range, rate, resets, round, scalar, sgn, sin, sinh, sort, sqrt
    case start, step, tan, tanh, time, timestamp, vector, year
    case absentOverTime = "absent_over_time"
    case avgOverTime = "avg_over_time"
    case clampMax = "clamp_max"
    case clampMin = "clamp_min"
    case countOverTime = "count_over_time"
    case dayOfMonth = "day_of_month"
    case dayOfWeek = "day_of_week"
    case dayOfYear = "day_of_year"
    case daysInMonth = "days_in_month"
    case doubleExponentialSmoothing = "double_exponential_smoothing"
    case firstOverTime = "first_over_time"
    case histogramAvg = "histogram_avg"
    case histogramCount = "histogram_count"
    case histogramFraction = "histogram_fraction"
    case histogramQuantile = "histogram_quantile"
    case histogramQuantiles = "histogram_quantiles"
    case histogramStddev = "histogram_stddev"
    case histogramStdvar = "histogram_stdvar"
    case histogramSum = "histogram_sum"
    case labelJoin = "label_join"
    case labelReplace = "label_replace"
    case lastOverTime = "last_over_time"
    case madOverTime = "mad_over_time"
    case maxOf = "max_of"
    case maxOverTime = "max_over_time"
    case minOf = "min_of"
    case minOverTime = "min_over_time"
    case predictLinear = "predict_linear"
    case presentOverTime = "present_over_time"
    case quantileOverTime = "quantile_over_time"
    case sortByLabel = "sort_by_label"
    case sortByLabelDesc = "sort_by_label_desc"
    case sortDesc = "sort_desc"
    case startTimestamp = "start_timestamp"
    case stddevOverTime = "stddev_over_time"
    case stdvarOverTime = "stdvar_over_time"
    case sumOverTime = "sum_over_time"
    case tsOfFirstOverTime = "ts_of_first_over_time"
    case tsOfLastOverTime = "ts_of_last_over_time"
    case tsOfMaxOverTime = "ts_of_max_over_time"
    case tsOfMinOverTime = "ts_of_min_over_time"
}

/// What a function is given and what it yields.
public struct FunctionSignature: Sendable, Hashable {
    /// The arguments' types, optional ones among them.
    public var arguments: [ValueType]
    /// How many of the last type may be left out or added: 0 for neither, -1 for as many as wanted.
    ///
    /// `arguments.count - 1` have to be there, and no more than that and `variadic`.
    public var variadic = 0
    /// What it yields.
    public var returns: ValueType
    /// Whether it has to be enabled.
    public var isExperimental = false
}

extension Function {
    /// What it is given and what it yields.
    public var signature: FunctionSignature {
        switch self {
        case .abs, .absent, .acos, .acosh, .asin, .asinh, .atan, .atanh, .ceil, .cos, .cosh, .deg,
            .exp, .floor, .histogramAvg, .histogramCount, .histogramStddev, .histogramStdvar,
            .histogramSum, .ln, .log10, .log2, .rad, .sgn, .sin, .sinh, .sort, .sortDesc, .sqrt,
            .tan, .tanh, .timestamp:
            FunctionSignature(arguments: [.vector], returns: .vector)
        case .absentOverTime, .avgOverTime, .changes, .countOverTime, .delta, .deriv, .idelta,
            .increase, .irate, .lastOverTime, .maxOverTime, .minOverTime, .presentOverTime, .rate,
            .resets, .stddevOverTime, .stdvarOverTime, .sumOverTime:
            FunctionSignature(arguments: [.matrix], returns: .vector)
        case .clamp:
            FunctionSignature(arguments: [.vector, .scalar, .scalar], returns: .vector)
        case .clampMax, .clampMin:
            FunctionSignature(arguments: [.vector, .scalar], returns: .vector)
        case .dayOfMonth, .dayOfWeek, .dayOfYear, .daysInMonth, .hour, .minute, .month, .year:
            FunctionSignature(arguments: [.vector], variadic: 1, returns: .vector)
        case .doubleExponentialSmoothing:
            FunctionSignature(
                arguments: [.matrix, .scalar, .scalar], returns: .vector, isExperimental: true)
        case .end, .range, .start, .step:
            FunctionSignature(arguments: [], returns: .scalar, isExperimental: true)
        case .firstOverTime, .madOverTime, .tsOfFirstOverTime, .tsOfLastOverTime, .tsOfMaxOverTime,
            .tsOfMinOverTime:
            FunctionSignature(arguments: [.matrix], returns: .vector, isExperimental: true)
        case .histogramFraction:
            FunctionSignature(arguments: [.scalar, .scalar, .vector], returns: .vector)
        case .histogramQuantile:
            FunctionSignature(arguments: [.scalar, .vector], returns: .vector)
        case .histogramQuantiles:
            FunctionSignature(
                arguments: [.vector, .string, .scalar, .scalar], variadic: 9, returns: .vector,
                isExperimental: true)
        case .info:
            FunctionSignature(
                arguments: [.vector, .vector], variadic: 1, returns: .vector, isExperimental: true)
        case .labelJoin:
            FunctionSignature(
                arguments: [.vector, .string, .string, .string], variadic: -1, returns: .vector)
        case .labelReplace:
            FunctionSignature(
                arguments: [.vector, .string, .string, .string, .string], returns: .vector)
        case .maxOf, .minOf:
            FunctionSignature(
                arguments: [.scalar, .scalar], returns: .scalar, isExperimental: true)
        case .pi, .time:
            FunctionSignature(arguments: [], returns: .scalar)
        case .predictLinear:
            FunctionSignature(arguments: [.matrix, .scalar], returns: .vector)
        case .quantileOverTime:
            FunctionSignature(arguments: [.scalar, .matrix], returns: .vector)
        case .round:
            FunctionSignature(arguments: [.vector, .scalar], variadic: 1, returns: .vector)
        case .scalar:
            FunctionSignature(arguments: [.vector], returns: .scalar)
        case .sortByLabel, .sortByLabelDesc:
            FunctionSignature(
                arguments: [.vector, .string], variadic: -1, returns: .vector, isExperimental: true)
        case .startTimestamp:
            FunctionSignature(arguments: [.vector], returns: .vector, isExperimental: true)
        case .vector:
            FunctionSignature(arguments: [.scalar], returns: .vector)
        }
    }
}
