import Exposition
import HTTPFetch

/// Reads a target's answer while it comes in, on the thread of all transfers.
// Safe to share: a fetch calls it one call after another, and whoever asked touches it only before
// the fetch and after it.
final class ScrapeReader: BodyReader, @unchecked Sendable {
    /// Knows the target's layout from scrape to scrape; finish it on a thread that may be slow.
    var parser: ScrapeParser
    /// How an answer without a known content type is read.
    var fallback: ExpositionFormat?
    /// Why the answer is of no use, as far as is known.
    private(set) var failure: ScrapeError?
    /// Whether a body was begun that the parser has to finish.
    private(set) var isParsing = false
    /// The bytes of the body, decompressed.
    private(set) var bodyBytes = 0
    /// How long parsing took.
    private(set) var parsing = Duration.zero
    /// What came, as far as it is kept for those who want to see it.
    var recording = BodyRecording()

    private let spare: SpareMemory

    init(_ options: ParserOptions, fallback: ExpositionFormat?, spare: SpareMemory) {
        self.spare = spare
        parser = ScrapeParser(options: options)
        self.fallback = fallback
    }

    /// Forgets what bodies look like.
    func reset(_ options: ParserOptions, fallback: ExpositionFormat?) {
        parser = ScrapeParser(options: options)
        self.fallback = fallback
    }

    /// Forgets the answer before.
    func prepare() {
        (failure, isParsing, bodyBytes, parsing) = (nil, false, 0, .zero)
        recording.begin()
    }

    func begin(_ head: HTTPResponse) -> Bool {
        prepare()
        recording.take(head, memory: spare.take())
        guard head.status == 200 else {
            failure = .status(head.statusLine)
            return true
        }
        do throws(ExpositionError) {
            let type = head.fields["Content-Type"] ?? ""
            let format = try ExpositionFormat.of(contentType: type, fallback: fallback)
            parser.begin(format ?? .text004)
            isParsing = true
        } catch {
            failure = .body(error)
        }
        return true
    }

    func read(_ piece: Span<UInt8>) -> Bool {
        bodyBytes += piece.count
        recording.append(piece)
        guard failure == nil else { return bodyBytes < Self.skippedBytes }
        let start = ContinuousClock.now
        defer { parsing += ContinuousClock.now - start }
        do throws(ExpositionError) {
            try parser.feed(piece)
        } catch {
            failure = .body(error)
        }
        return true
    }

    /// Ends the body; throws why it cannot be used.
    func finish() throws(ScrapeError) {
        if let failure { throw failure }
        let start = ContinuousClock.now
        defer { parsing += ContinuousClock.now - start }
        do throws(ExpositionError) {
            try parser.finish()
        } catch {
            failure = .body(error)
            throw .body(error)
        }
    }

    /// Gives back what belongs to one scrape alone.
    func release() {
        parser.releaseScrape()
        spare.give(back: recording.drop())
    }

    /// What is read of an answer that is of no use, to keep the connection and to show it.
    private static let skippedBytes = 256 << 10
}
