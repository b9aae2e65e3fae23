"""Memory of every stage against the number of images: each measured in a process of its own, on manifests and archives of no real images."""
