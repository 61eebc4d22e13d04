import Glibc
import Model

/// The functions that make a number of a number.
enum ElementFunctions {
    /// What a function does with each float, or `nil` for a function of another kind.
    static func change(_ function: Function) -> (@Sendable (Double) -> Double)? {
        switch function {
        case .abs: { $0.magnitude }
        case .ceil: { $0.rounded(.up) }
        case .floor: { $0.rounded(.down) }
        case .exp: { exp($0) }
        case .sqrt: { $0.squareRoot() }
        case .ln: { log($0) }
        case .log2: { log2($0) }
        case .log10: { log10($0) }
        case .sin: { sin($0) }
        case .cos: { cos($0) }
        case .tan: { tan($0) }
        case .asin: { asin($0) }
        case .acos: { acos($0) }
        case .atan: { atan($0) }
        case .sinh: { sinh($0) }
        case .cosh: { cosh($0) }
        case .tanh: { tanh($0) }
        case .asinh: { asinh($0) }
        case .acosh: { acosh($0) }
        case .atanh: { atanh($0) }
        case .rad: { $0 * .pi / 180 }
        case .deg: { $0 * 180 / .pi }
        case .sgn: { $0 < 0 ? -1 : $0 > 0 ? 1 : $0 }
        default: nil
        }
    }

    /// What a function says of the date that is so many seconds after 1970.
    static func date(_ function: Function) -> (@Sendable (Double) -> Double)? {
        let part: @Sendable (Moment) -> Double
        switch function {
        case .year: part = { Double($0.date.year) }
        case .month: part = { Double($0.date.month) }
        case .dayOfMonth: part = { Double($0.date.day) }
        case .dayOfYear:
            part = { moment in
                let months = 1..<moment.date.month
                return Double(
                    months.reduce(moment.date.day) {
                        $0 + daysInMonth($1, of: moment.date.year)
                    })
            }
        case .dayOfWeek:
            // 1970-01-01 was a Thursday.
            part = { Double(($0.day + 4) - ($0.day + 4).flooringDivision(by: 7) * 7) }
        case .daysInMonth:
            part = { Double(daysInMonth($0.date.month, of: $0.date.year)) }
        case .hour: part = { Double($0.second / 3600) }
        case .minute: part = { Double($0.second / 60 % 60) }
        default: return nil
        }
        return { part(Moment($0)) }
    }

    /// A day since 1970 and a second of it.
    private struct Moment {
        var day: Int64
        var second: Int64
        var date: CivilDate { CivilDate(daysSince1970: day) }

        init(_ value: Double) {
            if let seconds = Int64(exactly: value.rounded(.towardZero)) {
                day = seconds.flooringDivision(by: 86_400)
                second = seconds - day * 86_400
            } else {
                // NaN and what is too great are for Go, whose clock wraps around, the instant
                // 2^63 seconds after 1970.
                (day, second) = (106_751_991_167_300, 55_808)
            }
        }
    }

    private static func daysInMonth(_ month: Int, of year: Int64) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
