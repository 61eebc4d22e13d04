import Model

/// Reads the scrapes of one target, one after another, each in pieces cut anywhere.
///
/// It remembers what the last good scrape looked like. Where the next one looks the same, a line
/// costs one comparison of bytes; where it differs, a look-up in a hash table; and only what was
/// never seen is validated letter by letter.
///
///     parser.begin(.text004)
///     try parser.feed(piece)          // as often as pieces come
///     try parser.finish()
///     use(parser.batch)
///
/// What `feed` or `finish` throws ends the scrape: `batch` means nothing then, and the next good
/// scrape tells again whatever was new in this one.
public struct ScrapeParser: ~Copyable {
    /// What the scrape yields; complete once `finish` is back.
    public internal(set) var batch = ScrapeBatch()

    let options: ParserOptions
    var format = ExpositionFormat.text004
    var isOpenMetrics = false
    var scanner = SeriesScanner(isOpenMetrics: false, rules: .asPrometheus)
    /// What is left of the last piece: at most one line, or one binary message, that is not whole.
    var rest: [UInt8] = []
    /// How many lines were read, and how many bytes are no longer in `rest`.
    var number = 0
    var offset = 0
    var hasFailed = false
    /// Whether a body was begun and has not ended, well or badly.
    var isUnfinished = false
    var sawEOF = false
    /// The place of the type that the last `TYPE` line gave, in `MetricType.allCases`.
    var type: UInt8 = 0

    // What is known of the target; see `pack`.
    var isPacked = false
    /// How many scrapes in a row have repeated the layout.
    var calm: UInt32 = 0
    /// One more than the highest number ever given, while the table is packed away.
    var packedNumbers = 0
    var table = SeriesTable()
    var comments = SeriesTable()
    var commentTypes: [UInt8] = []
    var known: [String: MetricMetadata] = [:]
    var changed: [String] = []
    var newComments: [UInt32] = []
    /// In which changed scrape a series was seen last, by number.
    var lastSeen = Column<UInt32>()
    /// Where the series stands in `layout`, by number.
    var positions = Column<UInt32>()
    /// What a series means for a native histogram, by number; see `fold`.
    var parts: [HistogramPart?] = []
    /// The series of the last good scrape's native histograms.
    var natives: [UInt32] = []
    let keyHash = KeyHash()
    var changes: UInt32 = 0
    var owedRetired: [UInt32] = []
    var owedGone: [UInt32] = []

    // The layout of the last good scrape, and the one that is being learned.
    var layout = Layout()
    var cursor = 0
    var shift = 0
    var isLearning = false
    var next = Layout()
    var nextSeries = Column<UInt32>()
    var nextValues = Column<Double>()
    var nextTimes = Column<Int64>()
    var pending: [UInt8] = []
    /// Whether lines are predicted at all; only benchmarks turn it off.
    var predicts = true

    /// The family that is left out after a bad line, where `skip_family` asks for it.
    var skippedFamily: String?
    var rules = OpenMetricsRules()
    var message = MessageState()

    /// A parser that knows nothing of its target yet.
    public init(options: ParserOptions = ParserOptions()) {
        self.options = options
        predicts = options.rules == .asPrometheus
    }

    /// A parser that looks every line up even where it repeats the last scrape: for measurements.
    public init(prediction: Bool) {
        self.init()
        predicts = prediction
    }

    /// Begins a scrape whose body is in `format`; one that was not finished counts as bad.
    public mutating func begin(_ format: ExpositionFormat) {
        if isUnfinished { forgetNew() }
        isUnfinished = true
        batch.begin()
        if format != self.format { forgetTarget() }
        self.format = format
        isOpenMetrics = format.isOpenMetrics
        scanner = SeriesScanner(isOpenMetrics: isOpenMetrics, rules: options.rules)
        rest.removeAll()
        (number, offset, cursor, shift) = (0, 0, 0, 0)
        (hasFailed, sawEOF, isLearning, type) = (false, false, false, 0)
        pending.removeAll()
        changed.removeAll()
        newComments.removeAll()
        skippedFamily = nil
        rules = OpenMetricsRules()
        message = MessageState()
        // Only what is predicted can be left as it was.
        if format == .protobuf || !predicts { startLearning() }
    }

    /// Reads the body's next piece.
    public mutating func feed(_ piece: Span<UInt8>) throws(ExpositionError) {
        guard !hasFailed else { return }
        do throws(ExpositionError) {
            try take(piece)
        } catch {
            fail()
            throw error
        }
    }

    /// Ends the body; `batch` is complete then.
    public mutating func finish() throws(ExpositionError) {
        guard !hasFailed else { return }
        do throws(ExpositionError) {
            let last = rest
            rest = []
            _ = try consume(last.span, isLast: true)
            try finishBody()
        } catch {
            fail()
            throw error
        }
        isUnfinished = false
        finishLayout()
    }

    /// Reads a whole body at once.
    public mutating func read(
        _ body: Span<UInt8>, as format: ExpositionFormat
    ) throws(ExpositionError) {
        begin(format)
        try feed(body)
        try finish()
    }

    /// Joins `piece` to what is left of the one before, then reads the remainder where it lies.
    private mutating func take(_ piece: Span<UInt8>) throws(ExpositionError) {
        var at = 0
        while !rest.isEmpty, at < piece.count {
            let before = rest.count
            let end = min(piece.count, at + max(512, before))
            var joined = rest
            rest = []
            joined.append(piece.extracting(at..<end))
            let used = try consume(joined.span, isLast: false)
            if used >= before {
                at += used - before
            } else {
                joined.removeFirst(used)
                rest = joined
                at = end
            }
            try checkLimit()
        }
        guard at < piece.count else { return }
        let tail = piece.extracting(at..<piece.count)
        let used = try consume(tail, isLast: false)
        rest.append(tail.extracting(used..<tail.count))
        try checkLimit()
    }

    private func checkLimit() throws(ExpositionError) {
        if rest.count > options.lineLimit + message.allowance {
            throw .tooLong(line: number + 1, limit: options.lineLimit)
        }
    }

    /// Reads what is whole of `body`, and gives how many bytes that were.
    private mutating func consume(
        _ body: Span<UInt8>, isLast: Bool
    ) throws(ExpositionError) -> Int {
        let used =
            format == .protobuf
            ? try consumeMessages(body, isLast: isLast) : try consumeLines(body, isLast: isLast)
        offset += used
        return used
    }

    private mutating func finishBody() throws(ExpositionError) {
        if isOpenMetrics, !sawEOF { throw .missingEOF(line: number + 1) }
        guard options.rules == .strict, isOpenMetrics else { return }
        do throws(Fault) {
            try rules.finish()
        } catch {
            let line = "# EOF"
            throw .line(
                LineFault(
                    line: number, column: 1, expected: error.expected, bytes: line.utf8Span.span))
        }
    }

    private mutating func fail() {
        hasFailed = true
        isUnfinished = false
        rest = []
        forgetNew()
    }
}

extension [UInt8] {
    /// Adds the bytes of `span`.
    @inline(__always)
    mutating func append(_ span: Span<UInt8>) {
        // Safe: the bytes are copied before the closure ends.
        unsafe span.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }
}
