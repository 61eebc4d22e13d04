/// The end of a server, and what it is told before.
extension ServerLoop {
    func obey(_ command: Command) {
        switch command {
        case .replaceTLS(let tls, let done):
            do {
                try adopt(tls)
                done.resume(returning: nil)
            } catch { done.resume(returning: error) }
        case .drain(let end, let done):
            if !pausedListeners { watchListeners(false) }
            for listener in listeners { listener.stopListening() }
            drain = (end, done)
            nextSweep = min(nextSweep, end)
            for connection in connections {
                if case .head = connection.phase { connection.cut() }
            }
            needsRun = true
        }
    }

    /// Whether nothing is left of it but the thread.
    var isDrained: Bool { drain != nil && connections.isEmpty }

    /// The time is up: cancels what runs, and cuts what is open.
    func cancelAll() {
        for connection in connections {
            clientLeft(connection)
            connection.cut()
        }
    }

    func finishDraining() {
        dropDaemons()
        drain?.done.resume()
    }
}
