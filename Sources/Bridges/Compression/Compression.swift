// Compression: gzip and zstd, streamed, with a cap on what comes out.
