extension Timestamp {
    /// Reads `2026-01-02T03:04:05.678Z`, with any offset instead of `Z`, or a date alone, which is
    /// its first instant in UTC; `nil` where it is none of these.
    ///
    /// Digits behind the third of a second are dropped.
    public init?(rfc3339 text: String) {
        var reader = DateReader(bytes: Array(text.utf8))
        guard let year = reader.number(4), reader.take("-"), let month = reader.number(2),
            reader.take("-"), let day = reader.number(2),
            let days = CivilDate.days(year: year, month: month, day: day)
        else { return nil }
        guard !reader.isAtEnd else {
            self.init(milliseconds: days * 86_400_000)
            return
        }
        guard reader.take("T") || reader.take("t") || reader.take(" "),
            let hour = reader.number(2), hour < 24, reader.take(":"),
            let minute = reader.number(2), minute < 60, reader.take(":"),
            let second = reader.number(2), second < 60,
            let fraction = reader.fraction(), let offset = reader.offset(), reader.isAtEnd
        else { return nil }
        let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset
        self.init(milliseconds: seconds * 1000 + fraction)
    }
}

extension CivilDate {
    /// The days from 1970-01-01 to this date, or `nil` where there is no such date.
    static func days(year: Int64, month: Int64, day: Int64) -> Int64? {
        guard (1...12).contains(month), (1...31).contains(day) else { return nil }
        // Years that begin on 1 March, so that the leap day comes last.
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted.flooringDivision(by: 400)
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * 146_097 + dayOfEra - 719_468
        // 30 February comes back as 2 March, and so shows itself.
        let back = CivilDate(daysSince1970: days)
        return back.month == Int(month) && back.day == Int(day) ? days : nil
    }
}

/// Walks over the digits and signs of a date.
private struct DateReader {
    let bytes: [UInt8]
    var at = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { at == bytes.count }

    mutating func take(_ sign: Unicode.Scalar) -> Bool {
        guard at < bytes.count, bytes[at] == UInt8(ascii: sign) else { return false }
        at += 1
        return true
    }

    mutating func number(_ digits: Int) -> Int64? {
        guard at + digits <= bytes.count else { return nil }
        var value: Int64 = 0
        for byte in bytes[at..<(at + digits)] {
            guard (0x30...0x39).contains(byte) else { return nil }
            value = value * 10 + Int64(byte - 0x30)
        }
        at += digits
        return value
    }

    /// Milliseconds of `.678…`, zero where there is no fraction.
    mutating func fraction() -> Int64? {
        guard take(".") else { return 0 }
        var (value, scale): (Int64, Int64) = (0, 100)
        let start = at
        while let digit = number(1) {
            value += digit * scale
            scale /= 10
        }
        return at > start ? value : nil
    }

    /// Seconds east of UTC.
    mutating func offset() -> Int64? {
        if take("Z") || take("z") { return 0 }
        let sign: Int64 = take("+") ? 1 : take("-") ? -1 : 0
        guard sign != 0, let hours = number(2), hours < 24, take(":"), let minutes = number(2),
            minutes < 60
        else { return nil }
        return sign * (hours * 3600 + minutes * 60)
    }
}
