// API: the routes that Weir serves.
