"""Archives and what lies in them: fetching, random access into zip and tar, and the official label encodings."""
