import Compression
import Exposition
import Head
public import Model
import Telemetry
import Threads

/// One body, piece by piece; a reader that takes its time keeps no samples in memory.
public struct RelayBody: Sendable {
    /// About as much as a socket takes at once.
    private static let pieceSize = 64 << 10

    /// What tells this body from the one before: the same as long as no target said anything new.
    ///
    /// Weir's own metrics are not looked at, so it is a weak one.
    public let tag: String
    /// What to ask for what is new since this body.
    public let cursor: String
    /// Whether the pieces are gzip.
    public let isPacked: Bool
    /// Whether the body holds only what is new.
    public let isPart: Bool

    private let relay: Relay
    private let reader: RelayReader
    private let plan: RelayPlan
    private let style: RelayStyle
    private let own: RelayOwn
    private let maximumAge: TimeSpan
    /// Where one of many readers goes on with what came meanwhile, this is `nil`.
    private let snapshot: RelaySnapshot?
    private let since: [LiveVersion?]?
    private let isShared: Bool

    private var nextStep = 0
    /// The family of which something was said last.
    private var openFamily = -1
    private var gzip = GzipBody()
    private var messages: RelayMessages?
    private var messageFamily = -1
    private var hasEnded = false

    init(
        _ relay: Relay, _ reader: RelayReader, _ plan: RelayPlan, _ question: RelayQuestion,
        _ snapshot: RelaySnapshot, since: [LiveVersion?]?, isShared: Bool
    ) {
        self.relay = relay
        self.reader = reader
        self.plan = plan
        style = RelayStyle(question)
        own = RelayOwn(question.own)
        maximumAge = question.maximumAge
        self.since = since
        self.isShared = isShared
        self.snapshot = isShared ? nil : snapshot
        isPacked = isShared && question.takesGzip
        isPart = since != nil
        cursor = snapshot.cursor
        let oldest = relay.now() - question.maximumAge
        tag = Self.tag(
            plan, question, snapshot, isPacked: isPacked, oldest: oldest, now: relay.now())
        relay.metrics.conflicts.set(Double(plan.conflicts))
    }

    private static func tag(
        _ plan: RelayPlan, _ question: RelayQuestion, _ snapshot: RelaySnapshot, isPacked: Bool,
        oldest: Timestamp, now: Timestamp
    ) -> String {
        var hasher = Hasher()
        hasher.combine(plan.basis)
        hasher.combine(ViewKey(question))
        hasher.combine(isPacked)
        hasher.combine(question.cursor)
        var hasLoose = false
        for clock in plan.speakers {
            hasher.combine(clock)
            hasher.combine(snapshot.clocks.version(of: Int(clock)))
            hasher.combine(snapshot.clocks.isSpeaking(Int(clock), since: oldest))
            if snapshot.clocks.hasLoose(Int(clock)) { hasLoose = true }
        }
        // Samples with times of their own grow too old one by one.
        if hasLoose { hasher.combine(now.milliseconds / 1000) }
        return "W/\"" + String(UInt(bitPattern: hasher.finalize()), radix: 36) + "\""
    }

    /// The next piece, `nil` behind the last one.
    public mutating func next() throws(SourceError) -> [UInt8]? {
        guard !hasEnded else { return nil }
        // The first piece leaves as soon as there is anything.
        let wanted = nextStep == 0 ? 1 : Self.pieceSize
        var piece: [UInt8] = nextStep == 0 && isPacked ? GzipBody.start : []
        let before = piece.count
        while nextStep < plan.steps.count, piece.count - before < wanted {
            if Task.isCancelled { throw .cancelled }
            let step = plan.steps[nextStep]
            nextStep += 1
            try add(step, to: &piece)
        }
        guard nextStep == plan.steps.count else { return piece }
        hasEnded = true
        piece += messages?.finish() ?? []
        if style.format.isOpenMetrics { try add(Array("# EOF\n".utf8), to: &piece) }
        if isPacked { piece += gzip.end }
        return piece
    }

    private mutating func add(
        _ step: RelayPlan.Step, to piece: inout [UInt8]
    ) throws(SourceError) {
        if style.format == .protobuf { return addMessages(step, to: &piece) }
        switch step {
        case .own(let family):
            let shown = plan.families[family].family
            let points = own.points(of: shown)
            guard !points.isEmpty else { return }
            openFamily = family
            var writer = ExpositionWriter(style.format, escaping: style.escaping)
            writer.write(MetricFamily(shown.name, shown.metadata, points))
            try add(writer.bytes, to: &piece)
        case .segment(let index):
            if isShared { try addShared(index, to: &piece) } else { addOwn(index, to: &piece) }
        }
    }

    private mutating func add(_ text: [UInt8], to piece: inout [UInt8]) throws(SourceError) {
        guard isPacked else {
            piece += text
            return
        }
        let packed = try plan.pack(text)
        gzip.add(packed)
        piece += packed.bytes
    }

    /// A segment that all readers share.
    private mutating func addShared(_ index: Int, to piece: inout [UInt8]) throws(SourceError) {
        let segment = plan.segments[index]
        let first = plan.runs[segment.runs.lowerBound].family
        let rendering = try plan.rendering(
            of: index, isOpen: openFamily == first, style, relay, relay.latestSnapshot,
            maximumAge)
        if rendering.endsOpen { openFamily = plan.runs[segment.runs.upperBound - 1].family }
        if isPacked {
            gzip.add(rendering.packed)
            piece += rendering.packed.bytes
        } else {
            do { piece += try rendering.packed.unpacked() } catch {
                throw .unavailable(reason: "\(error)")
            }
        }
    }

    /// A segment for this reader alone.
    private mutating func addOwn(_ index: Int, to piece: inout [UInt8]) {
        guard let snapshot else { return }
        let segment = plan.segments[index]
        if let since, !plan.hasMoved(segment, snapshot.clocks, since: since) { return }
        var text = RelayText(style, exemplars: style.exemplars(snapshot, relay.head))
        swap(&text.bytes, &piece)
        var reader = LiveReader(relay.head, snapshot.clocks, since: relay.now() - maximumAge)
        reader.since = since
        for run in plan.runs[segment.runs] {
            text.begin(plan.families[run.family], isOpen: openFamily == run.family)
            reader.read(plan.series[run.start..<run.end], into: &text)
            if text.isOpen { openFamily = run.family }
        }
        swap(&text.bytes, &piece)
    }

    private mutating func addMessages(_ step: RelayPlan.Step, to piece: inout [UInt8]) {
        guard let snapshot else { return }
        var messages =
            self.messages
            ?? RelayMessages(style, exemplars: style.exemplars(snapshot, relay.head))
        self.messages = nil
        defer { self.messages = messages }
        func begin(_ family: Int) {
            guard family != messageFamily else { return }
            piece += messages.finish()
            messages.begin(plan.families[family])
            messageFamily = family
        }
        switch step {
        case .own(let family):
            begin(family)
            messages.take(own.points(of: plan.families[family].family))
        case .segment(let index):
            let segment = plan.segments[index]
            if let since, !plan.hasMoved(segment, snapshot.clocks, since: since) { return }
            var reader = LiveReader(relay.head, snapshot.clocks, since: relay.now() - maximumAge)
            reader.since = since
            for run in plan.runs[segment.runs] {
                begin(run.family)
                reader.read(plan.series[run.start..<run.end], into: &messages)
                messages.pack()
            }
        }
    }
}

extension RelayStyle {
    /// The exemplars that a body of this style shows.
    func exemplars(_ snapshot: RelaySnapshot, _ head: Head) -> [UInt32: PlacedExemplar] {
        guard form == .metrics, format.isOpenMetrics || format == .protobuf else { return [:] }
        return snapshot.exemplars(of: head)
    }
}
