import Compression

/// Packs the body of `response` as `request` accepts it, or says how a stream is to be packed.
@discardableResult
func packBody(of response: inout ServerResponse, for request: ServerRequest) -> ContentCoding? {
    guard response.compression == .automatic, response.status >= 200, response.status != 204,
        response.status != 206, response.status != 304,
        response.fields["content-encoding"] == nil,
        isWorthPacking(response.fields["content-type"] ?? "")
    else { return nil }
    if case .bytes(let bytes) = response.body, bytes.count < smallestPacked { return nil }
    response.fields.append("Vary", "Accept-Encoding")
    guard let coding = request.fields["accept-encoding"].flatMap(acceptedCoding) else { return nil }
    if case .bytes(let bytes) = response.body {
        // Lost: a lack of memory, where the plain body does as well.
        guard let packed = try? compress(bytes, as: coding) else { return nil }
        response.body = .bytes(packed)
    }
    response.fields["Content-Encoding"] = coding.rawValue
    return coding
}

/// Below this, a packed body saves no packet.
private let smallestPacked = 1024

private func isWorthPacking(_ contentType: String) -> Bool {
    let type = mediaType(of: contentType).lowercased()
    return type.hasPrefix("text/") || type.hasSuffix("json") || type.hasSuffix("xml")
        || type.hasSuffix("javascript") || type == "application/openmetrics-text"
        || type == "application/vnd.google.protobuf"
}

/// The coding that `accepted` likes best; of those it likes as well, zstd, gzip, deflate.
func acceptedCoding(_ accepted: String) -> ContentCoding? {
    var weights: [String: Double] = [:]
    for entry in accepted.split(separator: ",") {
        let parts = entry.split(separator: ";").map { trimmed($0) }
        guard let name = parts.first else { continue }
        let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.map {
            Double($0.dropFirst(2)) ?? 0
        }
        weights[name.lowercased()] = weight ?? 1
    }
    let all = weights["*"] ?? 0
    var best: (coding: ContentCoding, weight: Double)?
    for coding in [ContentCoding.zstd, .gzip, .deflate] {
        let weight = weights[coding.rawValue] ?? all
        if weight > best?.weight ?? 0 { best = (coding, weight) }
    }
    return best?.coding
}

func trimmed(_ text: some StringProtocol) -> String {
    var rest = Substring(text)
    while let first = rest.first, first == " " || first == "\t" { rest.removeFirst() }
    while let last = rest.last, last == " " || last == "\t" { rest.removeLast() }
    return String(rest)
}

extension CORSPolicy {
    /// What an answer says to a browser; the words are Prometheus' own.
    func fields(for request: ServerRequest) -> HeaderFields {
        var fields: HeaderFields = ["Vary": "Origin"]
        guard let origin = request.fields["origin"] else { return fields }
        guard isAllowed.map({ $0(origin) }) ?? true else { return fields }
        fields.append("Access-Control-Allow-Headers", "Accept, Authorization, Content-Type, Origin")
        fields.append("Access-Control-Allow-Methods", "GET, POST, OPTIONS")
        fields.append("Access-Control-Allow-Origin", isAllowed == nil ? "*" : origin)
        fields.append("Access-Control-Expose-Headers", "Date")
        return fields
    }
}
