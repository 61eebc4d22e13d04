import Glibc
import Model

/// A block as Prometheus keeps them on disk, of samples that are made while it is written: chunks
/// of 120 samples in Gorilla's encoding, and an index.
///
/// `promtool tsdb create-blocks-from openmetrics` makes the same of a text, for which a farm's two
/// hours would be 17 GB long. `promtool tsdb analyze` and the answers say whether it is right.
struct PrometheusBlock {
    private let folder: String
    private let name: String
    private var series: [(labels: Labels, chunks: [Chunk])] = []
    private var segment: [UInt8] = []
    private var segments = 0
    private var samples = 0
    private var times: (first: Int64, last: Int64) = (.max, .min)

    /// A chunk's place and what it spans.
    private struct Chunk {
        let first: Int64
        let last: Int64
        let reference: UInt64
    }

    private static let segmentSize = 512 << 20

    /// A block in the folder `data` of a Prometheus; `number` tells it from others.
    init(in data: String, number: Int = 1) {
        let digits = String(number)
        name = "01HGW" + String(repeating: "0", count: 21 - digits.utf8.count) + digits
        folder = data + "/" + name
        mkdir(data, 0o755)
        mkdir(folder, 0o755)
        mkdir(folder + "/chunks", 0o755)
        beginSegment()
    }

    // MARK: Chunks

    /// Adds a series: label sets come in their order.
    mutating func add(_ labels: Labels, _ times: [Int64], _ values: [Double]) throws {
        var chunks: [Chunk] = []
        var start = 0
        while start < times.count {
            let end = min(start + 120, times.count)
            var bits = BitWriter()
            Self.encode(times[start..<end], values[start..<end], into: &bits)
            if segment.count + bits.bytes.count + 16 > Self.segmentSize { try endSegment() }
            chunks.append(
                Chunk(
                    first: times[start], last: times[end - 1],
                    reference: UInt64(segments) << 32 | UInt64(segment.count)))
            segment.appendVariable(UInt64(bits.bytes.count))
            let body = segment.count
            segment.append(1)
            segment += bits.bytes
            segment.append(Checksum.castagnoli(segment[body...]), 4)
            start = end
        }
        samples += times.count
        self.times.first = min(self.times.first, times.first ?? .max)
        self.times.last = max(self.times.last, times.last ?? .min)
        series.append((labels, chunks))
    }

    private mutating func beginSegment() {
        segment = [0x85, 0xBD, 0x40, 0xDD, 1, 0, 0, 0]
    }

    private mutating func endSegment() throws {
        segments += 1
        let digits = String(segments)
        let zeros = String(repeating: "0", count: 6 - digits.utf8.count)
        try write(segment, to: "chunks/\(zeros)\(digits)")
        beginSegment()
    }

    private static func encode(
        _ times: ArraySlice<Int64>, _ values: ArraySlice<Double>, into bits: inout BitWriter
    ) {
        bits.add(UInt64(times.count), 16)
        var (time, delta, value) = (Int64(0), Int64(0), UInt64(0))
        var (leading, trailing) = (0xff, 0)
        for (index, place) in times.indices.enumerated() {
            let (nextTime, next) = (times[place], values[place].bitPattern)
            switch index {
            case 0:
                bits.addVariable(UInt64(bitPattern: (nextTime << 1) ^ (nextTime >> 63)))
                bits.add(next, 64)
            case 1:
                delta = nextTime - time
                bits.addVariable(UInt64(delta))
            default:
                let change = nextTime - time - delta
                delta = nextTime - time
                bits.addChange(change)
            }
            if index > 0 { bits.addXOR(next ^ value, &leading, &trailing) }
            (time, value) = (nextTime, next)
        }
    }

    // MARK: Index

    /// Writes what is left; the block is whole then.
    consuming func finish() throws {
        try endSegment()
        try write(index(), to: "index")
        try write(
            Array(
                """
                {"ulid":"\(name)","minTime":\(times.first),"maxTime":\(times.last + 1),\
                "stats":{"numSamples":\(samples),"numSeries":\(series.count),\
                "numChunks":\(series.reduce(0) { $0 + $1.chunks.count })},\
                "compaction":{"level":1,"sources":["\(name)"]},"version":1}
                """.utf8), to: "meta.json")
    }

    private func index() -> [UInt8] {
        var bytes: [UInt8] = [0xBA, 0xAA, 0xD7, 0x00, 2]
        var texts: Set<String> = []
        for (labels, _) in series {
            for label in labels {
                texts.insert(label.name)
                texts.insert(label.value)
            }
        }
        let symbols = texts.sorted { $0.isBytewiseLess(than: $1) }
        let numbers = Dictionary(
            uniqueKeysWithValues: symbols.enumerated().map { ($1, UInt64($0)) })
        let symbolsStart = bytes.count
        bytes.appendSection { body in
            body.append(UInt64(symbols.count), 4)
            for symbol in symbols { body.appendText(symbol) }
        }
        let seriesStart = bytes.count
        var all: [UInt32] = []
        var postings: [Label: [UInt32]] = [:]
        for (labels, chunks) in series {
            while bytes.count % 16 != 0 { bytes.append(0) }
            let reference = UInt32(bytes.count / 16)
            all.append(reference)
            for label in labels { postings[label, default: []].append(reference) }
            Self.append(labels, chunks, numbers, to: &bytes)
        }
        while bytes.count % 4 != 0 { bytes.append(0) }
        let postingsStart = bytes.count
        var places = [(Label("", ""), UInt64(bytes.count))]
        bytes.appendPostings(all)
        let pairs = postings.keys.sorted {
            let order = $0.name.byteOrder(before: $1.name)
            return order == 0 ? $0.value.isBytewiseLess(than: $1.value) : order < 0
        }
        for pair in pairs {
            places.append((pair, UInt64(bytes.count)))
            bytes.appendPostings(postings[pair] ?? [])
        }
        let tableStart = bytes.count
        bytes.appendSection { body in
            body.append(UInt64(places.count), 4)
            for (pair, place) in places {
                body.append(2)
                body.appendText(pair.name)
                body.appendText(pair.value)
                body.appendVariable(place)
            }
        }
        let contents = bytes.count
        for place in [symbolsStart, seriesStart, 0, postingsStart, 0, tableStart] {
            bytes.append(UInt64(place), 8)
        }
        bytes.append(Checksum.castagnoli(bytes[contents...]), 4)
        return bytes
    }

    private static func append(
        _ labels: Labels, _ chunks: [Chunk], _ numbers: [String: UInt64], to bytes: inout [UInt8]
    ) {
        var body: [UInt8] = []
        body.appendVariable(UInt64(labels.count))
        for label in labels {
            body.appendVariable(numbers[label.name] ?? 0)
            body.appendVariable(numbers[label.value] ?? 0)
        }
        body.appendVariable(UInt64(chunks.count))
        var before: Chunk?
        for chunk in chunks {
            if let before {
                body.appendVariable(UInt64(chunk.first - before.last))
                body.appendVariable(UInt64(chunk.last - chunk.first))
                let step = Int64(chunk.reference) - Int64(before.reference)
                body.appendVariable(UInt64(bitPattern: (step << 1) ^ (step >> 63)))
            } else {
                body.appendVariable(UInt64(bitPattern: (chunk.first << 1) ^ (chunk.first >> 63)))
                body.appendVariable(UInt64(chunk.last - chunk.first))
                body.appendVariable(chunk.reference)
            }
            before = chunk
        }
        bytes.appendVariable(UInt64(body.count))
        bytes += body
        bytes.append(Checksum.castagnoli(body[...]), 4)
    }

    private func write(_ bytes: [UInt8], to path: String) throws {
        guard let file = fopen(folder + "/" + path, "w") else {
            throw PeerError(description: "cannot write \(folder)/\(path)")
        }
        defer { fclose(file) }
        guard fwrite(bytes, 1, bytes.count, file) == bytes.count else {
            throw PeerError(description: "cannot write \(folder)/\(path)")
        }
    }
}
