import Configuration
import DNS
import Model
import Telemetry
import Threads

/// `dns_sd_configs`: targets of the domain name system.
///
/// A name that cannot be looked up keeps the targets it had; one that is gone has none.
struct DNSSource: TargetSource {
    private let config: DNSDiscoveryConfig
    private let surroundings: SourceSurroundings
    private let lookups: Counter
    private let failures: Counter

    init(_ config: DNSDiscoveryConfig, _ surroundings: SourceSurroundings) {
        self.config = config
        self.surroundings = surroundings
        lookups = surroundings.registry.counter(
            "weir_sd_dns_lookups_total", "Names that were looked up for targets.")
        failures = surroundings.registry.counter(
            "weir_sd_dns_lookup_failures_total", "Names that could not be looked up for targets.")
    }

    func run(_ updates: TargetUpdates) async {
        let known = Locked<[String: TargetGroup]>([:])
        let loop = RefreshLoop(kind: "dns", every: config.refreshInterval, surroundings)
        await loop.run(updates) {
            // Made anew each time, so that it asks whom /etc/resolv.conf names by now.
            let resolver = try DNSResolver(servers: surroundings.nameServers)
            var faults: [String] = []
            for (name, answer) in await answers(of: resolver) {
                lookups.add()
                switch answer {
                case .success(let records): known.withLock { $0[name] = group(name, records) }
                case .failure(let error):
                    failures.add()
                    faults.append(error.description)
                }
            }
            return RefreshLoop.Answer(
                groups: known.withLock { Array($0.values) },
                fault: faults.isEmpty ? nil : faults.sorted().joined(separator: "; "))
        }
    }

    private typealias Outcome = Result<[DNSRecord], DNSError>

    private func answers(of resolver: DNSResolver) async -> [(String, Outcome)] {
        guard let kind = DNSRecord.Kind(rawValue: config.type) else { return [] }
        return await withTaskGroup(of: (String, Outcome).self) { group in
            for name in Set(config.names) {
                group.addTask {
                    do throws(DNSError) {
                        return (name, .success(try await resolver.records(kind, of: name)))
                    } catch { return (name, .failure(error)) }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
    }

    private func group(_ name: String, _ records: [DNSRecord]) -> TargetGroup {
        let targets = records.map { record in
            var labels = MetaLabels("dns_")
            labels.set("name", name)
            // Prometheus keeps the dot that ends a whole name in these labels, and not in addresses.
            switch record {
            case .address(let host): labels.setAddress(host, config.port)
            case .service(let target, let port):
                labels.set("srv_record_target", target + ".")
                labels.set("srv_record_port", "\(port)")
                labels.setAddress(target, port)
            case .mailServer(let host):
                labels.set("mx_record_target", host + ".")
                labels.setAddress(host, config.port)
            case .nameServer(let host):
                labels.set("ns_record_target", host + ".")
                labels.setAddress(host, config.port)
            }
            return labels.labels
        }
        return TargetGroup(source: name, targets: targets)
    }
}

extension MetaLabels {
    /// Sets where the target is.
    fileprivate mutating func setAddress(_ host: String, _ port: Int) {
        setPlain(LabelName.address, hostAndPort(host, port))
    }
}
