import YAML

/// A format of metrics that a target is asked for.
public enum ScrapeProtocol: String, Sendable, Hashable, CaseIterable {
    /// Prometheus's protocol buffers, one message after another.
    case prometheusProto = "PrometheusProto"
    /// The first OpenMetrics.
    case openMetricsText0_0_1 = "OpenMetricsText0.0.1"
    /// OpenMetrics 1.0.
    case openMetricsText1_0_0 = "OpenMetricsText1.0.0"
    /// Prometheus's text.
    case prometheusText0_0_4 = "PrometheusText0.0.4"
    /// Prometheus's text with names in quotes.
    case prometheusText1_0_0 = "PrometheusText1.0.0"

    /// What is asked for where nothing says otherwise.
    public static let usual: [ScrapeProtocol] = [
        .openMetricsText1_0_0, .openMetricsText0_0_1, .prometheusText1_0_0, .prometheusText0_0_4,
    ]

    /// What is asked for where native histograms are wanted, which only protocol buffers hold.
    public static let usualWithNativeHistograms = [.prometheusProto] + usual

    static let usualText = "[" + usual.map(\.rawValue).joined(separator: ", ") + "]"
}

extension YAMLCodec where Value == ScrapeProtocol {
    static var scrapeProtocol: YAMLCodec {
        let names = ScrapeProtocol.allCases.map(\.rawValue)
        return YAMLCodec(.choice(names)) { node, decoding in
            YAMLCodec<String>.choice(names).read(node, &decoding).flatMap(ScrapeProtocol.init)
        } write: {
            .text($0.rawValue)
        }
    }
}

extension YAMLCodec where Value == [ScrapeProtocol] {
    static var protocols: YAMLCodec {
        YAMLCodec.list(.scrapeProtocol).checked { protocols, node, decoding in
            guard case .list(let nodes) = node.content else { return }
            if nodes.isEmpty {
                decoding.error(
                    "scrape_protocols is empty", "name a format, or remove the field",
                    at: node.mark)
            }
            for (index, one) in protocols.enumerated() where protocols[..<index].contains(one) {
                decoding.error(
                    "\(one.rawValue) stands twice in scrape_protocols", "keep one of them",
                    at: index < nodes.count ? nodes[index].mark : node.mark)
            }
        }
    }
}
