// Go changes the case of each character for itself, by Unicode's simple mappings; Swift's own
// `uppercased` makes "SS" of "ß". A label's value has to be the same as Prometheus's.
extension String {
    /// The text with each character in its simple lower case.
    var simpleLowercase: String {
        mapped(ascii: UInt8(ascii: "A")...UInt8(ascii: "Z")) { scalar in
            // The only one that has a simple lower case beside a longer one.
            if scalar == "\u{130}" { return "i" }
            return Self.single(scalar.properties.lowercaseMapping) ?? scalar
        }
    }

    /// The text with each character in its simple upper case.
    var simpleUppercase: String {
        mapped(ascii: UInt8(ascii: "a")...UInt8(ascii: "z")) { scalar in
            // Greek letters with a iota below have a simple upper case, and it is the title case.
            Self.single(scalar.properties.uppercaseMapping)
                ?? Self.single(scalar.properties.titlecaseMapping) ?? scalar
        }
    }

    private func mapped(
        ascii changing: ClosedRange<UInt8>, _ change: (Unicode.Scalar) -> Unicode.Scalar
    ) -> String {
        guard utf8.contains(where: { $0 >= 0x80 || changing.contains($0) }) else { return self }
        var result = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            result.append(
                scalar.isASCII
                    ? (changing.contains(UInt8(scalar.value))
                        ? Unicode.Scalar(UInt8(scalar.value) ^ 0x20) : scalar)
                    : change(scalar))
        }
        return String(result)
    }

    private static func single(_ text: String) -> Unicode.Scalar? {
        let scalars = text.unicodeScalars
        return scalars.count == 1 ? scalars.first : nil
    }
}
