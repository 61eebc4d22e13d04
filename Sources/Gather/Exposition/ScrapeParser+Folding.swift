import Model

/// What a sample of a classic histogram tells of the native one that it becomes a part of.
struct HistogramPart {
    enum Kind {
        case bucket(Double)
        case count
        case sum
    }

    let kind: Kind
    /// The number of the native histogram's series.
    let histogram: UInt32
}

// Classic histograms become native ones whose buckets end where the classic ones did.
extension ScrapeParser {
    /// Notes what a series that is new means for a native histogram; true where the series is not
    /// told itself.
    mutating func notePart(_ number: UInt32, _ labels: Labels) -> Bool {
        while parts.count <= Int(number) { parts.append(nil) }
        parts[Int(number)] = nil
        guard !message.isBesideNative, let (kind, name) = part(labels) else { return false }
        var base = LabelsBuilder(labels)
        base[LabelName.metric] = name
        base[LabelName.bucketBound] = ""
        parts[Int(number)] = HistogramPart(kind: kind, histogram: histogram(Labels(base)))
        guard !options.keepsClassicHistograms else { return false }
        batch.folded.append(number)
        return true
    }

    private func part(_ labels: Labels) -> (HistogramPart.Kind, name: String)? {
        let metric = labels.metric
        func family(_ suffix: String) -> String? {
            guard let name = metric.dropping(suffix: suffix) else { return nil }
            let type = format == .protobuf ? message.type : known[name]?.type
            return type == .histogram ? name : nil
        }
        if let name = family("_bucket") {
            let bound = labels[LabelName.bucketBound]
            guard let value = FloatScanner.value(of: bound.utf8Span.span), !value.isNaN else {
                return nil
            }
            return (.bucket(value), name)
        }
        if let name = family("_count") { return (.count, name) }
        return family("_sum").map { (.sum, $0) }
    }

    /// The number of a native histogram's series, by its labels.
    private mutating func histogram(_ labels: Labels) -> UInt32 {
        // No line and no message's key begins with this byte.
        let key = [0xfd] + Array(labels.description.utf8)
        let hash = keyHash.of(key.span)
        if let known = table.number(of: key.span, hash: hash) { return known }
        let added = insert(key.span, hash: hash)
        while parts.count <= Int(added) { parts.append(nil) }
        parts[Int(added)] = nil
        batch.newSeries.append(NewSeries(number: added, labels: labels))
        return added
    }

    /// Makes the native histograms of the samples that were read.
    mutating func fold() {
        var foldings: [UInt32: HistogramFolding] = [:]
        var order: [UInt32] = []
        let count = isLearning ? nextSeries.count : batch.series.count
        for index in 0..<count {
            let series = isLearning ? nextSeries[index] : batch.series[index]
            guard Int(series) < parts.count, let part = parts[Int(series)] else { continue }
            let value = isLearning ? nextValues[index] : batch.values[index]
            if foldings[part.histogram] == nil { order.append(part.histogram) }
            var folding = foldings.removeValue(forKey: part.histogram) ?? HistogramFolding()
            folding.add(part.kind, value, time: time(of: index))
            foldings[part.histogram] = folding
        }
        guard !order.isEmpty else { return }
        for number in order {
            // Its parts are there, so its number goes on to mean the same.
            if isLearning { lastSeen[Int(number)] = changes }
            guard let folding = foldings[number], let histogram = folding.histogram else {
                continue
            }
            batch.histograms.append(
                HistogramSample(
                    series: number, time: folding.time.map { Timestamp(milliseconds: $0) },
                    histogram: histogram))
        }
        foldExemplars()
    }

    private func time(of index: Int) -> Int64? {
        let count = isLearning ? nextTimes.count : batch.times.count
        guard index < count else { return nil }
        let time = isLearning ? nextTimes[index] : batch.times[index]
        return time == ScrapeBatch.noTime ? nil : time
    }

    /// Exemplars of parts are the native histogram's.
    private mutating func foldExemplars() {
        for index in batch.exemplars.indices {
            let old = batch.exemplars[index]
            guard Int(old.series) < parts.count, let part = parts[Int(old.series)] else { continue }
            batch.exemplars[index] = Exemplar(
                series: part.histogram, labels: old.labels, value: old.value, time: old.time)
        }
    }
}

/// The samples of one classic histogram, gathered until all are there.
struct HistogramFolding {
    private var buckets: [(bound: Double, count: Double)] = []
    private var count: Double?
    private var sum = 0.0
    private var isUnsound = false
    /// When, in milliseconds, where the samples say so.
    private(set) var time: Int64?

    init() {}

    mutating func add(_ kind: HistogramPart.Kind, _ value: Double, time: Int64?) {
        self.time = time ?? self.time
        switch kind {
        case .sum: sum = value
        case .count:
            if value < 0 { isUnsound = true }
            count = value
        case .bucket(let bound): add(bound, value)
        }
    }

    /// Buckets mostly come in order; one that comes twice counts once.
    private mutating func add(_ bound: Double, _ value: Double) {
        if value < 0 { isUnsound = true }
        var place = buckets.count
        while place > 0, buckets[place - 1].bound >= bound { place -= 1 }
        if place < buckets.count, buckets[place].bound == bound { return }
        if place > 0, value < buckets[place - 1].count { isUnsound = true }
        if place < buckets.count, value > buckets[place].count { isUnsound = true }
        buckets.insert((bound, value), at: place)
    }

    /// The native histogram; `nil` where the samples contradict each other.
    var histogram: NativeHistogram? {
        guard !isUnsound, let count = count ?? buckets.last?.count else { return nil }
        var buckets = buckets
        if buckets.last?.bound ?? 0 != .infinity { buckets.append((.infinity, count)) }
        guard buckets.last?.count == count, !count.isNaN else { return nil }
        var histogram = NativeHistogram()
        histogram.schema = NativeHistogram.customSchema
        histogram.count = count
        histogram.sum = sum
        histogram.customBounds = buckets.dropLast().map(\.bound)
        var below = 0.0
        let counts = buckets.map { bucket in
            defer { below = bucket.count }
            return bucket.count - below
        }
        // What the sum of whole counts may be and still be told exactly.
        let isWhole = buckets.allSatisfy {
            $0.count == $0.count.rounded() && $0.count < 9_007_199_254_740_992
        }
        // Short runs of empty buckets cost less than another span.
        let used = BucketRuns(counts, longestGap: isWhole ? 2 : 0)
        histogram.positiveSpans = used.spans
        histogram.positive = isWhole ? .deltas(used.deltas) : .counts(used.counts)
        return histogram
    }
}

/// Counts of buckets that lie side by side, without long runs of empty ones.
struct BucketRuns {
    private(set) var spans: [NativeHistogram.Span] = []
    private(set) var counts: [Double] = []

    /// Leaves out runs of more than `longestGap` empty buckets, and those at both ends.
    init(_ all: [Double], longestGap: Int) {
        var (offset, length, empty) = (0, 0, 0)
        for count in all {
            guard count != 0 else {
                empty += 1
                continue
            }
            if length > 0, empty <= longestGap {
                counts += [Double](repeating: 0, count: empty)
                length += empty
            } else {
                close(offset: offset, length: length)
                (offset, length) = (empty, 0)
            }
            counts.append(count)
            length += 1
            empty = 0
        }
        close(offset: offset, length: length)
    }

    private mutating func close(offset: Int, length: Int) {
        guard length > 0 else { return }
        spans.append(NativeHistogram.Span(offset: Int32(offset), length: UInt32(length)))
    }

    /// The counts as differences, where all of them are whole.
    var deltas: [Int64] {
        var before: Int64 = 0
        return counts.map { count in
            let whole = Int64(count)
            defer { before = whole }
            return whole - before
        }
    }
}
