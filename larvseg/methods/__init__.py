"""The methods of Table 3, a module each: what a method is made of, and how it segments."""
