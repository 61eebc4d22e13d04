import Head
import Model
import Telemetry
import Testing
import Threads

struct ChurnTests {
    /// One series in twenty is replaced each minute: what is held stays what one span needs.
    @Test func `series that come and go leave nothing behind`() async throws {
        let time = Locked(0)
        let registry = MetricRegistry()
        let head = Head(span: .minutes(20), registry: registry) { .at(time.withLock { $0 }) }
        var writer = try await Writer(head)
        var sizes: [[Double]] = []
        var gone: [Labels] = []
        for tick in 0..<480 {
            time.withLock { $0 = tick * 30 }
            let live = (tick * 5..<(tick * 5 + 200)).map { number -> Labels in
                ["__name__": "x", "pod": "pod-\(number)", "code": "\(number % 3)"]
            }
            let ended = Array(live.prefix(5))
            try writer.tick(
                .at(tick * 30),
                live.map { ($0, Double(tick)) } + gone.map { ($0, StaleMarker.value) },
                ended: gone)
            gone = ended
            head.sweep()
            if tick % 120 == 119 { sizes.append(Self.sizes(registry)) }
        }
        #expect(sizes.count == 4)
        for index in sizes[1].indices {
            let (early, late) = (sizes[2][index], sizes[3][index])
            #expect(late <= early * 1.1 && late > 0, "\(sizes)")
        }
        // 200 live ones, and those that ended within the span and the ticks of a block.
        #expect(sizes[3][0] <= 200 + 5 * (40 + 15 + 2))
    }

    private static func sizes(_ registry: MetricRegistry) -> [Double] {
        let families = registry.snapshot()
        return [
            "weir_head_series", "weir_head_label_pairs", "weir_head_sample_bytes",
            "weir_head_index_bytes",
        ].compactMap { name in families.first { $0.name == name }?.lines.first?.value }
    }
}
