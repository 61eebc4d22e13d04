import Model

/// What all senders have said and nobody has been told yet.
struct Intake: ~Copyable {
    private(set) var senders: [Sender] = []
    private var sendersByKey: [ClockKey: Int] = [:]
    private var table = SeriesTable()
    /// Those that have something to say.
    private var waiting: Set<Int> = []
    /// How many samples wait.
    private(set) var waitingSamples = 0
    private(set) var round: UInt32 = 1

    /// How many series are known.
    var seriesCount: Int { table.entries.count }

    /// Takes what of `request` can be taken, and says how much that was.
    mutating func take(_ request: WriteRequest) -> Written {
        var written = Written()
        for part in request.parts {
            if let fault = part.fault {
                written.refusals.append(fault)
                continue
            }
            let found = request.withKey(part) { find($0) }
            let index: Int
            switch found {
            case .success(let place): index = place
            case .failure(let fault):
                written.refusals.append(fault.reason)
                continue
            }
            take(part, of: request, index, &written)
        }
        for family in request.families {
            // Nobody says whose they are.
            let index = sender(ClockKey(kind: .sender, name: "", place: ""))
            senders[index].take(family.family, family.metadata)
            waiting.insert(index)
        }
        waitingSamples += written.samples + written.histograms
        return written
    }

    private mutating func take(
        _ part: WriteRequest.Part, of request: borrowing WriteRequest, _ index: Int,
        _ written: inout Written
    ) {
        table.touch(index, round)
        let (sender, number) = (table.entries[index].sender, table.entries[index].number)
        waiting.insert(sender)
        for sample in part.samples {
            senders[sender].take(number, request.values[sample], at: request.times[sample])
        }
        for histogram in part.histograms {
            let (time, histogram) = request.histograms[histogram]
            senders[sender].take(number, histogram, at: time)
        }
        for exemplar in part.exemplars { senders[sender].take(number, request.exemplars[exemplar]) }
        if let said = part.metadata, isNews(said, of: request, index),
            let (family, metadata) = request.family(of: part)
        {
            senders[sender].take(family, metadata)
        }
        written.samples += part.samples.count
        written.histograms += part.histograms.count
        written.exemplars += part.exemplars.count
    }

    private mutating func isNews(
        _ said: WriteRequest.MetadataPart, of request: borrowing WriteRequest, _ index: Int
    ) -> Bool {
        let bytes = request.bytes.span
        let help = table.hash(bytes.extracting(said.help))
        let unit = table.hash(bytes.extracting(said.unit))
        return table.isNews(help &* 31 &+ unit &+ said.type.rawNumber, of: index)
    }

    private mutating func find(_ key: Span<UInt8>) -> Result<Int, LabelFault> {
        let hash = table.hash(key)
        if let index = table.find(key, hash: hash) { return .success(index) }
        do { return .success(try add(key, hash: hash)) } catch { return .failure(error) }
    }

    /// Adds the series that `key` names; its labels may stand there in another order than here.
    private mutating func add(_ key: Span<UInt8>, hash: UInt64) throws(LabelFault) -> Int {
        let given = try SeriesKey.labels(key)
        let labels = Labels(given)
        guard labels.count == given.count else {
            throw LabelFault(reason: "a label stands twice in \(labels)")
        }
        guard !labels.contains(where: \.name.isEmpty) else {
            throw LabelFault(reason: "a label without a name in \(labels)")
        }
        guard !labels.metric.isEmpty else {
            throw LabelFault(reason: "a series without a metric's name: \(labels)")
        }
        let isInOrder = zip(given, labels).allSatisfy { $0 == $1 }
        if !isInOrder {
            let sorted = SeriesKey.key(of: labels)
            let hash = table.hash(sorted.span)
            if let index = table.find(sorted.span, hash: hash) { return index }
            return add(labels, sorted.span, hash: hash)
        }
        return add(labels, key, hash: hash)
    }

    private mutating func add(_ labels: Labels, _ key: Span<UInt8>, hash: UInt64) -> Int {
        let index = sender(
            ClockKey(
                kind: .sender, name: labels[LabelName.job], place: labels[LabelName.instance]))
        let number = senders[index].add(labels)
        return table.add(key, hash: hash, sender: index, number: number)
    }

    private mutating func sender(_ key: ClockKey) -> Int {
        if let index = sendersByKey[key] { return index }
        senders.append(Sender(key))
        sendersByKey[key] = senders.count - 1
        return senders.count - 1
    }

    // MARK: Telling it

    /// Takes away what waits, by sender; a new round begins.
    mutating func drain() -> [(sender: Int, what: Sender.Drained)] {
        let all = waiting.sorted().map { ($0, senders[$0].drain()) }
        waiting.removeAll(keepingCapacity: true)
        waitingSamples = 0
        round &+= 1
        return all
    }

    mutating func told(_ drained: Sender.Drained, by sender: Int) { senders[sender].told(drained) }

    mutating func restore(_ drained: Sender.Drained, of sender: Int) {
        senders[sender].restore(drained)
        waiting.insert(sender)
    }

    mutating func setClock(_ clock: any SampleClock, of sender: Int) {
        senders[sender].clock = clock
    }

    /// Forgets series that said nothing since `round`, and gives back the clocks of senders that
    /// have none left.
    mutating func forget(before round: UInt32) -> [any SampleClock] {
        for entry in table.entries where entry.round < round {
            senders[entry.sender].remove(entry.number)
            waiting.insert(entry.sender)
        }
        table.removeAll { $0.round < round }
        var closed: [any SampleClock] = []
        for index in senders.indices where senders[index].seriesCount == 0 {
            guard let clock = senders[index].clock, senders[index].ticks.isEmpty else { continue }
            closed.append(clock)
            waiting.remove(index)
            senders[index] = Sender(senders[index].key)
        }
        return closed
    }
}

extension MetricType {
    fileprivate var rawNumber: UInt64 { UInt64(Self.allCases.firstIndex(of: self) ?? 0) }
}

extension WriteRequest {
    /// The family that the metadata of `part` speaks of: the metric's name, without what its kind
    /// adds to it.
    fileprivate func family(of part: Part) -> (String, MetricMetadata)? {
        // Lost: why a key that was read before cannot be read now, which is never so.
        guard let said = part.metadata,
            let labels = try? SeriesKey.labels(keys.span.extracting(part.key)),
            let name = labels.first(where: { $0.name == LabelName.metric })?.value
        else { return nil }
        let endings: [String] =
            switch said.type {
            case .histogram, .gaugehistogram: ["_bucket", "_count", "_sum"]
            case .summary: ["_count", "_sum"]
            default: []
            }
        let ending = endings.first { name.hasSuffix($0) && name.utf8.count > $0.utf8.count }
        let metadata = MetricMetadata(
            type: said.type, unit: String(decoding: bytes[said.unit], as: UTF8.self),
            help: String(decoding: bytes[said.help], as: UTF8.self))
        return (String(name.dropLast(ending?.count ?? 0)), metadata)
    }
}
