"""Archives and what lies in them: registry, downloads, random access into zip and tar, and the official label encodings."""
