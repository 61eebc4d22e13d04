import Configuration
import HTTPFetch
import JSON
import Model
import Threads

/// `consul_sd_configs`: services of Consul, each waited for with blocking queries.
struct ConsulSource: TargetSource {
    private let config: ConsulDiscoveryConfig
    private let surroundings: SourceSurroundings
    private let pace: RetryPace

    /// A source for `config`; `pace` is for tests.
    init(
        _ config: ConsulDiscoveryConfig, _ surroundings: SourceSurroundings,
        pace: RetryPace = RetryPace(from: .seconds(5), to: .seconds(15))
    ) {
        self.config = config
        self.surroundings = surroundings
        self.pace = pace
    }

    func run(_ updates: TargetUpdates) async {
        let agent: ConsulAgent
        do {
            agent = try ConsulAgent(config, surroundings)
        } catch {
            updates.failed(reason: "\(error)")
            return
        }
        let parts = SourceParts(updates)
        guard let datacenter = await datacenter(agent, parts) else { return }
        let watcher = ConsulWatcher(
            agent: agent, config: config, datacenter: datacenter, parts: parts, pace: pace)
        if config.services.isEmpty || !config.tags.isEmpty {
            await watcher.watchCatalog()
        } else {
            await withDiscardingTaskGroup { group in
                for service in Set(config.services) {
                    group.addTask { await watcher.watch(service) }
                }
            }
        }
    }

    /// The data centre that targets are told to be in: the one asked for, or the agent's own.
    private func datacenter(_ agent: ConsulAgent, _ parts: SourceParts) async -> String? {
        guard config.datacenter.isEmpty else { return config.datacenter }
        var pace = pace
        while !Task.isCancelled {
            do {
                let name = try await agent.ownDatacenter()
                parts.recovered("agent")
                return name
            } catch {
                if !Task.isCancelled { parts.failed("agent", reason: "\(error)") }
                await pace.pause()
            }
        }
        return nil
    }
}

/// Waits for services, each in a task of its own.
struct ConsulWatcher: Sendable {
    let agent: ConsulAgent
    let config: ConsulDiscoveryConfig
    let datacenter: String
    let parts: SourceParts
    let pace: RetryPace

    /// Follows the list of services, and each of them that the configuration asks for.
    func watchCatalog() async {
        var watched: [String: Task<Void, Never>] = [:]
        await ask("the list of services", agent.catalog) { answer in
            let wanted = ConsulTargets.watched(
                in: answer, named: config.services, tags: config.tags)
            for (name, task) in watched where !wanted.contains(name) {
                task.cancel()
                // What it hands in must not come after what says that it is gone.
                await task.value
                watched[name] = nil
                parts.succeeded(name) { $0.update(TargetGroup(source: name, targets: [])) }
            }
            for name in wanted where watched[name] == nil {
                watched[name] = Task { await watch(name) }
            }
            if wanted.isEmpty {
                parts.succeeded("the list of services") { $0.replace([]) }
            } else {
                // The services have yet to say where they are.
                parts.recovered("the list of services")
            }
        }
        for task in watched.values { task.cancel() }
        for task in watched.values { await task.value }
    }

    /// Follows the instances of a service.
    func watch(_ service: String) async {
        await ask(service, { try await agent.health(of: service, $0) }) { answer in
            let group = ConsulTargets.group(
                service: service, datacenter: datacenter, tagSeparator: config.tagSeparator,
                answer: answer)
            parts.succeeded(service) { $0.update(group) }
        }
    }

    /// Asks over and over, at most once in each refresh interval, and hands on each new answer.
    private func ask(
        _ part: String, _ question: (BlockingIndex) async throws -> ConsulAnswer,
        take: (JSONValue) async -> Void
    ) async {
        var index = BlockingIndex()
        var pace = pace
        while !Task.isCancelled {
            let next = ContinuousClock.now + config.refreshInterval.duration
            do {
                let answer = try await question(index)
                guard !Task.isCancelled else { return }
                if index.take(answer.index) {
                    await take(answer.value)
                } else {
                    parts.succeeded(part)
                }
                pace.reset()
                // Lost is only that the sleep was cut short, which ends the loop.
                try? await Task.sleep(until: next, clock: .continuous)
            } catch {
                guard !Task.isCancelled else { return }
                // What is waited for may no longer be what the server counts from.
                index = BlockingIndex()
                parts.failed(part, reason: "\(error)")
                await pace.pause()
            }
        }
    }
}
