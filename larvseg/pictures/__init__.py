"""What a trained run finds in a picture: its reading, labels and scores, areas of classes, and the overlay that shows them."""
