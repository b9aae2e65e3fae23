"""From a segmenter to numbers: sliding windows, exact label maps, confusion counts, mIoU."""
