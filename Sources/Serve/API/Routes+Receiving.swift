import Access
import HTTPServe

extension Routes {
    /// Where others send what they gathered.
    static func receiving(_ needs: Dependencies) -> [Route] {
        let receive = ReceiveHandlers(needs.receiver)
        var write = route(
            [.post], "/api/v1/write", .permission(.metricsWrite),
            RouteNote(
                "Takes samples by remote write, 1.0 and 2.0.", answer: .nothing,
                statuses: [400, 415, 503]),
            isHeavy: true, receive.write)
        write.body = .collected(limit: 64 << 20)
        return [write]
    }
}
