"""The network: vision transformer, cosine classifier, memory bank, category-wise attention. Knows nothing of files."""
