// Threads: threads of Weir's own, beside the cooperative pool.
// For C that blocks (`ThreadExecutor`), for loops that live as long as the process
// (`WorkerThread`), and for short critical sections between them (`Locked`).
