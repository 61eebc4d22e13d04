import Model

/// What a clock said beside its ticks: samples with instants of their own, late ones, histograms.
struct Loose {
    private(set) var samples: [UInt32: LooseColumn] = [:]
    private(set) var histograms: [UInt32: [HistogramPoint]] = [:]
    /// Counts what came.
    private(set) var version = 0

    mutating func insert(_ sample: LooseSample) {
        version += 1
        samples[sample.series.number, default: LooseColumn()].insert(sample.value, at: sample.time)
    }

    mutating func insert(_ histogram: PlacedHistogram) {
        version += 1
        let (series, point) = (histogram.series.number, histogram.point)
        var points = histograms.removeValue(forKey: series) ?? []
        var index = points.count
        while index > 0, points[index - 1].time >= point.time { index -= 1 }
        if index < points.count, points[index].time == point.time {
            points[index] = point
        } else {
            points.insert(point, at: index)
        }
        histograms[series] = points
    }

    /// Forgets what a series said in `range`.
    mutating func erase(_ series: UInt32, in range: ClosedRange<Timestamp>) {
        if var column = samples.removeValue(forKey: series) {
            column.erase(in: range)
            // An empty one stays until its time comes: that is when its home goes.
            samples[series] = column
        }
        histograms[series]?.removeAll { range.contains($0.time) }
    }

    /// Forgets what was said before `time`; gives back the series of which nothing is left.
    mutating func drop(before time: Timestamp) -> [UInt32] {
        var empty: Set<UInt32> = []
        for (series, column) in samples where column.first.map({ $0 < time }) ?? true {
            var column = column
            column.drop(before: time)
            samples[series] = column.isEmpty ? nil : column
            if column.isEmpty { empty.insert(series) }
        }
        for (series, points) in histograms where points.first.map({ $0.time < time }) ?? true {
            let left = Array(points.drop { $0.time < time })
            histograms[series] = left.isEmpty ? nil : left
            if left.isEmpty { empty.insert(series) }
        }
        return empty.filter { samples[$0] == nil && histograms[$0] == nil }
    }
}

extension [Timestamp] {
    /// The first index whose instant is not before `time`.
    func firstIndex(notBefore time: Timestamp) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < time { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The indices of the instants in `range`.
    func indices(in range: ClosedRange<Timestamp>) -> Range<Int> {
        let low = firstIndex(notBefore: range.lowerBound)
        var high = firstIndex(notBefore: range.upperBound)
        if high < count, self[high] == range.upperBound { high += 1 }
        return low..<Swift.max(low, high)
    }
}
