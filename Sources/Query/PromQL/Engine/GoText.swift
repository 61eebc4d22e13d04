import Glibc
import Model

/// Numbers and texts as Go's `%g`, `%q` and its clock write them, since answers quote them so.
enum GoText {
    /// A number in the shortest form that reads back the same, or with so many digits: `%g`.
    static func general(_ value: Double, digits: Int? = nil) -> String {
        guard let digits else { return NumberText.general(value) }
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        guard value != 0 else { return value.sign == .minus ? "-0" : "0" }
        let (mantissa, exponent) = Self.rounded(value.magnitude, to: digits)
        let sign = value < 0 ? "-" : ""
        if exponent < -4 || exponent >= digits {
            let rest = mantissa.count > 1 ? "." + mantissa.dropFirst() : ""
            let power = exponent.magnitude < 10 ? "0\(exponent.magnitude)" : "\(exponent.magnitude)"
            return sign + mantissa.prefix(1) + rest + "e" + (exponent < 0 ? "-" : "+") + power
        }
        return sign + plain(mantissa, exponent)
    }

    /// A number without an exponent, in the shortest form that reads back the same: `%f`, -1.
    static func plain(_ value: Double) -> String { NumberText.fixed(value) }

    /// A number with six decimals: `%f`.
    static func fixed(_ value: Double) -> String { NumberText.sixPlaces(value) }

    /// The label of a quantile, as OpenMetrics writes floats: with a point.
    static func openMetrics(_ value: Double) -> String {
        let text = general(value)
        let isWhole = text.utf8.allSatisfy { ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x2d }
        return isWhole ? text + ".0" : text
    }

    /// A text in double quotes: `%q`.
    static func quoted(_ text: String) -> String { PromQL.quoted(text) }

    /// An instant in UTC, in whole seconds.
    static func seconds(_ milliseconds: Int64) -> String {
        let text = Timestamp(milliseconds: milliseconds / 1000 * 1000).description
        return text.hasSuffix(".000Z") ? text.dropLast(5) + "Z" : text
    }

    /// So many digits of a positive number without point, and the power of ten of the first.
    private static func rounded(_ value: Double, to digits: Int) -> (String, Int) {
        var buffer = [CChar](repeating: 0, count: 64)
        let length = unsafe withVaList([CInt(digits - 1), value]) {
            unsafe vsnprintf(&buffer, buffer.count, "%.*e", $0)
        }
        let bytes = buffer.prefix(Int(length)).map { UInt8(bitPattern: $0) }
        var text = String(decoding: bytes, as: UTF8.self)
        var exponent = 0
        if let mark = text.firstIndex(where: { $0 == "e" || $0 == "E" }) {
            exponent = Int(text[text.index(after: mark)...].drop { $0 == "+" }) ?? 0
            text = String(text[..<mark])
        }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let whole = String(parts[0])
        let fraction = parts.count > 1 ? String(parts[1]) : ""
        var all = whole + fraction
        exponent += whole.count - 1
        while all.count > 1, all.hasPrefix("0") {
            all.removeFirst()
            exponent -= 1
        }
        while all.count > 1, all.hasSuffix("0") { all.removeLast() }
        return (all, exponent)
    }

    private static func plain(_ mantissa: String, _ exponent: Int) -> String {
        if exponent < 0 { return "0." + String(repeating: "0", count: -exponent - 1) + mantissa }
        let zeros = max(0, exponent + 1 - mantissa.count)
        let whole = mantissa.prefix(exponent + 1) + String(repeating: "0", count: zeros)
        let rest = mantissa.dropFirst(exponent + 1)
        return rest.isEmpty ? String(whole) : whole + "." + rest
    }
}
