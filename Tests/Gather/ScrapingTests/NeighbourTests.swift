import Configuration
import Model
import TestKit
import Testing

@testable import Scraping

/// Real programs, scraped.
struct NeighbourTests {
    @Test func `a node exporter, a Prometheus and an nginx are scraped`() async throws {
        let folder = try TemporaryFolder("neighbours")
        let ports = [try FreePort.tcp(), try FreePort.tcp(), try FreePort.tcp()]
        let node = try await ChildProcess.start([
            "prometheus-node-exporter", "--web.listen-address=127.0.0.1:\(ports[0])",
            "--collector.disable-defaults", "--collector.loadavg", "--collector.meminfo",
        ])
        let config = try folder.write("scrape_configs: []\n", to: "p.yml")
        let prometheus = try await ChildProcess.start([
            "prometheus", "--config.file=\(config)", "--storage.tsdb.path=\(folder.file("data"))",
            "--web.listen-address=127.0.0.1:\(ports[1])",
        ])
        let nginx = try await Nginx.start(
            """
            server {
                listen 127.0.0.1:\(ports[2]);
                location = /metrics {
                    default_type "text/plain; version=0.0.4";
                    return 200 "nginx_up 1\\n";
                }
            }
            """, in: folder)
        let job = try Configured.job(
            """
            scrape_interval: 1s
            scrape_timeout: 1s
            static_configs: [{targets: [\(ports.map { "\"127.0.0.1:\($0)\"" }.joined(separator: ","))]}]
            """)
        let running = RunningScraper()
        await running.apply([job])
        func series(_ name: String, _ place: Int) -> String {
            #"{__name__="\#(name)", instance="127.0.0.1:\#(ports[place])", job="job"}"#
        }
        for (name, place) in [
            ("node_load1", 0), ("process_start_time_seconds", 1), ("nginx_up", 2),
        ] {
            _ = try await running.wait(for: series(name, place), count: 2)
        }
        await running.stop()
        #expect(running.sink.faults == [])
        for process in [node, prometheus, nginx] {
            #expect(process.isRunning)
            await process.stop()
        }
    }

    @Test func `a target behind a unix socket is scraped`() async throws {
        let folder = try TemporaryFolder("unix")
        let nginx = try await Nginx.start(
            """
            server {
                listen unix:\(folder.file("socket"));
                location = /metrics {
                    default_type "text/plain; version=0.0.4";
                    return 200 "nginx_up 1\\n";
                }
            }
            """, in: folder)
        let job = try Configured.job(
            """
            scrape_interval: 400ms
            scrape_timeout: 400ms
            static_configs:
              - targets: ["web"]
                labels: {__unix_socket__: \(folder.file("socket"))}
            """)
        let running = RunningScraper()
        await running.apply([job])
        let values = try await running.wait(
            for: #"{__name__="nginx_up", instance="web", job="job"}"#)
        #expect(values.first == 1)
        await running.stop()
        await nginx.stop()
    }
}
