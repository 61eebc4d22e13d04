// Model: the words of the domain.
