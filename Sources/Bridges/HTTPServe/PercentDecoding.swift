/// An escape that is none, such as `%zz` or a `%` at the end.
struct BadEscape: Error, Equatable {
    let escape: String
}

/// `text` with each `%xx` replaced by its byte, once; with `plusIsBlank` also `+` by a blank.
func percentDecode(
    _ text: some Collection<UInt8>, plusIsBlank: Bool = false
) -> Result<String, BadEscape> {
    if !text.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) {
        return .success(String(decoding: text, as: UTF8.self))
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count)
    var rest = text[...]
    while let byte = rest.popFirst() {
        switch byte {
        case UInt8(ascii: "%"):
            guard let high = rest.first.flatMap(hexDigit),
                let low = rest.dropFirst().first.flatMap(hexDigit)
            else {
                let shown = [byte] + rest.prefix(2)
                return .failure(BadEscape(escape: String(decoding: shown, as: UTF8.self)))
            }
            bytes.append(high << 4 | low)
            rest = rest.dropFirst(2)
        case UInt8(ascii: "+") where plusIsBlank: bytes.append(UInt8(ascii: " "))
        default: bytes.append(byte)
        }
    }
    return .success(String(decoding: bytes, as: UTF8.self))
}

private func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
