import Model
import Receiving
import Telemetry

/// What takes the samples that others send.
struct ReceivingService: Service {
    let name = "receiving"
    let receiver: Receiver

    init(into sink: any SampleSink, retention: TimeSpan, registry: MetricRegistry, log: Log) {
        var options = ReceiverOptions()
        options.retention = retention == .zero ? nil : retention
        receiver = Receiver(
            sink: sink, options: options, registry: registry, log: log.module("receiving"))
    }

    func run(started: @escaping @Sendable () -> Void) async throws {
        async let working: Void = receiver.run()
        started()
        await working
    }
}
