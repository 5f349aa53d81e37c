"""The large picture and the gallery of its cells: two small components of our own, all local."""
