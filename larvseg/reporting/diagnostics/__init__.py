"""Why the numbers of a table are what they are: classes, their frequency, what the memory bank saw, confusions. Never imports torch."""
