// Access: who may do what, and see which series.
