"""How many pictures the official archives hold."""

# data set → training, validation
PICTURES = {"C171": (118_287, 5_000), "A150": (20_210, 2_000), "A847": (25_574, 2_000), "WA150": (20_210, 0), "WA847": (25_574, 0)}
