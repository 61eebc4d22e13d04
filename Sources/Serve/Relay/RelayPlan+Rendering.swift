import Compression
import Head
import Model
import Telemetry
import Threads

extension RelayPlan {
    /// The segment at `index` as it is now: made, where one of its clocks has moved since it was
    /// made last, and else as it was.
    ///
    /// With `isOpen` something of its first family stands before it.
    func rendering(
        of index: Int, isOpen: Bool, _ style: RelayStyle, _ relay: Relay,
        _ snapshot: RelaySnapshot, _ maximumAge: TimeSpan
    ) throws(SourceError) -> Rendering {
        let segment = segments[index]
        let now = relay.now()
        return try workshop.withLock { shop throws(SourceError) in
            let known = shop.renderings[index]
            if let known, known.hadHeader == isOpen, now <= known.validUntil {
                // Another reader may have been ahead.
                if known.snapshot >= snapshot.number {
                    relay.metrics.shared.add(1)
                    return known
                }
                if known.fingerprint == fingerprint(of: segment, in: snapshot.clocks) {
                    relay.metrics.shared.add(1)
                    return known
                }
            }
            var text = RelayText(style, exemplars: style.exemplars(snapshot, relay.head))
            text.bytes = shop.bytes
            shop.bytes = []
            text.bytes.removeAll(keepingCapacity: true)
            var reader = LiveReader(relay.head, snapshot.clocks, since: now - maximumAge)
            var isFirst = isOpen
            for run in runs[segment.runs] {
                text.begin(families[run.family], isOpen: isFirst)
                isFirst = false
                reader.read(series[run.start..<run.end], into: &text)
            }
            let oldest = reader.oldestRead
            let rendering = Rendering(
                packed: try shop.pack(text.bytes), hadHeader: isOpen, endsOpen: text.isOpen,
                fingerprint: fingerprint(of: segment, in: snapshot.clocks),
                snapshot: snapshot.number,
                validUntil: oldest == .distantFuture ? oldest : oldest + maximumAge)
            shop.bytes = text.bytes
            shop.renderings[index] = rendering
            relay.metrics.made.add(1)
            return rendering
        }
    }

    /// `text` as a segment of its own.
    func pack(_ text: [UInt8]) throws(SourceError) -> GzipSegment {
        try workshop.withLock { shop throws(SourceError) in try shop.pack(text) }
    }

    /// Whether a clock of the segment has moved since.
    func hasMoved(
        _ segment: Segment, _ now: LiveClocks, since: [LiveVersion?]
    ) -> Bool {
        clocks[segment.clocks].contains { clock in
            let clock = Int(clock)
            return clock >= since.count || since[clock] != now.version(of: clock)
        }
    }
}

extension RelayPlan.Workshop {
    mutating func pack(_ text: [UInt8]) throws(SourceError) -> GzipSegment {
        var packer: GzipPacker
        if let own = self.packer.take() {
            packer = own
        } else {
            do { packer = try GzipPacker() } catch { throw .unavailable(reason: "\(error)") }
        }
        let packed = packer.pack(text)
        self.packer = consume packer
        return packed
    }
}
