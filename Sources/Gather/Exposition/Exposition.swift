// Exposition: the text that targets serve, read and written.
