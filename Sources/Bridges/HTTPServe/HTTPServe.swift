// HTTPServe: an HTTP/1.1 server on libmicrohttpd.
