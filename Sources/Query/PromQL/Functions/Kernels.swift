import Model

/// Something to be done with a kernel whose type is known when it is compiled.
protocol KernelUse {
    associatedtype Result
    func use(_ kernel: some WindowKernel) -> Result
}

/// The kernel of each function.
enum Kernels {
    /// Hands the kernel of `function` to `user`: with its type, so that loops are made for it.
    static func use<User: KernelUse>(
        _ function: Function, _ scalars: [ScalarColumn], _ user: User
    ) -> User.Result {
        switch function {
        case .rate: user.use(RateKernel(isCounter: true, isRate: true))
        case .increase: user.use(RateKernel(isCounter: true, isRate: false))
        case .delta: user.use(RateKernel(isCounter: false, isRate: false))
        case .irate: user.use(InstantDeltaKernel(isRate: true))
        case .idelta: user.use(InstantDeltaKernel(isRate: false))
        case .changes: user.use(ChangesKernel(countsResetsOnly: false))
        case .resets: user.use(ChangesKernel(countsResetsOnly: true))
        case .sumOverTime: user.use(SumKernel())
        case .avgOverTime: user.use(AverageKernel())
        case .minOverTime: user.use(ExtremeKernel(isMaximum: false, givesTime: false))
        case .maxOverTime: user.use(ExtremeKernel(isMaximum: true, givesTime: false))
        case .tsOfMinOverTime: user.use(ExtremeKernel(isMaximum: false, givesTime: true))
        case .tsOfMaxOverTime: user.use(ExtremeKernel(isMaximum: true, givesTime: true))
        case .countOverTime: user.use(EndsKernel(kind: .count))
        case .presentOverTime, .absentOverTime: user.use(EndsKernel(kind: .present))
        case .firstOverTime: user.use(EndsKernel(kind: .first))
        case .lastOverTime: user.use(EndsKernel(kind: .last))
        case .tsOfFirstOverTime: user.use(EndsKernel(kind: .timeOfFirst))
        case .tsOfLastOverTime: user.use(EndsKernel(kind: .timeOfLast))
        case .stddevOverTime: user.use(DeviationKernel(isVariance: false))
        case .stdvarOverTime: user.use(DeviationKernel(isVariance: true))
        case .quantileOverTime: user.use(QuantileKernel(quantile: scalars[0]))
        case .madOverTime: user.use(QuantileKernel(quantile: nil))
        case .deriv: user.use(TrendKernel(ahead: nil))
        case .predictLinear: user.use(TrendKernel(ahead: scalars[0]))
        case .doubleExponentialSmoothing:
            user.use(SmoothingKernel(factor: scalars[0], trend: scalars[1]))
        default: preconditionFailure("BUG: \(function.rawValue) is no function of a range")
        }
    }
}

/// Makes columns of the floats of an input.
struct ColumnsOf: KernelUse {
    let input: WindowInput

    func use(_ kernel: some WindowKernel) -> Columns { Columns(kernel, of: input) }
}

/// Evaluates one range at a time, whatever came before.
struct SingleWindows: KernelUse {
    func use(_ kernel: some WindowKernel) -> @Sendable (Samples, Window) -> Double {
        { samples, window in
            var kernel = kernel
            let (values, times) = (samples.values.span, samples.times.span)
            kernel.begin(values, times)
            return kernel.value(values, times, window)
        }
    }
}
