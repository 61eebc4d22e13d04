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
        let part: @Sendable (CivilDate, Int64) -> Double
        switch function {
        case .year: part = { date, _ in Double(date.year) }
        case .month: part = { date, _ in Double(date.month) }
        case .dayOfMonth: part = { date, _ in Double(date.day) }
        case .dayOfYear:
            part = { date, seconds in
                var day = date.day
                for month in 1..<date.month { day += daysInMonth(month, of: date.year) }
                return Double(day)
            }
        case .dayOfWeek:
            // 1970-01-01 was a Thursday.
            part = { _, seconds in
                let days = seconds.flooringDivision(by: 86_400) + 4
                return Double(days - days.flooringDivision(by: 7) * 7)
            }
        case .daysInMonth: part = { date, _ in Double(daysInMonth(date.month, of: date.year)) }
        case .hour: part = { _, seconds in Double(secondOfDay(seconds) / 3600) }
        case .minute: part = { _, seconds in Double(secondOfDay(seconds) / 60 % 60) }
        default: return nil
        }
        return { value in
            // What does not fit becomes the smallest number, as on Go's amd64.
            let seconds = Int64(exactly: value.rounded(.towardZero)) ?? Int64.min / 2
            let days = seconds.flooringDivision(by: 86_400)
            return part(CivilDate(daysSince1970: days), seconds)
        }
    }

    private static func secondOfDay(_ seconds: Int64) -> Int64 {
        seconds - seconds.flooringDivision(by: 86_400) * 86_400
    }

    private static func daysInMonth(_ month: Int, of year: Int64) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
